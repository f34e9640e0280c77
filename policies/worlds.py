"""Which facts tell some conditions apart? A handful stand for all there are.

Every comparison parts the values of its attribute at a few places; one value
for each part, and "not known", decide every condition as all others of that
part do. So two sets of rules that agree on these facts agree on all. A pattern
is not parted: it is taken to match, or not, whatever else holds. Time, weekday
and path are always known when a question is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import prod
from string import ascii_uppercase
from typing import Any

from domain.attributes import Attribute, Type
from policies.comparisons import MATCHING, Operator
from policies.conditions import Atom, Condition, Not, Or
from policies.kleene import Facts, atoms, holds

_ALWAYS_KNOWN = ("time", "path")


@dataclass(frozen=True, slots=True)
class World:
    """How every comparison comes out, by *facts*. *facts* None: it rests on a pattern that is not parted."""

    outcomes: Mapping[Atom, bool | None]
    facts: Facts | None

    def value(self, condition: Condition | None) -> bool | None:
        """Return whether a condition is true here; None is unknown. No condition is true."""
        if condition is None:
            return True
        if isinstance(condition, Atom):
            return self.outcomes[condition]
        if isinstance(condition, Not):
            inner = self.value(condition.operand)
            return None if inner is None else not inner
        decisive = isinstance(condition, Or)
        values = {self.value(operand) for operand in condition.operands}
        return decisive if decisive in values else None if None in values else not decisive


# What an attribute may be: its value, and how its comparisons come out.
_Part = tuple[Any, tuple[bool | None, ...]]


def worlds(conditions: Iterable[Condition], *, most: int) -> Iterator[World] | None:
    """Return the worlds to try; None where they are more than *most*. Those with more known come first."""
    asked: dict[Attribute, dict[Atom, None]] = {}
    for condition in conditions:
        for atom, _ in atoms(condition):
            asked.setdefault(atom.attribute, {})[atom] = None
    compared = {attribute: tuple(found) for attribute, found in asked.items()}
    whole = not any(_matched(found) for found in compared.values())
    if any(2 ** len(found) > most for found in compared.values() if _matched(found)):
        return None
    parts = [_parts(attribute, found) for attribute, found in compared.items()]
    if prod(map(len, parts)) > most:
        return None
    return (_world(compared, chosen, whole=whole) for chosen in product(*parts))


def _world(compared: Mapping[Attribute, Sequence[Atom]], chosen: Sequence[_Part], *, whole: bool) -> World:
    outcomes: dict[Atom, bool | None] = {}
    facts: dict[str, Any] = {}
    for (attribute, found), (value, settled) in zip(compared.items(), chosen, strict=True):
        outcomes |= zip(found, settled, strict=True)
        if value is not None:
            facts[attribute.name] = value
    return World(outcomes, facts if whole else None)


def _matched(found: Sequence[Atom]) -> bool:
    return any(atom.operator in MATCHING for atom in found)


def _free(attribute: Attribute, found: Sequence[Atom]) -> list[_Part]:
    """Let each pattern match, not match, or, if that may be, not be known."""
    known = [(None, each) for each in product((True, False), repeat=len(found))]
    unknown = [] if attribute.criterion in _ALWAYS_KNOWN else [(None, (None,) * len(found))]
    return [*known, *unknown]


def _parts(attribute: Attribute, found: Sequence[Atom]) -> list[_Part]:
    """Return one value for each way in which the comparisons come out; None stands for not known."""
    if _matched(found):
        return _free(attribute, found)
    values = places(attribute, found)
    if attribute.criterion not in _ALWAYS_KNOWN:
        values.append(None)
    once: dict[tuple[bool | None, ...], Any] = {}
    for value in values:
        once.setdefault(tuple(holds(atom, value) for atom in found), value)
    return [(value, settled) for settled, value in once.items()]


def places(attribute: Attribute, compared: Sequence[Atom]) -> list[Any]:
    """Return values of *attribute*, at least one of each part; *compared* has no pattern."""
    return [*_PLACES[attribute.type](attribute, compared)]


def _constants(compared: Sequence[Atom]) -> list[Any]:
    return [
        value
        for atom in compared
        for value in (
            atom.value if atom.operator is Operator.IN and isinstance(atom.value, tuple) else (atom.value,)
        )
    ]


def _numbers(attribute: Attribute, compared: Sequence[Atom]) -> Iterable[int]:
    if attribute.values:
        return sorted((int(value) for value in attribute.values), reverse=True)
    return sorted({0, *(edge for number in _constants(compared) for edge in (number, number + 1))})


def _words(attribute: Attribute, compared: Sequence[Atom]) -> Iterable[str]:
    if attribute.values:
        return attribute.values
    named = list(dict.fromkeys(_constants(compared)))
    letters = ascii_uppercase[::-1]
    others = chain(("other", "another"), (a + b for a in letters for b in letters), _numbered())
    form = attribute.form or ".+"
    other = next((word for word in others if word not in named and re.fullmatch(form, word)), None)
    return named if other is None else [*named, other]


def _numbered() -> Iterator[str]:
    return (f"other-{number}" for number in range(1000))


def _versions(attribute: Attribute, compared: Sequence[Atom]) -> Iterable[tuple[int, ...]]:
    """A rule compares as far as it writes: a version's part ends where its last number is one more."""
    del attribute
    ends = {(*version[:-1], version[-1] + 1) for version in (atom.value for atom in compared)}  # type: ignore[index, operator]
    return sorted({(0,), *(atom.value for atom in compared), *ends})  # type: ignore[arg-type]


def _minutes(attribute: Attribute, compared: Sequence[Atom]) -> Iterable[int]:
    del attribute
    return sorted({0, *_constants(compared)})


def _yes_or_no(attribute: Attribute, compared: Sequence[Atom]) -> Iterable[bool]:
    del attribute, compared
    return (True, False)


_PLACES: dict[Type, Callable[[Attribute, Sequence[Atom]], Iterable[Any]]] = {
    Type.BOOL: _yes_or_no,
    Type.INT: _numbers,
    Type.TEXT: _words,
    Type.DURATION: _numbers,
    Type.VERSION: _versions,
    Type.TIME: _minutes,
}
