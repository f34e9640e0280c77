"""The names by which remote-control software is known.

Answers: does this process belong to a listed tool? A name is *exact* where no
other program is known to carry it; elsewhere it is *generic* and counts only
with a second witness, the path or a port the process listens on.
Source: ``catalogue.json``; where its entries come from is in ``SOURCES.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. Names are lower case; *paths* are globs, lower case; *ports* are TCP."""

    name: str
    exact: frozenset[str]
    generic: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    ports: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not self.name or not (self.exact or self.generic):
            raise ValueError(f"the tool `{self.name}` has no process name")
        if self.generic and not (self.paths or self.ports):
            raise ValueError(f"the generic names of `{self.name}` need a path or a port")
        if any(name != name.lower() for name in (*self.exact, *self.generic, *self.paths)):
            raise ValueError(f"the names of `{self.name}` must be in lower case")

    def has_path(self, places: Iterable[str]) -> bool:
        """Does one of the lower-case *places* lie where this tool lives?"""
        return any(fnmatchcase(place, glob) for place in places for glob in self.paths)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The listed tools and the version of the list."""

    version: str
    tools: tuple[Tool, ...]


def parse_catalogue(document: dict[str, Any]) -> Catalogue:
    """Build a Catalogue from the JSON document. Raises ValueError or KeyError if malformed."""
    tools = tuple(
        Tool(
            name=entry["name"],
            exact=frozenset(entry.get("exact", ())),
            generic=frozenset(entry.get("generic", ())),
            paths=tuple(entry.get("paths", ())),
            ports=frozenset(entry.get("ports", ())),
        )
        for entry in document["tools"]
    )
    if not tools:
        raise ValueError("a catalogue without tools would find everybody clean")
    return Catalogue(version=document["version"], tools=tools)


@cache
def shipped_catalogue() -> Catalogue:
    """Return the catalogue of this distribution."""
    return parse_catalogue(json.loads((files(__package__) / "catalogue.json").read_text("utf-8")))
