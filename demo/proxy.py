"""The demo's only door: one origin for the broker and the demo's own kit.

Answers `/demo/…` itself, and passes everything else to the broker with one
forwarding header: the address that the browser's scene stands for. It is no
way around the broker's demo law: served on this machine only, another Host or
any forwarding header that somebody else put on a request is answered by 421.
"""

from __future__ import annotations

import http.client
import json
import socket
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from demo import company
from demo.kit import STATIC, Kit, KitRefused

MAX_BODY = 1024 * 1024
TIMEOUT_SECONDS = 30
LOCAL_PATHS = ("/livez", "/readyz")
FORWARDING = {
    "forwarded", "via", "x-real-ip", "x-client-ip", "x-rewrite-url", "true-client-ip", "cf-connecting-ip",
}  # fmt: skip
_FORWARDING_PREFIXES = ("x-forwarded", "x-original-")
_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "proxy-connection",
}  # fmt: skip
_OWN_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_AWAY = (
    "<!doctype html><html lang=en><title>Doorward is not there</title>"
    "<meta http-equiv=refresh content=2><style>body{{font:1rem/1.5 sans-serif;margin:3rem;max-width:36rem}}"
    "</style><h1>{title}</h1><p>{detail}</p>"
)


def is_forwarding(header: str) -> bool:
    """Whether a header says that somebody passed the request on."""
    name = header.lower()
    return name in FORWARDING or name.startswith(_FORWARDING_PREFIXES)


class DemoServer(ThreadingHTTPServer):
    """Listens on this machine. *broker_port* is where the broker is, *kit* answers `/demo/…`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, *, broker_port: int, kit: Kit) -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        self.broker_port = broker_port
        self.kit = kit
        super().__init__((host, port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a browser that goes away in the middle is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser, a laptop or a service."""

    server: DemoServer
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_SECONDS
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        body = self._body()
        if body is None:
            return
        path = self.path.partition("?")[0]
        expected = self.server.kit.origin.removeprefix("http://")
        foreign = next((name for name in self.headers if is_forwarding(name)), None)
        if path not in LOCAL_PATHS and self.headers.get_all("Host") != [expected]:
            self._problem(421, "misdirected", f"the demo is served at http://{expected} only")
        elif foreign is not None:
            self._problem(421, "misdirected", f"the demo is served on localhost only, without `{foreign}`")
        elif path.startswith("/demo/"):
            self._own(path, body)
        else:
            self._pass_on(path, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = _handle  # noqa: N815

    def _body(self) -> bytes | None:
        """Read the request's body, or answer and return None."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            self._problem(413, "too-large", "the demo takes bodies of known length up to 1 MiB")
            return None
        return self.rfile.read(int(length))

    @property
    def _cookies(self) -> dict[str, str]:
        # One by one: a cookie of another program on localhost must not hide ours.
        found: dict[str, str] = {}
        for part in self.headers.get("Cookie", "").split(";"):
            try:
                found |= {name: morsel.value for name, morsel in SimpleCookie(part.strip()).items()}
            except CookieError:
                continue
        return found

    def _own(self, path: str, body: bytes) -> None:
        """Answer the kit's own addresses."""
        kit, name = self.server.kit, path.removeprefix("/demo/")
        try:
            if self.command in {"GET", "HEAD"} and name in STATIC:
                content, kind = kit.static(name)
                self._send(200, content, {"Content-Type": kind})
            elif self.command == "GET" and name == "state":
                self._json(200, kit.state(self._cookies))
            elif self.command == "POST" and name in {"scene", "softkey/create", "softkey/get"}:
                kit.refuse_other_sites(self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site"))
                answer, cookies = kit.act(name, self._cookies, body)
                self._json(200, answer, cookies)
            else:
                self._problem(404, "not-found", "the demo has no such address")
        except KitRefused as refused:
            self._problem(refused.status, refused.code, str(refused))

    def _pass_on(self, path: str, body: bytes) -> None:
        """Send the request to the broker and its answer back."""
        scene, person = self.server.kit.place(self._cookies)
        headers = [(name, value) for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP]
        headers.append(("X-Forwarded-For", company.address(scene, person)))
        broker = http.client.HTTPConnection("127.0.0.1", self.server.broker_port, timeout=TIMEOUT_SECONDS)
        try:
            broker.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                broker.putheader(name, value)
            broker.endheaders(body or None)
            answer = broker.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException, ValueError):
            self._broker_away()
            return
        finally:
            broker.close()
        if path == "/login/finish" and answer.status == 200:
            # The laptop speaks before the first page is shown; it would have to wait for its turn otherwise.
            self.server.kit.arrived(scene, person)
        kept = [(n, v) for n, v in answer.getheaders() if n.lower() not in _HOP_BY_HOP | {"content-length"}]
        self._send(answer.status, content, kept)

    def _broker_away(self) -> None:
        detail = "the broker behind the demo does not answer; it may be starting"
        if "text/html" in self.headers.get("Accept", ""):
            page = _AWAY.format(title="The broker is not there", detail=f"{detail.capitalize()}.")
            self._send(502, page.encode(), {**_OWN_HEADERS, "Content-Type": "text/html; charset=utf-8"})
        else:
            self._problem(502, "broker-away", detail)

    def _problem(self, status: int, code: str, detail: str) -> None:
        body = {"title": http.client.responses[status], "status": status, "code": code, "detail": detail}
        headers = {**_OWN_HEADERS, "Content-Type": "application/problem+json"}
        self._send(status, json.dumps(body).encode(), headers)

    def _json(self, status: int, body: dict[str, Any], cookies: dict[str, str] | None = None) -> None:
        headers = [*_OWN_HEADERS.items(), ("Content-Type", "application/json")]
        headers += [
            ("Set-Cookie", f"{name}={value}; Path=/; SameSite=Strict; HttpOnly")
            for name, value in (cookies or {}).items()
        ]
        self._send(status, json.dumps(body).encode(), headers)

    def _send(self, status: int, content: bytes, headers: dict[str, str] | list[tuple[str, str]]) -> None:
        self.send_response_only(status)
        for name, value in headers.items() if isinstance(headers, dict) else headers:
            self.send_header(name, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status not in {204, 304}:
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: the broker keeps the log."""
