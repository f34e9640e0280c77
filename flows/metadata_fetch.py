"""The worker fetches FIDO's metadata, if the operator gave an address.

Who attacks this: whoever answers in the place of the server. What they send is
believed only after its signature (see ``flows.metadata``); here they can waste
time and memory, both bounded, and cannot lead the request to another scheme.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage, HTTPResponse
from queue import Empty, SimpleQueue
from threading import Thread
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

    https, or http on this machine; so are redirects, and from https to https
    only. At most *limit* bytes, and *seconds* for all of it: a server that
    drips a byte now and then, headers too, is left behind.
    """
    _require_safe(url)
    box: SimpleQueue[bytes | Exception] = SimpleQueue()
    # On its own thread: no time-out of a socket bounds the whole. It ends with its socket, soon after.
    Thread(target=lambda: box.put(_outcome(url, limit, seconds)), daemon=True).start()
    try:
        outcome = box.get(timeout=seconds)
    except Empty:
        raise Unavailable("the metadata came too slowly", code="metadata-fetch") from None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _outcome(url: str, limit: int, seconds: float) -> bytes | Exception:
    try:
        return _fetch(url, limit, seconds)
    except Exception as error:
        return error


def _fetch(url: str, limit: int, seconds: float) -> bytes:
    end = time.monotonic() + seconds
    try:
        with _opener(url).open(url, timeout=min(SOCKET_SECONDS, seconds)) as answer:
            return _read(answer, limit, end)
    except urllib.error.HTTPError as error:
        error.close()
        raise Unavailable(
            f"the server of the metadata answers {error.code}", code="metadata-fetch"
        ) from error
    except (OSError, ValueError, HTTPException) as error:
        raise Unavailable(f"the metadata cannot be fetched: {error}", code="metadata-fetch") from error


def _read(answer: HTTPResponse, limit: int, end: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    announced = answer.length
    while chunk := answer.read1(_CHUNK):
        size += len(chunk)
        parts.append(chunk)
        if size > limit:
            raise Unavailable(f"the metadata is larger than {limit} bytes", code="metadata-fetch")
        if time.monotonic() > end:
            raise Unavailable("the metadata came too slowly", code="metadata-fetch")
    if announced is not None and size != announced:
        raise Unavailable("the metadata were cut off on their way", code="metadata-fetch")
    return b"".join(parts)


def _require_safe(url: str, *, come_from: str = "http:") -> None:
    parts = urlsplit(url)
    local = urlsplit(come_from).scheme == "http" and parts.scheme == "http" and parts.hostname in _LOCAL
    if not (parts.hostname and (parts.scheme == "https" or local)):
        raise Unavailable("metadata is fetched by https only", code="metadata-fetch")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where we would have gone by ourselves; from outside never to here."""

    def __init__(self, begun_at: str) -> None:
        self._begun_at = begun_at

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
            _require_safe(newurl, come_from=self._begun_at)
        except Unavailable:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Return an opener that knows http and https and no file, ftp or data."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SafeRedirects(url),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
