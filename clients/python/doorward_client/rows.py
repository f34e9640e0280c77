"""Which request asks for what: an explicit table of (method, path) to (action, resource).

What no row lists is denied. A path has one spelling: segments of
`A-Z a-z 0-9 _ ~ @ . -` parted by single slashes. Everything else (percent
encoding, `.` and `..`, `//`, `\\`, `;`, NUL, letters beyond ASCII) is refused and
not translated: the application behind could read it in another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

_SEGMENT = r"(?!\.\.?(?:/|\Z))[A-Za-z0-9_~@.-]+"
_PATH = re.compile(rf"/|(?:/{_SEGMENT})+/?")
_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_METHOD = re.compile(r"[A-Z]+")


@dataclass(frozen=True, slots=True)
class Row:
    """*method* on *path* is *action* on *resource* (`type:id`).

    `{name}` in *path* stands for one whole segment, and for the same in *resource*.
    """

    method: str
    path: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class Public:
    """*method* on *path* is open to everybody: nothing is asked, no token is needed."""

    method: str
    path: str


class Table:
    """Rows, each with another meaning. Raises ValueError if two could match one request."""

    def __init__(self, rows: Iterable[Row | Public]) -> None:
        self._rows = tuple(rows)
        if not self._rows:
            raise ValueError("a table without rows denies everything")
        for row in self._rows:
            _check(row)
        for one, other in combinations(self._rows, 2):
            if one.method == other.method and _overlap(one.path, other.path):
                raise ValueError(f"{one.method} `{one.path}` and `{other.path}` match the same request")

    def find(self, method: str, path: str) -> Row | Public | None:
        """Return the row of a request, its resource filled in; None denies.

        *path* is what the application routes by, decoded; compared letter by letter.
        """
        if not _PATH.fullmatch(path):
            return None
        for row in self._rows:
            filled = _match(row.path, path) if row.method == method else None
            if filled is not None:
                return row if isinstance(row, Public) else _filled(row, filled)
        return None


def _match(pattern: str, path: str) -> dict[str, str] | None:
    expected, found = pattern.split("/"), path.split("/")
    if len(expected) != len(found):
        return None
    filled = {}
    for want, have in zip(expected, found, strict=True):
        place = _PLACE.fullmatch(want)
        if place and have:
            filled[place[1]] = have
        elif want != have:
            return None
    return filled


def _filled(row: Row, filled: dict[str, str]) -> Row:
    resource = _PLACE.sub(lambda place: filled[place[1]], row.resource)
    return Row(row.method, row.path, row.action, resource)


def _overlap(one: str, other: str) -> bool:
    """Whether some path matches both."""
    left, right = one.split("/"), other.split("/")
    return len(left) == len(right) and all(
        a == b or (a and b and (_PLACE.fullmatch(a) or _PLACE.fullmatch(b)))
        for a, b in zip(left, right, strict=True)
    )


def _check(row: Row | Public) -> None:
    places = _PLACE.findall(row.path)
    if not _METHOD.fullmatch(row.method):
        raise ValueError(f"`{row.method}` is not a method in capital letters")
    if not _PATH.fullmatch(_PLACE.sub("x", row.path)) or len(places) != len(set(places)):
        raise ValueError(f"`{row.path}` is not a path")
    if any("{" in part and not _PLACE.fullmatch(part) for part in row.path.split("/")):
        raise ValueError(f"a place in `{row.path}` is a whole segment")
    if isinstance(row, Row):
        plain = _PLACE.sub("x", row.resource)
        if ":" not in plain or "{" in plain or not set(_PLACE.findall(row.resource)) <= set(places):
            raise ValueError(f"`{row.resource}` is not type:id with places of `{row.path}`")
