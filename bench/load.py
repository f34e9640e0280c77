"""Send one request over some connections, again and again, and time each answer. Only to this machine."""

from __future__ import annotations

import selectors
import socket
import time
from dataclasses import dataclass


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    sent: float = 0.0
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Load:
    """*seconds* for all; *latencies* of each answer, ascending, in seconds."""

    seconds: float
    latencies: list[float]

    def percentile(self, share: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


def run(port: int, request: bytes, *, count: int, connections: int) -> Load:
    """Have *count* requests answered, over so many connections. Raises RuntimeError if one is not 200."""
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    began = time.perf_counter()
    for _ in range(connections):
        opened = socket.create_connection(("127.0.0.1", port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(opened)
        selector.register(opened, selectors.EVENT_READ, connection)
        _send(connection, request)
    left = count - connections
    while len(latencies) < count:
        for key, _ in selector.select():
            connection = key.data
            connection.data += connection.socket.recv(65536)
            if not _is_whole(connection.data):
                continue
            latencies.append(time.perf_counter() - connection.sent)
            connection.data = b""
            if left > 0:
                left -= 1
                _send(connection, request)
    seconds = time.perf_counter() - began
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    selector.close()
    return Load(seconds, sorted(latencies))


def _send(connection: _Connection, request: bytes) -> None:
    connection.sent = time.perf_counter()
    connection.socket.sendall(request)


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(data[:300].decode(errors="replace"))
    at = head.lower().index(b"content-length:") + 15
    return len(body) >= int(head[at:].split(b"\r\n", 1)[0])
