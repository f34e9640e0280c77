"""One request to the broker, carefully.

Answers: what did the broker say? Refuses clear text except to this computer,
never follows a redirect (a signature is meant for one address), bounds time
and size, and turns every answer into a JSON object or an error with a code.
"""

from __future__ import annotations

import ipaddress
import json
import math
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from .errors import BrokerRefused, BrokerUnreachable, UnsafeAddress

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
WHOLE_ANSWER_SECONDS = 30.0
"""A broker that drips bytes must not hold the agent: httpx only bounds each read."""
LARGEST_ANSWER_BYTES = 256 * 1024


def broker_address(presented: str) -> str:
    """Return *presented* without a trailing slash, or raise UnsafeAddress.

    Needs https, or http to a loopback address; no user, query or fragment.
    """
    try:
        parts = urlsplit(presented.strip())
        port = parts.port
    except ValueError as error:
        raise UnsafeAddress(f"`{presented}` is not an address: {error}") from error
    host = parts.hostname or ""
    if not host or parts.scheme not in ("http", "https"):
        raise UnsafeAddress(f"`{presented}` is not an https address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UnsafeAddress(f"`{presented}` must be a plain address without user, query or fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise UnsafeAddress(f"`{presented}` is not encrypted: use https (http only for localhost)")
    authority = f"[{host}]" if ":" in host else host
    authority += f":{port}" if port else ""
    return f"{parts.scheme}://{authority}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Is *host* this very computer? Only ``localhost`` and loopback addresses count."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def new_client(broker: str) -> httpx.Client:
    """Return a client for *broker*: TLS verified, no redirects, no cookies to carry.

    The proxy of the environment is used, because the browser of the session
    most likely uses it too; never for loopback.
    """
    loopback = is_loopback(urlsplit(broker).hostname or "")
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=not loopback)


def call(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | None = None,
) -> dict[str, Any]:
    """Send one request and return the JSON object of a 2xx answer.

    Raises BrokerUnreachable (network, 429, 5xx, unreadable answer) or
    BrokerRefused (every other answer, redirects included).
    """
    try:
        request = client.build_request(
            method, url, headers={**headers, "Accept-Encoding": "identity"}, content=content
        )
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            body = _read(response)
        finally:
            response.close()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BrokerUnreachable(f"no answer from {url}: {error or type(error).__name__}") from error
    if response.status_code == 429 or response.status_code >= 500:
        raise BrokerUnreachable(
            f"{url} answered {response.status_code}",
            retry_after=_seconds(response.headers.get("retry-after")),
        )
    if not response.is_success:
        raise _refusal(url, response.status_code, body)
    document = _object(body)
    if document is None:
        raise BrokerUnreachable(f"{url} did not answer with a JSON object")
    return document


def _read(response: httpx.Response) -> bytes:
    deadline = time.monotonic() + WHOLE_ANSWER_SECONDS
    body = bytearray()
    # Raw, and no encoding was asked for: a small compressed answer must not unpack into a large one.
    for piece in response.iter_raw():
        body += piece
        if len(body) > LARGEST_ANSWER_BYTES:
            raise BrokerUnreachable(f"the answer of {response.url} is too long")
        if time.monotonic() > deadline:
            raise BrokerUnreachable(f"the answer of {response.url} took too long")
    return bytes(body)


def _refusal(url: str, status: int, body: bytes) -> BrokerRefused:
    if 300 <= status < 400:
        return BrokerRefused(f"{url} redirects, which is not followed", code=f"http-{status}", status=status)
    problem = _object(body) or {}
    code = problem.get("code")
    text = problem.get("detail") or problem.get("title") or f"{url} answered {status}"
    return BrokerRefused(
        str(text)[:500], code=code if isinstance(code, str) else f"http-{status}", status=status
    )


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _seconds(header: str | None) -> float | None:
    """Read the delta form of Retry-After; the date form is left unread on purpose."""
    try:
        value = float(header or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
