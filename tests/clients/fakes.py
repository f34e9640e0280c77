"""A server on 127.0.0.1 that answers with any bytes, at any speed."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

PERMIT = b'{"decision":true,"context":{"id":"dec_1"}}'
Talk = Callable[[socket.socket], None]


def reply(
    body: bytes | str, status: int = 200, content_type: str | None = "application/json", **fields: str
) -> bytes:
    """Return a whole response; an underscore in the name of a field is a hyphen."""
    content = body.encode() if isinstance(body, str) else body
    told = {"Content-Length": str(len(content)), "Content-Type": content_type}
    told |= {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [f"HTTP/1.1 {status} Some Reason", *(f"{k}: {v}" for k, v in told.items() if v is not None)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


@dataclass
class Request:
    head: str
    fields: dict[str, str]
    body: bytes

    @property
    def asked(self) -> Any:
        return json.loads(self.body)


@dataclass
class Fake:
    """Answers requests with *script* in turn, the last for ever: bytes, or a function that talks."""

    script: list[bytes | Talk] = field(default_factory=lambda: [reply(PERMIT)])
    url: str = ""
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, request: Request) -> bytes | Talk:
        with self.lock:
            self.requests.append(request)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def drip(self, data: bytes, seconds: float = 0.02) -> Talk:
        """Return a talk that sends *data* byte by byte, then waits for the end."""

        def talk(connection: socket.socket) -> None:
            for number in range(len(data)):
                connection.sendall(data[number : number + 1])
                if self.closing.wait(seconds):
                    return
            self.closing.wait(10)

        return talk

    def silent(self, _connection: socket.socket) -> None:
        self.closing.wait(10)


def hang_up(connection: socket.socket) -> None:
    """Close without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(*script: bytes | Talk, tls: ssl.SSLContext | None = None) -> Iterator[Fake]:
    fake = Fake(list(script)) if script else Fake()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with fake.lock:
                fake.connections += 1
            plain: socket.socket = self.request
            with suppress(OSError):  # the client goes, as it should
                if tls is None:
                    return self.talk(plain)
                with tls.wrap_socket(plain, server_side=True) as encrypted:
                    self.talk(encrypted)

        def talk(self, connection: socket.socket) -> None:
            while (request := _read(connection)) is not None:
                answer = fake.next(request)
                if callable(answer):
                    return answer(connection)
                connection.sendall(answer)

    class Server(ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        fake.port = server.server_address[1]
        fake.url = f"http://127.0.0.1:{fake.port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            fake.closing.set()
            server.shutdown()
            thread.join()


def _read(connection: socket.socket) -> Request | None:
    """Return one request; None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(fields.get("content-length", "0")):
        body += connection.recv(65536)
    return Request(first, fields, body)
