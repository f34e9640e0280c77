"""Connections whose every wait ends at one moment, for httpcore.

httpcore's timeouts are seconds for each connect, read and write: a broker that
drips bytes, or a name with many dead addresses, makes a check last many times
as long. Here the `timeout` of a request is the moment of the monotonic clock at
which it is over. Does not bound the system's name lookup, which cannot be
interrupted. Source: httpcore 1.0, "Network backends".
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore


def _left(moment: float | None, over: type[Exception]) -> float:
    if moment is None:
        raise over("a request needs a moment at which it is over")
    left = moment - time.monotonic()
    if left <= 0:
        raise over("the deadline is over")
    return left


class Stream(httpcore.NetworkStream):
    """One connection; each *timeout* is a moment."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def close(self) -> None:
        self._inner.close()


class Network(httpcore.SyncBackend):
    """Opens connections; each *timeout* is a moment."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Stream:
        """Try each address of *host* in turn, with an equal part of what is left for those that remain."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for number, address in enumerate(addresses):
            part = _left(timeout, httpcore.ConnectTimeout) / (len(addresses) - number)
            try:
                return Stream(super().connect_tcp(address, port, part, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if address == addresses[-1]:
                    raise
        raise httpcore.ConnectError("the name has no address")
