"""Which rules and links does a ``policy.csv`` hold for a model?

Whatever Casbin's loaders pass over in silence is an error: a row of an unknown
type vanishes there, one with too few fields raises at the decision that
reaches it, one with too many loses them, a mistyped effect does nothing.
Fields are parted by commas outside brackets, as PyCasbin parts them; a field in
double quotes holds what it likes, as Casbin's CSV reader has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policies.casbin import links, spelling
from policies.casbin.model import EFFECT, ID, Model
from policies.casbin.roles import Link
from policies.parse import Field, Row
from policies.problems import Problem, Refusal, Severity, did_you_mean, shown

MAX_CHARACTERS = 64_000_000
MAX_LINE = 4_000
_EFFECTS = ("allow", "deny")
_NESTING = re.compile(r"[\"()\[\]]")
_NOTE = re.compile(r"(?:^|\s)#")
_CLOSING = {"(": ")", "[": "]"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One p row. *id*: its column of that name, else ``line N``; *values* in the order of the columns."""

    id: str
    values: tuple[str, ...]
    deny: bool
    line: int


@dataclass(frozen=True, slots=True)
class Rows:
    """What was read. *places*: the column at which each field of a rule begins."""

    rules: tuple[Rule, ...]
    places: tuple[tuple[int, ...], ...]
    links: dict[str, tuple[Link, ...]]
    problems: tuple[Problem, ...]


def read(text: str, model: Model) -> Rows:
    """Return the rules and links of *text*, and every problem. Never raises."""
    if len(text) > MAX_CHARACTERS:
        problem = Problem(1, 1, "too-long", f"a policy has at most {MAX_CHARACTERS} characters")
        return Rows((), (), {}, (problem,))
    problems: list[Problem] = []
    rows = [row for row in _rows(text, problems) if _well_formed(row, model, problems)]
    rules = [_rule(row, model) for row in rows if row.kind == "p"]
    found = {kind.name: tuple(r.values for r in rows if r.kind == kind.name) for kind in model.kinds}
    problems += _repeated(rows)
    problems += _same_id(rules) if ID in model.columns else ()
    for kind in model.kinds:
        linked = [row for row in rows if row.kind == kind.name]
        problems += links.problems(linked, kind)
    places = tuple(tuple(field.column for field in row.fields) for row in rows if row.kind == "p")
    return Rows(tuple(rules), places, found, tuple(sorted(problems, key=lambda p: (p.line, p.column))))


def _rows(text: str, problems: list[Problem]) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        content = line.removesuffix("\r")
        if not content.strip():
            continue
        comment = content.lstrip().startswith("#")
        try:
            _check_characters(content)
            if not comment:
                _check_spelling(content)
                fields = _split(content)
                _check_notes(content, fields)
                yield Row(number, fields[0].text, tuple(fields[1:]))
        except Refusal as refusal:
            problems.append(refusal.at(number, 1))


def _check_characters(content: str) -> None:
    if len(content) > MAX_LINE:
        raise Refusal("too-long", f"a line has at most {MAX_LINE} characters", "", MAX_LINE)
    if content.isprintable():
        return
    for offset, letter in enumerate(content):
        if letter != "\t" and not letter.isprintable():
            hint = "save the file as UTF-8 without a byte order mark" if letter == "\ufeff" else ""
            raise Refusal("character", f"the character U+{ord(letter):04X} is not allowed", hint, offset)


def _check_spelling(content: str) -> None:
    if not spelling.is_plain(content.replace("\t", " ")):
        message = "a letter is written in parts, in another width, or is not drawn: no question could name it"
        raise Refusal("character", message, "write the line in the compatibility form of Unicode (NFKC)")


def _check_notes(content: str, fields: Iterable[Field]) -> None:
    """Refuse a note behind a rule: Casbin takes it for a part of the last field, which then fits nothing."""
    for field in fields:
        note = _NOTE.search(field.text)
        if note and content[field.column - 2 : field.column - 1] != '"':
            hint = "write it on a line of its own, or put the field in double quotes if it is no note"
            at = field.column + note.end() - 2
            raise Refusal("note", "a note behind a rule would be read as part of the rule", hint, at)


def _split(content: str) -> list[Field]:
    """Return the fields of a line. Raises Refusal for brackets and quotes that do not match."""
    if not _NESTING.search(content):
        return _parted(content)
    fields: list[Field] = []
    at = 0
    while True:
        start = at + len(content[at:]) - len(content[at:].lstrip())
        if content[start : start + 1] == '"':
            text, end = _quoted(content, start)
            fields.append(Field(text, start + 2))
        else:
            end = _end(content, start)
            fields.append(Field(content[start:end].strip(), start + 1))
        if end >= len(content):
            return fields
        at = end + 1


