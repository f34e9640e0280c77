"""A small broker on 127.0.0.1 that speaks the agent's protocol and verifies every signature.

Written from the wire protocol in ``docs/agent.md`` alone: it shares no code
with the agent nor with the real broker.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey


class Problem(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class Canned:
    """One answer to give instead of the right one."""

    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Broker:
    """The state of the fake; tests read and change it directly."""

    url: str = ""
    issuer: str = ""
    codes: set[str] = field(default_factory=lambda: {"code-1"})
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    nonces: dict[str, str] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    canned: deque[Canned] = field(default_factory=deque)
    jtis: set[str] = field(default_factory=set)
    reported: threading.Event = field(default_factory=threading.Event)
    poll_after: float = 15
    report_after: float = 60

    def approve(self) -> None:
        self.states = dict.fromkeys(self.states, "active")

    def open_session(self, session: str) -> str:
        self.nonces[session] = secrets.token_urlsafe(12)
        return self.nonces[session]

    def enrol(self, body: bytes) -> dict[str, Any]:
        sent = json.loads(body)
        if set(sent) != {"code", "jwk", "name", "platform"} or set(sent["jwk"]) != {"kty", "crv", "x", "y"}:
            raise Problem(400, "malformed")
        if sent["code"] not in self.codes:
            raise Problem(403, "enrolment-code")
        self.codes.discard(sent["code"])
        device = f"dev_{len(self.devices) + 1}"
        self.devices[device], self.states[device] = sent, "pending"
        return {"device_id": device, "state": "pending", "issuer": self.issuer or self.url}

    def verified(self, token: str, kind: str) -> dict[str, Any]:
        try:
            kid = jws.extract_compact(token.encode()).headers()["kid"]
            key = ECKey.import_key(self.devices[kid]["jwk"])
            signed = jws.deserialize_compact(token, key, algorithms=["ES256"])
        except (JoseError, ValueError, KeyError) as error:
            raise Problem(401, "report-signature") from error
        claims: dict[str, Any] = json.loads(signed.payload)
        if signed.headers() != {"alg": "ES256", "kid": kid, "typ": kind} or claims["iss"] != kid:
            raise Problem(401, "report-signature")
        if claims["aud"] != self.url or claims["exp"] > claims["iat"] + 300:
            raise Problem(400, "report-malformed")
        if not claims["iat"] - 60 <= time.time() < claims["exp"]:
            raise Problem(400, "report-stale")
        if self.states[kid] != "active":
            raise Problem(403, f"device-{self.states[kid]}")
        return claims

    def poll(self, authorization: str) -> dict[str, Any]:
        scheme, _, token = authorization.partition(" ")
        claims = self.verified(token, "doorward-poll+jwt") if scheme == "Bearer" else {}
        if not claims or claims["jti"] in self.jtis or claims["exp"] != claims["iat"] + 60:
            raise Problem(401, "report-replayed")
        self.jtis.add(claims["jti"])
        listed = [{"session": session, "nonce": nonce} for session, nonce in self.nonces.items()]
        return {"sessions": listed, "poll_after": self.poll_after, "report_after": self.report_after}

    def take_report(self, content_type: str, body: bytes) -> dict[str, Any]:
        if content_type != "application/jwt":
            raise Problem(415, "report-malformed")
        claims = self.verified(body.decode(), "doorward-posture+jwt")
        if claims["sid"] not in self.nonces:
            raise Problem(404, "report-session")
        if self.nonces[claims["sid"]] != claims["nonce"]:
            raise Problem(409, "report-replayed")
        self.reports.append(claims)
        self.reported.set()
        return {"accepted": True, "binding": "D1", "next_nonce": self.open_session(claims["sid"])}


def _handler(broker: Broker) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            broker.requests.append((self.command, self.path, dict(self.headers.items())))
            if broker.canned:
                canned = broker.canned.popleft()
                return self._answer(canned.status, canned.body, canned.headers)
            try:
                status, document = self._route(body)
            except Problem as problem:
                document = {"title": "refused", "status": problem.status, "code": problem.code}
                status = problem.status
            return self._answer(status, json.dumps(document).encode(), {})

        def _route(self, body: bytes) -> tuple[int, dict[str, Any]]:
            match (self.command, self.path):
                case ("POST", "/agent/v1/enrolments"):
                    return 201, broker.enrol(body)
                case ("GET", "/agent/v1/sessions"):
                    return 200, broker.poll(self.headers.get("Authorization", ""))
                case ("POST", "/agent/v1/reports"):
                    return 202, broker.take_report(self.headers.get("Content-Type", ""), body)
            raise Problem(404, "not-found")

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    return Handler


@contextmanager
def serving() -> Iterator[Broker]:
    """Serve a fresh fake broker until the block ends."""
    broker = Broker()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(broker)) as server:
        broker.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield broker
        finally:
            server.shutdown()
            thread.join()
