"""What is running, and who listens: plain values, so that judging needs no machine.

Answers: which processes and TCP sockets can this account see, and is that all
of them? Does not judge any of them.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

import psutil

INITIAL_PID_NAMESPACE = "pid:[4026531836]"
"""PROC_PID_INIT_INO of the kernel: anywhere else, the rest of the computer is out of sight."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process. *exe* is empty and *argv* may be, where the kernel hides them."""

    pid: int
    name: str
    exe: str = ""
    argv: tuple[str, ...] = ()
    user: str = ""
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One TCP socket. *pid* is None where the owner is hidden; *remote* is None on listeners."""

    pid: int | None
    address: str
    port: int
    listening: bool
    remote: str | None = None

    @property
    def reachable(self) -> bool:
        """Can another computer connect to it?"""
        return self.listening and not is_loopback(self.address)


def snapshot() -> tuple[Process, ...]:
    """Return every process this account can see."""
    wanted = ["pid", "name", "exe", "cmdline", "username", "create_time"]
    return tuple(
        Process(
            pid=seen["pid"],
            name=seen["name"] or "",
            exe=seen["exe"] or "",
            argv=tuple(seen["cmdline"] or ()),
            user=seen["username"] or "",
            started=seen["create_time"] or 0.0,
        )
        for seen in (process.info for process in psutil.process_iter(wanted))
    )


def connections() -> tuple[Connection, ...] | None:
    """Return every TCP socket that listens or is established, or None if they cannot be read."""
    try:
        sockets = psutil.net_connections(kind="tcp")
    except (OSError, psutil.Error):
        return None
    return tuple(
        Connection(
            pid=socket.pid,
            address=socket.laddr.ip,
            port=socket.laddr.port,
            listening=socket.status == psutil.CONN_LISTEN,
            remote=socket.raddr.ip if socket.raddr else None,
        )
        for socket in sockets
        if socket.laddr and socket.status in (psutil.CONN_LISTEN, psutil.CONN_ESTABLISHED)
    )


def whole_table_visible(root: Path = Path("/")) -> bool:
    """Can this account see all processes of the computer?

    Not inside a container or another process namespace, nor where ``/proc`` is
    mounted with ``hidepid``. An absence then means nothing.
    """
    try:
        if os.readlink(root / "proc/self/ns/pid") != INITIAL_PID_NAMESPACE:
            return False
        return bool((root / "proc/1/comm").read_text()) and bool((root / "proc/1/cmdline").read_bytes())
    except OSError:
        return False


def is_loopback(text: str) -> bool:
    """Is *text* a loopback address? What is no address at all is not."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
