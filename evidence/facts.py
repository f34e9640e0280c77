"""Read the facts of a laptop's report, strictly.

Answers: is this the shape that agents speak, and nothing else? A fact that is
absent could not be determined and stays None; an empty list means: looked, and
found none. Whether a fact is good or bad is not asked here. The shape is
written down in ``docs/evidence.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from domain.errors import Invalid

LIST_LENGTH = 64
"""Most entries in a list of a report."""

TEXT_LENGTH = 255
"""Longest text in a report, in characters."""

_SYSTEM_ID = re.compile(r"[a-z][a-z0-9._-]{0,31}\Z")
_SYSTEM_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}\Z", re.ASCII)
_LARGEST_PID = (1 << 32) - 1
_LARGEST_TIME = (1 << 53) - 1

Check = Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class Report:
    """The facts of one report, as they came; None where the agent could not tell."""

    disk_encrypted: bool | None
    os: dict[str, str] | None
    remote_control: list[dict[str, Any]] | None
    remote_logons: list[dict[str, Any]] | None


def parse(presented: object) -> Report:
    """Return the checked facts. Raises Invalid ``report-malformed``, naming the place."""
    if not isinstance(presented, Mapping):
        _malformed("facts", "is not an object")
    unknown = sorted(str(name) for name in presented if name not in _FACTS)
    if unknown:
        _malformed("facts", f"has a member we do not know: `{unknown[0][:40]}`")
    checked = {
        name: check(presented[name], name) if name in presented else None for name, check in _FACTS.items()
    }
    return Report(**checked)


def version_numbers(version: str) -> tuple[int, ...]:
    """Return ``12.7`` as (12, 7). *version* has passed ``parse``."""
    return tuple(int(part) for part in version.split("."))


def _boolean(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        _malformed(place, "is not true or false")
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_LENGTH or not value.isprintable():
        _malformed(place, f"is not a text of 1 to {TEXT_LENGTH} printable characters")
    return value


def _matching(pattern: re.Pattern[str], meaning: str) -> Check:
    def check(value: Any, place: str) -> str:
        if not isinstance(value, str) or not pattern.match(value):
            _malformed(place, f"is not {meaning}")
        return value

    return check


def _whole(largest: int) -> Check:
    def check(value: Any, place: str) -> int:
        # A bool is an int to Python, not to us.
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
            _malformed(place, f"is not a whole number from 0 to {largest}")
        return value

    return check


def _one_of(*words: str) -> Check:
    def check(value: Any, place: str) -> str:
        if not isinstance(value, str) or value not in words:
            _malformed(place, f"is not one of {', '.join(words)}")
        return value

    return check


def _members(checks: Mapping[str, Check]) -> Check:
    def check(value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, Mapping) or set(value) != set(checks):
            _malformed(place, f"does not have exactly the members {', '.join(checks)}")
        return {name: inner(value[name], f"{place}.{name}") for name, inner in checks.items()}

    return check


def _list_of(inner: Check) -> Check:
    def check(value: Any, place: str) -> list[Any]:
        if not isinstance(value, list) or len(value) > LIST_LENGTH:
            _malformed(place, f"is not a list of at most {LIST_LENGTH} entries")
        return [inner(entry, f"{place}[{i}]") for i, entry in enumerate(value)]

    return check


def _malformed(place: str, problem: str) -> NoReturn:
    raise Invalid(
        f"the report's `{place}` {problem}",
        code="report-malformed",
        remedy="Update the Doorward agent on this laptop.",
    )


_FACTS: dict[str, Check] = {
    "disk_encrypted": _boolean,
    "os": _members(
        {
            "id": _matching(_SYSTEM_ID, "the lower-case name of a system"),
            "version": _matching(_SYSTEM_VERSION, "numbers with dots between them"),
        }
    ),
    "remote_control": _list_of(
        _members(
            {
                "name": _text,
                "process": _text,
                "pid": _whole(_LARGEST_PID),
                "evidence": _one_of("process", "listening"),
            }
        )
    ),
    "remote_logons": _list_of(_members({"user": _text, "from": _text, "since": _whole(_LARGEST_TIME)})),
}
