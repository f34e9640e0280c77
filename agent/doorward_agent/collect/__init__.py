"""Look at this computer and say only what was seen.

Answers: what are the facts of a report? Every collector returns None when it
cannot determine its fact, and that fact is then absent: never a guess, and an
empty list only where everything that could have shown up was visible.
Linux only; elsewhere every fact is absent.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from .catalogue import shipped_catalogue
from .disk import disk_encrypted
from .host import os_release
from .logons import remote_logons
from .processes import connections, snapshot, whole_table_visible
from .remote_control import remote_control

FACTS = ("disk_encrypted", "os", "remote_control", "remote_logons")
LONGEST_LIST = 64
LONGEST_TEXT = 255
log = logging.getLogger("doorward_agent")


def collect_facts(root: Path = Path("/")) -> dict[str, Any]:
    """Return the facts that could be determined, in the shape of the wire protocol."""
    if not sys.platform.startswith("linux"):
        return {}
    processes = snapshot()
    sockets = connections()
    complete = whole_table_visible(root)
    collectors: Mapping[str, Callable[[], Any]] = {
        "disk_encrypted": lambda: disk_encrypted(root),
        "os": lambda: os_release(root),
        "remote_control": lambda: remote_control(processes, sockets, shipped_catalogue(), complete=complete),
        "remote_logons": lambda: remote_logons(root, processes, sockets, complete=complete),
    }
    facts = {name: _determine(name, look) for name, look in collectors.items()}
    return {name: _presentable(value) for name, value in facts.items() if value is not None}


def platform_label(root: Path = Path("/")) -> dict[str, str]:
    """Name the operating system for the enrolment; facts name it again in every report."""
    found = os_release(root) if sys.platform.startswith("linux") else None
    if found is None:
        return {"os": sys.platform, "version": ""}
    return {"os": found["id"], "version": found["version"]}


def _presentable(value: Any) -> Any:
    """Keep *value* within what a broker accepts.

    Names of processes and users are chosen by whoever is observed; an odd one
    must not get the whole report refused.
    """
    match value:
        case str():
            cleaned = "".join(sign if sign.isprintable() else "?" for sign in value[:LONGEST_TEXT])
            return cleaned or "unknown"
        case list():
            return [_presentable(entry) for entry in value[:LONGEST_LIST]]
        case dict():
            return {name: _presentable(entry) for name, entry in value.items()}
    return value


def _determine(name: str, look: Callable[[], Any]) -> Any:
    # One unreadable file costs its own fact, not the report: a missing fact
    # is visible to the broker, a missing report looks like a dead agent.
    try:
        return look()
    except (OSError, ValueError, psutil.Error) as error:
        log.warning("could not determine %s: %s", name, error)
        return None
