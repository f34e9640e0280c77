"""Is software running by which somebody else can see or drive this desktop?

Answers with the listed tools that run. Does not find a renamed tool, a tool
that is not listed, or hardware between keyboard and laptop (an IP-KVM).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from .catalogue import Catalogue, Tool
from .processes import Connection, Process

INTERPRETER = re.compile(r"(?:python|perl|ruby|node|bash|dash|sh|pwsh)[0-9.]*\Z")
MOST_ARGUMENTS = 24


def remote_control(
    processes: Iterable[Process],
    sockets: Collection[Connection] | None,
    catalogue: Catalogue,
    *,
    complete: bool,
) -> list[dict[str, Any]] | None:
    """Return one row per running tool, ``[]`` if surely none runs, None if unknown.

    *complete* says that *processes* are all there are. *sockets* None means
    that sockets could not be read. What was found is reported even from a
    partial view; that nothing was found is not.
    """
    known = tuple(sockets or ())
    found: dict[str, dict[str, Any]] = {}
    for process in sorted(processes, key=lambda seen: seen.pid):
        names = process_names(process)
        for tool in catalogue.tools:
            if not names & (tool.exact | tool.generic):
                continue
            verdict = _matches(tool, names, process, known, sockets is not None)
            if verdict is None:
                complete = False
            elif verdict:
                _note(found, tool, process, known)
    if found or complete:
        return list(found.values())
    return None


def process_names(process: Process) -> frozenset[str]:
    """Return every name, lower case, under which *process* may be known.

    The kernel's name, the file it runs, the first argument, and for an
    interpreter the script: each can be changed alone, hardly all at once.
    """
    candidates = [process.name, _base(process.exe.removesuffix(" (deleted)"))]
    if process.argv:
        first = _base(process.argv[0])
        candidates.append(first)
        if INTERPRETER.match(first.lower()):
            script = next((word for word in process.argv[1:] if not word.startswith("-")), "")
            candidates.append(_base(script))
    return frozenset(name.lower() for name in candidates if name)


def _matches(
    tool: Tool, names: frozenset[str], process: Process, sockets: tuple[Connection, ...], sockets_known: bool
) -> bool | None:
    """Say whether *process* is *tool*; None if a generic name lacks a witness out of sight."""
    if names & tool.exact:
        return True
    places = [place.lower() for place in (process.exe, *process.argv[:MOST_ARGUMENTS]) if place]
    if tool.has_path(places):
        return True
    at_its_ports = [socket for socket in sockets if socket.listening and socket.port in tool.ports]
    if any(socket.pid == process.pid for socket in at_its_ports):
        return True
    path_hidden = bool(tool.paths) and not places
    port_hidden = bool(tool.ports) and (not sockets_known or any(s.pid is None for s in at_its_ports))
    return None if path_hidden or port_hidden else False


def _note(
    found: dict[str, dict[str, Any]], tool: Tool, process: Process, sockets: tuple[Connection, ...]
) -> None:
    """Keep one row per tool; a process that others can connect to says most."""
    listens = any(socket.pid == process.pid and socket.reachable for socket in sockets)
    before = found.get(tool.name)
    if before is None or (listens and before["evidence"] == "process"):
        found[tool.name] = {
            "name": tool.name,
            "process": process.name,
            "pid": process.pid,
            "evidence": "listening" if listens else "process",
        }


def _base(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]
