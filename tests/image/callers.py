"""Callers who ask again and again, and count what became of their questions."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Self


class Callers:
    """Eight threads; *keep*: they use a connection until they are told that it closes.

    `answered` counts whole answers by status. `lost` counts questions on new
    connections that got none, `closed` those on used ones: who sends on a
    connection that the other side closes meanwhile has to ask anew (RFC 9112,
    9.3.1). `refused` counts attempts to connect.
    """

    def __init__(self, port: int, path: str, host: str, *, keep: bool) -> None:
        self.port, self.keep = port, keep
        closing = "" if keep else "Connection: close\r\n"
        self.question = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{closing}\r\n".encode()
        self.answered: Counter[int] = Counter()
        self.outcomes: Counter[str] = Counter()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(8)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, answers: int) -> None:
        """Return when so many questions were answered."""
        end = time.monotonic() + 60
        while self.answered.total() < answers:
            assert time.monotonic() < end, f"only {self.answered} answers within a minute"
            time.sleep(0.01)

    def _call(self) -> None:
        while not self._over.is_set():
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
            except OSError:
                self.outcomes["refused"] += 1
                self._over.wait(0.05)
                continue
            with connection:
                self._ask(connection)

    def _ask(self, connection: socket.socket) -> None:
        used = False
        while not self._over.is_set():
            head = b""
            with suppress(OSError):
                connection.sendall(self.question)
                head = _answer(connection)
            if not head:
                self.outcomes["closed" if used else "lost"] += 1
                return
            self.answered[int(head.split()[1])] += 1
            used = True
            if not self.keep or b"connection: close" in head.lower():
                return


def _answer(connection: socket.socket) -> bytes:
    """Read one whole answer and return its head; nothing if it ends early."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.lower().splitlines()
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            return b""
        body += part
    return head