def _parted(content: str) -> list[Field]:
    """Return the fields of a line in which every comma parts two."""
    fields: list[Field] = []
    start = 0
    for part in content.split(","):
        fields.append(Field(part.strip(), start + len(part) - len(part.lstrip()) + 1))
        start += len(part) + 1
    return fields


def _quoted(content: str, start: int) -> tuple[str, int]:
    """Return the text of a field in double quotes, and where the next comma or the end is."""
    at = start + 1
    while True:
        close = content.find('"', at)
        if close < 0:
            raise Refusal(
                "quote", "the double quote is not closed", 'write `""` for the letter itself', start
            )
        if content[close + 1 : close + 2] != '"':
            break
        at = close + 2
    end = content.find(",", close)
    end = len(content) if end < 0 else end
    if content[close + 1 : end].strip():
        hint = 'put the whole field in double quotes, and write `""` for one inside'
        raise Refusal("quote", "something follows the closing quote", hint, close + 1)
    return content[start + 1 : close].replace('""', '"'), end


def _end(content: str, start: int) -> int:
    """Return where the next comma outside brackets is, or the end of the line."""
    expected: list[str] = []
    for at in range(start, len(content)):
        letter = content[at]
        if letter == "," and not expected:
            return at
        if letter in _CLOSING:
            expected.append(_CLOSING[letter])
        elif letter in ")]" and (not expected or expected.pop() != letter):
            raise _unbalanced(letter, at)
    if expected:
        raise _unbalanced(content[start], start)
    return len(content)


def _unbalanced(letter: str, at: int) -> Refusal:
    hint = "close each bracket, or put the field in double quotes"
    return Refusal("brackets", f"at {shown(letter)} the brackets of this field do not match", hint, at)


def _well_formed(row: Row, model: Model, problems: list[Problem]) -> bool:
    """Check the type of *row*, the number of its fields, that none is empty, and its effect."""
    kinds = {kind.name: kind for kind in model.kinds}
    if row.kind != "p" and row.kind not in kinds:
        known = ("p", *kinds)
        hint = did_you_mean(row.kind, known) or f"a line begins with {', '.join(known)} or #"
        problems.append(Problem(row.line, 1, "row-type", f"{shown(row.kind)} is not a type of row", hint))
        return False
    names = model.columns if row.kind == "p" else ("member", "group", "domain")[: kinds[row.kind].fields]
    if len(row.fields) != len(names):
        message = f"a {row.kind} row has {len(names) + 1} fields, this one has {len(row.fields) + 1}"
        hint = f"write {', '.join((row.kind, *names))}; a field that holds a comma stands in double quotes"
        problems.append(Problem(row.line, 1, "field-count", message, hint))
        return False
    found = len(problems)
    for name, field in zip(names, row.fields, strict=True):
        if not field.text or field.text != field.text.strip():
            message = (
                f"the {name} is empty" if not field.text.strip() else f"the {name} has spaces at its ends"
            )
            problems.append(Problem(row.line, field.column, "empty-field", message, "write a value"))
        elif row.kind == "p" and name == EFFECT and field.text not in _EFFECTS:
            hint = did_you_mean(field.text, _EFFECTS) or "write `allow` or `deny`"
            message = f"effect {shown(field.text)} is neither `allow` nor `deny`; the rule would do nothing"
            problems.append(Problem(row.line, field.column, "effect", message, hint))
    return len(problems) == found


def _rule(row: Row, model: Model) -> Rule:
    named = dict(zip(model.columns, row.values, strict=True))
    return Rule(named.get(ID, f"line {row.line}"), row.values, named.get(EFFECT) == "deny", row.line)


def _repeated(rows: Iterable[Row]) -> Iterator[Problem]:
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        line = first.setdefault((row.kind, *row.values), row.line)
        if line != row.line:
            hint = "remove one of the two"
            yield Problem(row.line, 1, "duplicate", f"this repeats line {line}", hint, Severity.WARNING)


def _same_id(rules: Iterable[Rule]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for rule in rules:
        line = first.setdefault(rule.id, rule.line)
        if line != rule.line:
            message = f"the rule id {shown(rule.id)} is taken by line {line}"
            yield Problem(rule.line, 1, "duplicate-id", message, "give each rule an id: decisions name it")
