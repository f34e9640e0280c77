"""Can a condition ever be true, and ever be false? For the warnings shown to an author.

A comparison changes its answer only at the values that the condition names. So
it is tried on those, on their neighbours, and on one value that it does not
name, in every combination.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Any

from domain.attributes import Attribute, Type
from policies.comparisons import MATCHING
from policies.compiled import compiled
from policies.conditions import Atom, Condition
from policies.kleene import atoms

MAX_TRIED = 5_000
"""More combinations than these are not tried: nothing is said of such a condition."""
_OTHER = "~"  # no word of the language


def outcomes(condition: Condition) -> frozenset[bool]:
    """Return which of True and False the condition can be when every fact is known; both if unsure."""
    if any(atom.operator in MATCHING for atom, _ in atoms(condition)):
        return frozenset((True, False))
    by_attribute: dict[str, list[Atom]] = {}
    for atom, _ in atoms(condition):
        by_attribute.setdefault(atom.attribute.name, []).append(atom)
    tried = [sorted(_values(found), key=str) for found in by_attribute.values()]
    if prod(map(len, tried)) > MAX_TRIED:
        return frozenset((True, False))
    test = compiled(condition)
    found = {test(dict(zip(by_attribute, values, strict=True))) for values in product(*tried)}
    return frozenset(value for value in found if value is not None)


def _values(compared: list[Atom]) -> set[Any]:
    attribute = compared[0].attribute
    if attribute.type is Type.BOOL:
        return {True, False}
    if attribute.values:
        return {int(v) if attribute.type is Type.INT else v for v in attribute.values}
    return {near for atom in compared for value in _named(atom) for near in _near(attribute, value)}


def _named(atom: Atom) -> Iterable[Any]:
    value: Any = atom.value
    return value if isinstance(value, tuple) and atom.attribute.type is not Type.VERSION else (value,)


def _near(attribute: Attribute, value: Any) -> Iterable[Any]:
    if attribute.type is Type.TEXT:
        return (value, _OTHER)
    if attribute.type is Type.TIME:
        return (value, (value - 1) % 1440, (value + 1) % 1440)
    if attribute.type is Type.VERSION:
        *head, last = value
        return (value, (*head, last + 1), *([(*head, last - 1)] if last else []))
    return (value, value + 1, *([value - 1] if value else []))
