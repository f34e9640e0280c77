"""Which facts tell some conditions apart? A handful stand for all there are.

Every comparison parts the values of its attribute at a few places; one value
for each part, and "not known", decide every condition as all others of that
part do. Of attributes that are compared with each other, as many values of each
part are tried as there are attributes, so that they may be equal or not. So two
sets of rules that agree on these facts agree on all. A pattern is not parted: it
is taken to match, or not, whatever else holds. Time, weekday and path are
always known when a question is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product
from math import prod
from string import ascii_uppercase
from typing import Any

from domain.attributes import Attribute, Type
from policies.comparisons import MATCHING, Operator
from policies.conditions import Atom, Condition, Not, Or
from policies.kleene import Facts, atoms

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


# What the facts of some attributes may be, and how their comparisons come out.
_Part = tuple[Mapping[str, Any], tuple[bool | None, ...]]
Cluster = tuple[tuple[Attribute, ...], tuple[Atom, ...]]
"""Attributes that are compared with each other, mostly one alone, and all comparisons of them."""


def worlds(conditions: Iterable[Condition], *, most: int) -> Iterator[World] | None:
    """Return the worlds to try; None where they are more than *most*. Those with more known come first."""
    asked = clusters(atom for condition in conditions for atom, _ in atoms(condition))
    if any(2 ** len(found) > most for _, found in asked if _matched(found)):
        return None
    parts: list[list[_Part]] = []
    for attributes, found in asked:
        values = [] if _matched(found) else _values(attributes, found)
        if len(values) > 1 and prod(map(len, values)) > most:
            return None
        parts.append(_parts(attributes, values, found) if values else _free(attributes[0], found))
    if prod(map(len, parts)) > most:
        return None
    whole = not any(_matched(found) for _, found in asked)
    return (_world(asked, chosen, whole=whole) for chosen in product(*parts))


def clusters(compared: Iterable[Atom]) -> list[Cluster]:
    """Return the attributes that *compared* binds to each other, each with all comparisons of them."""
    found: dict[Attribute, tuple[dict[Attribute, None], dict[Atom, None]]] = {}
    for atom in compared:
        attributes, atoms_ = found.setdefault(atom.attribute, ({atom.attribute: None}, {}))
        for other in atom.attributes[1:]:
            bound = found.setdefault(other, ({other: None}, {}))
            if bound[0] is not attributes:
                attributes.update(bound[0])
                atoms_.update(bound[1])
                found.update(dict.fromkeys(bound[0], (attributes, atoms_)))
        atoms_[atom] = None
    whole = {id(attributes): (tuple(attributes), tuple(atoms_)) for attributes, atoms_ in found.values()}
    return list(whole.values())


def _world(asked: Sequence[Cluster], chosen: Sequence[_Part], *, whole: bool) -> World:
    outcomes: dict[Atom, bool | None] = {}
    facts: dict[str, Any] = {}
    for (_, found), (known, settled) in zip(asked, chosen, strict=True):
        outcomes |= zip(found, settled, strict=True)
        facts |= known
    return World(outcomes, facts if whole else None)


def _matched(found: Sequence[Atom]) -> bool:
    return any(atom.operator in MATCHING for atom in found)


def _free(attribute: Attribute, found: Sequence[Atom]) -> list[_Part]:
    """Let each pattern match, not match, or, if that may be, not be known."""
    known: list[_Part] = [({}, each) for each in product((True, False), repeat=len(found))]
    unknown: list[_Part] = [] if attribute.criterion in _ALWAYS_KNOWN else [({}, (None,) * len(found))]
    return [*known, *unknown]


def _values(attributes: Sequence[Attribute], found: Sequence[Atom]) -> list[list[Any]]:
    """Return what each attribute may be; None, the last, stands for not known."""
    return [
        [*known, *((None,) if attribute.criterion not in _ALWAYS_KNOWN else ())]
        for attribute, known in zip(attributes, places(attributes, found), strict=True)
    ]


def _parts(
    attributes: Sequence[Attribute], values: Sequence[Sequence[Any]], found: Sequence[Atom]
) -> list[_Part]:
    """Return facts for each way in which the comparisons come out."""
    once: dict[tuple[bool | None, ...], Mapping[str, Any]] = {}
    for each in product(*values):
        facts = {a.name: value for a, value in zip(attributes, each, strict=True) if value is not None}
        once.setdefault(tuple(atom.of(facts) for atom in found), facts)
    return [(facts, settled) for settled, facts in once.items()]


def places(
    attributes: Sequence[Attribute], compared: Sequence[Atom], also: Sequence[Any] = ()
) -> list[list[Any]]:
    """Return values of each of *attributes*, a cluster, at least one of each part.

    *compared* are all its comparisons, none with a pattern. *also*: values to tell apart besides, of several.
    """
    if len(attributes) == 1:
        return [[*_PLACES[attributes[0].type](attributes[0], compared)]]
    if attributes[0].type is Type.BOOL:
        return [[True, False] for _ in attributes]
    count = len(attributes)
    named = [*also, *_constants([atom for atom in compared if atom.other is None])]
    closed = [value for attribute in attributes for value in attribute.values]
    if attributes[0].type is Type.INT:
        steps = {edge + step for edge in (0, *named) for step in range(count + 1)}
        pool: list[Any] = sorted(steps | {int(value) for value in closed})
    else:
        fresh = [word for attribute in attributes for word in _fresh(attribute, named, count)]
        pool = list(dict.fromkeys((*named, *closed, *fresh)))
    return [[value for value in pool if _may_be(attribute, value)] for attribute in attributes]


def _may_be(attribute: Attribute, value: Any) -> bool:
    if attribute.values:
        return str(value) in attribute.values
    return not attribute.form or re.fullmatch(attribute.form, str(value)) is not None


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
    return [*named, *_fresh(attribute, named, 1)]


def _fresh(attribute: Attribute, named: Sequence[str], count: int) -> list[str]:
    """Return *count* words that nobody named, fewer if its form has no more."""
    letters = ascii_uppercase[::-1]
    others = chain(("other", "another"), (a + b for a in letters for b in letters), _numbered())
    form = attribute.form or ".+"
    return list(islice((word for word in others if word not in named and re.fullmatch(form, word)), count))


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
