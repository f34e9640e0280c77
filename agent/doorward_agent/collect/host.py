"""Which operating system is this, and at which version?

Source: os-release(5). Debian keeps its point release in ``/etc/debian_version``
only, so that file refines ``VERSION_ID`` where it agrees with it.
"""

from __future__ import annotations

import shlex
from pathlib import Path


def os_release(root: Path = Path("/")) -> dict[str, str] | None:
    """Return ``{"id", "version"}``, or None where the system does not state both.

    A rolling distribution has no ``VERSION_ID``: its version is unknown, and
    so is this fact.
    """
    fields = _fields(root)
    name, version = fields.get("ID", ""), fields.get("VERSION_ID", "")
    if not name or not version:
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
    return stated if stated.startswith(version + ".") else version
