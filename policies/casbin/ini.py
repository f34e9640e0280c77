"""Which sections, keys and values does a ``model.conf`` hold, and where?

The form of Casbin's configuration: ``[section]``, ``key = value``, comments
with ``#`` and ``;``, a ``\\`` at the end of a line that the next one continues.
Casbin keeps the last of two equal keys, and the loaders differ in what a
comment behind a value is; both are settled here. Does not read the values:
see ``policies.casbin.model``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from policies.problems import Problem, shown

MAX_CHARACTERS = 64_000
_QUOTES = "\"'"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key and its value, its lines joined. *pieces*: (offset, line, column) of each line's part."""

    key: str
    text: str
    line: int
    pieces: tuple[tuple[int, int, int], ...]

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and column of the value's character at *offset*."""
        start, line, column = next(piece for piece in reversed(self.pieces) if piece[0] <= offset)
        return line, column + offset - start


@dataclass(slots=True)
class Section:
    """A named section and its entries, in their order."""

    name: str
    line: int
    entries: list[Entry] = field(default_factory=list)


def read(text: str) -> tuple[tuple[Section, ...], tuple[Problem, ...]]:
    """Return the sections of *text* and what is wrong with its lines. Never raises."""
    if len(text) > MAX_CHARACTERS:
        return (), (Problem(1, 1, "too-long", f"a model has at most {MAX_CHARACTERS} characters"),)
    sections: list[Section] = []
    problems: list[Problem] = []
    for lines in _joined(text, problems):
        number, column, first = lines[0]
        if first.startswith("[") and first.endswith("]"):
            _open(Section(first[1:-1].strip(), number), column, sections, problems)
        else:
            _add(lines, sections, problems)
    return tuple(sections), tuple(problems)


def same(one: str, other: str) -> bool:
    """Return whether two models say the same: comments and spaces aside, in the order of their lines."""
    readings = [read(text) for text in (one, other)]
    if any(problems for _, problems in readings):
        return False
    said = [
        [(s.name, [(e.key, "".join(e.text.split())) for e in s.entries]) for s in sections]
        for sections, _ in readings
    ]
    return said[0] == said[1]


def _joined(text: str, problems: list[Problem]) -> Iterator[list[tuple[int, int, str]]]:
    """Yield (line, column, content) of the lines that belong together."""
    held: list[tuple[int, int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        content = _content(number, line.removesuffix("\r"), problems)
        if not content.strip():
            yield from [held] if held else []
            held = []
            continue
        continued = content.rstrip().endswith("\\")
        kept = content.rstrip().removesuffix("\\").rstrip()
        held.append((number, len(kept) - len(kept.lstrip()) + 1, kept.strip()))
        if not continued:
            yield held
            held = []
    if held:
        yield held


def _content(number: int, line: str, problems: list[Problem]) -> str:
    """Return *line* without its comment, or nothing for one that cannot be read."""
    quote = ""
    comment = len(line)
    for column, letter in enumerate(line, start=1):
        if letter in "#;" and not quote:
            comment = column - 1
            break
        if letter in "#;":
            message = f"Casbin cuts a value at {shown(letter)}, even inside quotes"
            problems.append(
                Problem(number, column, "comment", message, "name the value in the policy instead")
            )
            return ""
        quote = letter if not quote and letter in _QUOTES else "" if letter == quote else quote
    for column, letter in enumerate(line, start=1):
        allowed = letter == "\t" or (letter.isprintable() and (column > comment or letter.isascii()))
        if not allowed:
            hint = "save the file as UTF-8 without a byte order mark" if letter == "\ufeff" else ""
            message = f"the character U+{ord(letter):04X} is not allowed here"
            problems.append(Problem(number, column, "character", message, hint))
            return ""
    return line[:comment]


def _open(section: Section, column: int, sections: list[Section], problems: list[Problem]) -> None:
    earlier = next((s for s in sections if s.name == section.name), None)
    if earlier is not None:
        message = f"the section {shown(section.name)} began on line {earlier.line} already"
        problems.append(Problem(section.line, column, "section-twice", message, "join the two"))
    sections.append(section)


def _add(lines: list[tuple[int, int, str]], sections: list[Section], problems: list[Problem]) -> None:
    number, column, first = lines[0]
    key, equals, value = first.partition("=")
    if not equals or not key.strip():
        hint = "write `key = value`, or `[section]`"
        problems.append(Problem(number, column, "entry", f"{shown(first)} is no entry", hint))
        return
    if not sections:
        message = f"{shown(key.strip())} stands before any section"
        problems.append(Problem(number, column, "entry", message, "write for example `[matchers]` above it"))
        return
    indent = len(value) - len(value.lstrip())
    parts = [(number, column + len(key) + 1 + indent, value.strip()), *lines[1:]]
    text, pieces = "", []
    for line, start, part in parts:
        text += " " if text else ""
        pieces.append((len(text), line, start))
        text += part
    entry = Entry(key.strip(), text, number, tuple(pieces))
    earlier = next((e for e in sections[-1].entries if e.key == entry.key), None)
    if earlier is not None:
        message = f"{shown(entry.key)} stands on line {earlier.line} already; Casbin would keep the last"
        problems.append(Problem(number, column, "entry-twice", message, "remove one of the two"))
        return
    sections[-1].entries.append(entry)
