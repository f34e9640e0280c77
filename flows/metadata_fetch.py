"""The worker fetches FIDO's metadata, if the operator gave an address.

Who attacks this: whoever answers in the place of the server. What they send is
believed only after its signature (see ``flows.metadata``); here they can waste
time and memory, both bounded, and cannot lead the request to another scheme.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from http.client import HTTPMessage
from typing import IO
from urllib.parse import urlsplit

from authn.metadata.blob import MAX_BLOB_BYTES
from domain.errors import Unavailable

SOCKET_SECONDS = 20.0
WHOLE_SECONDS = 120.0
_CHUNK = 1 << 16
_LOCAL = {"localhost", "127.0.0.1"}


def fetch(url: str, *, limit: int = MAX_BLOB_BYTES, seconds: float = WHOLE_SECONDS) -> bytes:
    """Return what *url* serves. Raises Unavailable for every other outcome.

    https, or http on this machine; so are redirects. At most *limit* bytes and
    *seconds*.
    """
    _require_safe(url)
    end = time.monotonic() + seconds
    try:
        with _opener().open(url, timeout=min(SOCKET_SECONDS, seconds)) as answer:
            return _read(answer, limit, end)
    except urllib.error.HTTPError as error:
        error.close()
        raise Unavailable(
            f"the server of the metadata answers {error.code}", code="metadata-fetch"
        ) from error
    except (OSError, ValueError) as error:
        raise Unavailable(f"the metadata cannot be fetched: {error}", code="metadata-fetch") from error


def _read(answer: IO[bytes], limit: int, end: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := answer.read(_CHUNK):
        size += len(chunk)
        parts.append(chunk)
        if size > limit:
            raise Unavailable(f"the metadata is larger than {limit} bytes", code="metadata-fetch")
        if time.monotonic() > end:
            raise Unavailable("the metadata came too slowly", code="metadata-fetch")
    return b"".join(parts)


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not (parts.hostname and (parts.scheme == "https" or local)):
        raise Unavailable("metadata is fetched by https only", code="metadata-fetch")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where we would have gone by ourselves."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        try:
            _require_safe(newurl)
        except Unavailable:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows http and https and no file, ftp or data."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SafeRedirects(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
