"""The decision point before Flask: one question, proven, well-formed and in scope, is answered at once.

Flask's routing costs more than a decision. This answers `POST
/access/v1/evaluation` where nothing is unusual, with the answer and the headers
that the view gives. Whatever is unusual goes on to the view, which refuses it
as it always did: there is one place that says no in words.

Who attacks this: whoever sends what Flask would have refused (host, size, type,
members twice, a proxy that does not say who the client is). Each of these makes
the door pass the request on; a property test holds both answers equal. Whoever
hopes for an old answer: see ``flows.repeat``.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from domain.errors import DoorwardError, Invalid
from domain.plain_json import read_object
from flows.evaluate import evaluate
from flows.parts import Parts
from flows.repeat import Repeatable, Repeats, again
from flows.service_auth import bearer_pep
from web.api.authzen.evaluation import MAX_BODY, REFUSED, answer_of
from web.api.authzen.shapes import question_of
from web.edge import Networks, client_address, headers_for, request_id_of
from web.observe import REQUESTS, SECONDS, counter_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

PATH = "/access/v1/evaluation"
_TYPES = frozenset({"application/json", "application/json; charset=utf-8"})
_FORM = "application/json"


class Door:
    """A WSGI application around another."""

    def __init__(self, inner: WSGIApplication, parts: Parts, *, trusted: Networks, proxy_header: str) -> None:
        self._inner = inner
        self._parts = parts
        self._trusted = tuple(trusted)
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
        data = self._read(environ)
        body = self._answer(environ, data) if data is not None else None
        if body is None:
            return self._inner(environ, start_response)
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        told = [*self._headers, ("X-Request-ID", request_id), ("Content-Length", str(len(body)))]
        start_response("200 OK", told)
        self._counted.inc()
        self._timed.observe(time.perf_counter() - began)
        return [body]

    def _answer(self, environ: dict[str, Any], data: bytes) -> bytes | None:
        """Return the answer, or None where the view has to look."""
        proof = environ.get("HTTP_AUTHORIZATION", "")
        key = sha256(proof.encode("latin-1") + b"\n" + data).digest()
        try:
            repeated = again(self._parts, key)
            return self._told_again(*repeated) if repeated else self._told_anew(proof, data, key)
        except (ValueError, Invalid):
            return None
        except DoorwardError as refused:
            environ[REFUSED] = refused
            return None

    def _told_anew(self, proof: str, data: bytes, key: bytes) -> bytes | None:
        parts = self._parts
        question = question_of(read_object(data))
        proven = bearer_pep(parts, proof, parts.clock.now())
        if proven is None:
            return None
        decision = evaluate(parts, proven.service_id, question, repeats=Repeats(key, proven.ends))
        body = orjson.dumps(answer_of(parts.deployment.public_url, question, decision))
        kept = parts.memory.peek(("again", key))
        if kept is not None and kept.decision is decision:
            head, _, tail = body.partition(decision.id.encode())
            kept.told = head, tail, counter_of("evaluation", decision).inc
        return body

    def _told_again(self, id: str, kept: Repeatable) -> bytes:
        assert kept.told is not None
        head, tail, count = kept.told
        count()
        return head + id.encode() + tail

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
        peer = environ.get("REMOTE_ADDR", "")
        return _finds_client(peer, environ.get(self._forwarded, "") if self._trusted else "", self._trusted)


@lru_cache(maxsize=4096)
def _finds_client(peer: str, forwarded: str, trusted: Networks) -> bool:
    try:
        client_address(peer, forwarded, trusted)
    except Invalid:
        return False
    return True
