"""What does one line of a policy text hold, and on which column?

Reads the form of Casbin's ``policy.csv``: fields parted by commas, whole-line
comments with ``#``, blank lines. Refuses what Casbin's own reader passes over
in silence (a byte order mark or an unknown row type drops the row).
Does not read the fields: see ``policies.rules``; nor whole texts: see ``policies.read``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from policies.names import EMPTY
from policies.problems import Problem, Refusal, did_you_mean, shown

T = TypeVar("T")
MAX_CHARACTERS = 200_000_000
MAX_LINE = 2_000
_COLUMNS = {
    "p": ("id", "subject", "action", "resource", "condition", "terms", "effect"),
    "g": ("role", "role it includes"),
    "g2": ("resource", "group"),
    "g3": ("action", "group"),
    "a": ("property", "type"),
    "t": ("id", "subject", "action", "resource", "given", "effect", "reason"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One value, stripped, and the column of its first character."""

    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line that says something: its type (p, g, g2, g3, a, t) and the fields after it."""

    line: int
    kind: str
    fields: tuple[Field, ...]

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(field.text for field in self.fields)


def read_field(row: Row, index: int, reader: Callable[[str], T], problems: list[Problem]) -> T | None:
    """Return what *reader* makes of one field; None, and one problem more, if it refuses it."""
    field = row.fields[index]
    try:
        return reader(field.text)
    except Refusal as refusal:
        problems.append(refusal.at(row.line, field.column))
        return None


def row(number: int, line: str) -> Row | Problem | None:
    """Return the row that *line* holds, what is wrong with it, or None if it says nothing. Never raises."""
    content = line.removesuffix("\r")
    comment = content.lstrip().startswith("#")
    problem = _characters(number, content, comment)
    if problem is not None:
        return problem
    if comment or not content.strip():
        return None
    found = _row(number, content)
    return _shape(found) or found


def _characters(number: int, content: str, comment: bool) -> Problem | None:
    if len(content) > MAX_LINE:
        return Problem(number, MAX_LINE + 1, "too-long", f"a line has at most {MAX_LINE} characters")
    if content.isprintable() and (comment or content.isascii()):
        return None
    for column, character in enumerate(content, start=1):
        if character == "\t" or (character.isprintable() and (comment or character.isascii())):
            continue
        hint = "save the file as UTF-8 without a byte order mark" if character == "\ufeff" else ""
        where = "in a comment" if comment else "outside a comment"
        message = f"the character U+{ord(character):04X} is not allowed {where}"
        return Problem(number, column, "character", message, hint)
    return None


def _row(number: int, content: str) -> Row:
    fields: list[Field] = []
    start = 0
    for part in content.split(","):
        text = part.strip()
        indent = len(part) - len(part.lstrip()) if text else 0
        fields.append(Field(text, start + indent + 1))
        start += len(part) + 1
    return Row(number, fields[0].text, tuple(fields[1:]))


def _shape(row: Row) -> Problem | None:
    """Check the row's type, the number of its fields and that none is empty."""
    expected = _COLUMNS.get(row.kind)
    if expected is None:
        hint = did_you_mean(row.kind, _COLUMNS) or "a line begins with p, g, g2, g3, a, t or #"
        return Problem(row.line, 1, "row-type", f"{shown(row.kind)} is not a type of row", hint)
    if len(row.fields) != len(expected):
        form = ", ".join((row.kind, *expected))
        hint = f"write {form}; an empty condition or term is `-`"
        if any("{" in field.text and "}" not in field.text for field in row.fields):
            hint = "choices in braces are parted by spaces: {US DE}"
        message = (
            f"a row of type {row.kind} has {len(expected) + 1} fields, this one has {len(row.fields) + 1}"
        )
        return Problem(row.line, 1, "field-count", message, hint)
    for name, field in zip(expected, row.fields, strict=True):
        if not field.text:
            hint = f"write `{EMPTY}` for none" if name in ("condition", "terms", "given", "reason") else ""
            return Problem(row.line, field.column, "empty-field", f"the {name} is empty", hint)
    return None
