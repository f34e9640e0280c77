"""Which properties does a bundle say that its rules may ask for? From ``a`` rows to attributes.

``a, resource.ownerID, word``: a name and its type. A name that no line declares
is refused where it is asked for, so that a typing error asks for nothing. Casbin
knows no row of this type and passes it over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from domain.attributes import Attribute, Type
from domain.properties import SCOPES, TYPES, is_name, property_attribute
from policies import parse
from policies.conditions import Atom
from policies.parse import Row, read_field
from policies.problems import Problem, Refusal, Severity, did_you_mean, shown

_line = re.compile(r"\n[ \t]*a[ \t]*,[^\n]*").finditer
_first = re.compile(r"[ \t]*a[ \t]*,[^\n]*").match


def declared_in(text: str) -> dict[str, Attribute]:
    """Return the properties that a whole text declares, by name; what is wrong with its lines is left out.

    The rules that ask for them may stand before them.
    """
    begin = _first(text)
    lines = [begin[0]] if begin else []
    lines += (found[0][1:] for found in _line(text))
    rows = (parse.row(0, line) for line in lines)
    return read([row for row in rows if isinstance(row, Row)])[0]


def read(rows: Iterable[Row]) -> tuple[dict[str, Attribute], tuple[Problem, ...]]:
    """Return the properties of these ``a`` rows, by name, and every problem of them."""
    found: dict[str, Attribute] = {}
    problems: list[Problem] = []
    first: dict[str, int] = {}
    for row in rows:
        name = read_field(row, 0, _name, problems)
        type_ = read_field(row, 1, _type, problems)
        if name is None or type_ is None:
            continue
        first.setdefault(name, row.line)
        if found.setdefault(name, property_attribute(name, type_)).type is not type_:
            message = f"{shown(name)} has another type on line {first[name]}"
            problems.append(Problem(row.line, row.fields[1].column, "duplicate-property", message))
    return found, tuple(problems)


def warnings(rows: Sequence[Row], compared: Iterable[Atom]) -> Iterator[Problem]:
    """Warn of declarations that no comparison of a rule asks for, and of repeated ones."""
    used = {attribute.name for atom in compared for attribute in atom.attributes}
    first: dict[str, int] = {}
    for row in rows:
        name = row.values[0]
        line = first.setdefault(name, row.line)
        if line != row.line:
            code, message = "duplicate", f"this repeats line {line}"
        elif name not in used:
            code, message = "property-unused", f"no rule asks for {shown(name)}"
        else:
            continue
        yield Problem(row.line, 1, code, message, "remove the line", Severity.WARNING)


def _name(text: str) -> str:
    if is_name(text):
        return text
    scope, dot, _ = text.partition(".")
    hint = "write for example `resource.ownerID`: a letter, then letters, digits, - and _"
    if scope not in SCOPES:
        near = did_you_mean(scope, SCOPES) if dot else ""
        hint = near or f"it begins with {', '.join(f'{each}.' for each in SCOPES)}"
    raise Refusal("property-name", f"{shown(text)} is not the name of a property", hint)


def _type(text: str) -> Type:
    if text in {type_.value for type_ in TYPES}:
        return Type(text)
    known = [type_.value for type_ in TYPES]
    hint = did_you_mean(text, known) or f"known are {', '.join(known)}"
    raise Refusal("property-type", f"{shown(text)} is not a type of property", hint)
