"""Is somebody logged on to this computer from elsewhere?

Answers from three witnesses: the login manager's session files, the login
records (utmp), and the titles that sshd gives to its sessions; xrdp by its
session helper together with a connection. A viewer attached through
remote-control software is no logon: see ``remote_control``.
Source: sd-login(3) and the files it reads, utmp(5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil

from .processes import Connection, Process, is_loopback

Row = dict[str, Any]
Users = Callable[[], Iterable[Any]]

UNKNOWN_SOURCE = "unknown"
SSH_TITLE = re.compile(r"sshd(?:-session)?: ([^\s@\[]+)(?:@\S+)?\Z")
RDP_PORTS = frozenset({3389})
LOCAL_TERMINAL = re.compile(r"(?:(?:tty|pts/|seat)\d+|tmux\(.*|:\d+(?:\.\d+)?|login screen)\Z")
"""What display managers and terminal multiplexers put where the host belongs."""


def remote_logons(
    root: Path,
    processes: Iterable[Process],
    sockets: Collection[Connection] | None,
    *,
    complete: bool,
    users: Users = psutil.users,
) -> list[Row] | None:
    """Return one row per remote logon, ``[]`` if surely none, None if unknown.

    ``[]`` needs all processes in view and either login records or a login
    manager. *users* reads utmp. ``from`` is ``unknown`` where the address is hidden.
    """
    recorded = [(root / place).exists() for place in ("run/utmp", "run/systemd/sessions")]
    managed = list(_login_manager(root))
    rows = [row for row in managed if not _is_here(row["from"])]
    rows += _utmp(users) if recorded[0] else ()
    # Titles carry no address. They only add people whom no record names; one
    # whose session the login manager knows to come from here is named.
    named = {row["user"] for row in (*managed, *rows)}
    seen, known = tuple(processes), sockets or ()
    rows += [row for row in (*_ssh(seen, known), *_xrdp(seen, known)) if row["user"] not in named]
    if rows or (complete and any(recorded) and sockets is not None):
        return _earliest(rows)
    return None


def _login_manager(root: Path) -> Iterator[Row]:
    directory = root / "run/systemd/sessions"
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if not path.is_file():  # each session also has a pipe, named <id>.ref
            continue
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:  # ended while we looked
            continue
        fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        host = fields.get("REMOTE_HOST", "")
        if fields.get("REMOTE") != "1" or fields.get("STATE") == "closing":
            continue
        since = fields.get("REALTIME", "0")
        yield {
            "user": fields.get("USER", ""),
            "from": host or UNKNOWN_SOURCE,
            "since": int(since) // 1_000_000 if since.isdigit() else 0,
        }


def _utmp(users: Users) -> Iterator[Row]:
    for user in users():
        # A line of a login that crashed stays behind in utmp.
        if user.pid is not None and not psutil.pid_exists(int(user.pid)):
            continue
        host = (user.host or "").split(" ")[0]  # mosh adds its name and pid
        if host and not LOCAL_TERMINAL.match(user.host or "") and not _is_here(host):
            yield {"user": user.name, "from": host, "since": int(user.started)}


def _ssh(processes: Iterable[Process], sockets: Collection[Connection]) -> Iterator[Row]:
    for process in processes:
        title = " ".join(process.argv).strip()
        match = SSH_TITLE.match(title)
        if match is None:
            continue
        peers = {s.remote for s in sockets if s.pid == process.pid and s.remote and not s.listening}
        if peers and all(map(is_loopback, peers)):
            continue
        yield {
            "user": match[1],
            "from": peers.pop() if len(peers) == 1 else UNKNOWN_SOURCE,
            "since": int(process.started),
        }


def _xrdp(processes: Iterable[Process], sockets: Collection[Connection]) -> Iterator[Row]:
    """A session of xrdp outlives its viewer; only a connection makes it a logon."""
    peers = {
        s.remote
        for s in sockets
        if s.remote and not s.listening and s.port in RDP_PORTS and not is_loopback(s.remote)
    }
    for process in processes:
        if process.name.startswith("xrdp-chansrv") and peers:
            source = next(iter(peers)) if len(peers) == 1 else UNKNOWN_SOURCE
            yield {"user": process.user, "from": source, "since": int(process.started)}


def _is_here(host: str) -> bool:
    """Only loopback is here; any other name is taken to be elsewhere."""
    return host == "localhost" or is_loopback(host)


def _earliest(rows: Iterable[Row]) -> list[Row]:
    """Several witnesses of one logon become one row, with the earliest time."""
    merged: dict[tuple[str, str], Row] = {}
    for row in rows:
        before = merged.setdefault((row["user"], row["from"]), row)
        before["since"] = min(before["since"], row["since"])
    return list(merged.values())
