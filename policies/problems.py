"""What is wrong with a policy text, where, and what to write instead?

Holds the shape of a finding and of the refusal that a reader of one field
raises. Knows no rule of the language: see ``policies.rules`` and
``policies.validate``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """An error refuses the bundle; a warning is shown to the author."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. *line* and *column* count from 1; *suggestion* may be empty."""

    line: int
    column: int
    code: str
    message: str
    suggestion: str = ""
    severity: Severity = Severity.ERROR

    @property
    def said(self) -> str:
        """The message, and behind a dash what to write instead."""
        return f"{self.message} - {self.suggestion}" if self.suggestion else self.message

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-compatible form for problem documents."""
        return asdict(self)


class Refusal(Exception):
    """A field that cannot be read. *offset* counts characters from the field's start."""

    def __init__(self, code: str, message: str, suggestion: str = "", offset: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.suggestion = suggestion
        self.offset = offset

    def at(self, line: int, column: int) -> Problem:
        """Return the problem for a field that begins at *line* and *column*."""
        return Problem(line, column + self.offset, self.code, self.message, self.suggestion)


def did_you_mean(presented: str, choices: Iterable[str]) -> str:
    """Return a suggestion naming the choice nearest to *presented*, or nothing.

    Names such as ``role:support`` are compared behind their kind, or all roles would be near.
    """
    kind, colon, name = presented[:80].lower().rpartition(":")
    prefix = kind + colon
    names = [choice.removeprefix(prefix) for choice in sorted(choices) if choice.startswith(prefix)]
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{prefix}{near[0]}`?" if near else ""


def shown(presented: str) -> str:
    """Return *presented* in backticks, cut to a readable length, control characters escaped."""
    cut = presented if len(presented) <= 60 else presented[:57] + "…"
    return "`" + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in cut) + "`"
