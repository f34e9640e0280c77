"""Who asks, and whom: what is fixed for all checks of one client. Refuses what is unsafe, at the start."""

from __future__ import annotations

import re
import secrets
import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

LARGEST_ANSWER_BYTES = 64 * 1024
LARGEST_BATCH_BYTES = 1024 * 1024
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_HERE = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Service:
    """The broker's address, how long a check lasts at most, and how often it asks again."""

    base_url: str
    deadline: timedelta
    retries: int
    tls: ssl.SSLContext

    def pool(self) -> dict[str, Any]:
        """Return how httpcore keeps connections. No proxy of the environment is used."""
        return {"ssl_context": self.tls, "max_connections": 100, "keepalive_expiry": 5.0}


def service(base_url: str, deadline: timedelta, retries: int, ssl_context: ssl.SSLContext | None) -> Service:
    """Return what is fixed. Raises ValueError for what is unsafe or cannot be."""
    if deadline <= timedelta(0) or retries < 0:
        raise ValueError("the deadline is above zero, and retries are not below")
    return Service(broker_address(base_url), deadline, retries, tls(ssl_context))


def broker_address(presented: str) -> str:
    """Return *presented* without a trailing slash. Raises ValueError.

    Needs https, or http to this computer; no user, query or fragment.
    """
    parts = urlsplit(presented)
    host = parts.hostname or ""
    if not host or parts.scheme not in {"https", "http"} or not _VISIBLE.fullmatch(presented):
        raise ValueError("the broker's address begins with https://")
    if parts.scheme == "http" and host not in _HERE:
        raise ValueError("the broker's address is not encrypted: use https (http only for localhost)")
    if "@" in parts.netloc or "?" in presented or "#" in presented or parts.port == 0:
        raise ValueError("the broker's address is plain: no user, query or fragment")
    return presented.rstrip("/")


def tls(context: ssl.SSLContext | None) -> ssl.SSLContext:
    """Return *context*, or the system's. Raises ValueError for one that does not verify whom it speaks to."""
    chosen = context or ssl.create_default_context()
    if chosen.verify_mode is not ssl.CERT_REQUIRED or not chosen.check_hostname:
        raise ValueError("the ssl context must verify certificate and host name")
    return chosen


def credential(presented: object) -> str:
    """Return *presented* if it can stand in a field. Raises ValueError, which does not repeat it."""
    if not isinstance(presented, str) or not _VISIBLE.fullmatch(presented):
        raise ValueError("a secret or token is printable ASCII without spaces")
    return presented


def new_request_id() -> str:
    return secrets.token_hex(12)


def fields(bearer: str, request_id: str) -> list[tuple[str, str]]:
    """Return the fields of a request."""
    return [
        ("Authorization", f"Bearer {bearer}"),
        ("Content-Type", "application/json"),
        ("Accept", "application/json, application/problem+json"),
        ("Accept-Encoding", "identity"),  # a short answer must not unpack into a long one
        ("X-Request-ID", request_id),
        ("User-Agent", "doorward-client"),
    ]
