"""The decision point before Flask: one question, proven, well-formed and in scope, is answered at once.

Flask's routing costs more than a decision. This answers `POST
/access/v1/evaluation` where nothing is unusual, with the answer and the headers
that the view gives. Whatever is unusual goes on to the view, which refuses it
as it always did: there is one place that says no in words.

Who attacks this: whoever sends what Flask would have refused (host, size, type,
members twice, a proxy that does not say who the client is). Each of these makes
the door pass the request on; a property test holds both answers equal.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from domain.errors import DoorwardError, Invalid
from domain.plain_json import read_object
from flows.evaluate import evaluate
from flows.parts import Parts
from flows.service_auth import proven_pep
from web.api.authzen.evaluation import MAX_BODY, answer_of
from web.api.authzen.shapes import question_of
from web.edge import Networks, client_address, headers_for, request_id_of
from web.observe import REQUESTS, SECONDS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

PATH = "/access/v1/evaluation"
REFUSED = "doorward.refused"
"""Where the view finds what the flow refused, which must not be asked (and recorded) twice."""
_TYPES = frozenset({"application/json", "application/json; charset=utf-8"})
_FORM = "application/json"


class Door:
    """A WSGI application around another."""

    def __init__(self, inner: WSGIApplication, parts: Parts, *, trusted: Networks, proxy_header: str) -> None:
        self._inner = inner
        self._parts = parts
        self._trusted = trusted
        self._forwarded = "HTTP_" + proxy_header.upper().replace("-", "_")
        self._host = urlsplit(parts.deployment.public_url).netloc
        fixed = [("Content-Type", _FORM), ("Cache-Control", "no-store")]
        self._headers = [*fixed, *headers_for(parts.deployment.public_url)]
        self._counted = REQUESTS.labels(PATH, "POST", 200)
        self._timed = SECONDS.labels(PATH)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH or environ.get("REQUEST_METHOD") != "POST":
            return self._inner(environ, start_response)
        began = time.perf_counter()
        body = self._answer(environ)
        if body is None:
            return self._inner(environ, start_response)
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        told = [*self._headers, ("X-Request-ID", request_id), ("Content-Length", str(len(body)))]
        start_response("200 OK", told)
        self._counted.inc()
        self._timed.observe(time.perf_counter() - began)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> bytes | None:
        """Return the answer, or None where the view has to look."""
        data = self._read(environ)
        if data is None:
            return None
        try:
            question = question_of(read_object(data))
        except (ValueError, Invalid):
            return None
        try:
            caller = proven_pep(self._parts, environ.get("HTTP_AUTHORIZATION", ""), self._parts.clock.now())
            if caller is None:
                return None
            decision = evaluate(self._parts, caller, question)
        except DoorwardError as refused:
            environ[REFUSED] = refused
            return None
        return orjson.dumps(answer_of(self._parts.deployment.public_url, question, decision))

    def _read(self, environ: dict[str, Any]) -> bytes | None:
        """Return the body if the edge would let the request in; the view can read it again."""
        length = environ.get("CONTENT_LENGTH", "")
        usual = (
            environ.get("HTTP_HOST") == self._host
            and environ.get("CONTENT_TYPE", "").lower() in _TYPES
            and not environ.get("QUERY_STRING")
            and "HTTP_TRANSFER_ENCODING" not in environ
            and length.isascii()
            and length.isdigit()
            and len(length) < 6
            and 0 < int(length) <= MAX_BODY
            and not self._parts.deployment.demo
            and self._is_known(environ)
        )
        if not usual:
            return None
        data: bytes = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(data)
        return data if len(data) == int(length) else None

    def _is_known(self, environ: dict[str, Any]) -> bool:
        """Whether the edge would find the client's address."""
        try:
            client_address(environ.get("REMOTE_ADDR", ""), environ.get(self._forwarded, ""), self._trusted)
        except Invalid:
            return False
        return True
