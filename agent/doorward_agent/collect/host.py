"""Which operating system is this, and at which version?

Source: os-release(5). Debian keeps its point release in ``/etc/debian_version``
only, so that file refines ``VERSION_ID`` where it agrees with it.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

SYSTEM = re.compile(r"[a-z][a-z0-9._-]{0,31}\Z")
VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}\Z", re.ASCII)


def os_release(root: Path = Path("/")) -> dict[str, str] | None:
    """Return ``{"id", "version"}``, or None where the system does not state both.

    A rolling or test distribution has no ``VERSION_ID``, or one that cannot be
    ordered: its version is unknown, and so is this fact.
    """
    fields = _fields(root)
    name, version = fields.get("ID", ""), fields.get("VERSION_ID", "")
    if not SYSTEM.match(name) or not VERSION.match(version):
        return None
    if name == "debian":
        version = _point_release(root, version)
    return {"id": name, "version": version}


def _fields(root: Path) -> dict[str, str]:
    for place in ("etc/os-release", "usr/lib/os-release"):
        try:
            text = (root / place).read_text("utf-8")
        except OSError:
            continue
        return dict(filter(None, map(_assignment, text.splitlines())))
    return {}


def _assignment(line: str) -> tuple[str, str] | None:
    name, equals, value = line.strip().partition("=")
    if not equals or name.startswith("#"):
        return None
    try:
        words = shlex.split(value)
    except ValueError:
        return None
    return name, " ".join(words)


def _point_release(root: Path, version: str) -> str:
    try:
        stated = (root / "etc/debian_version").read_text("utf-8").strip()
    except OSError:
        return version
    return stated if stated.startswith(version + ".") and VERSION.match(stated) else version
