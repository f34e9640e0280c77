"""Which facts tell some conditions apart? A handful stand for all there are.

Every comparison parts the values of its attribute at a few places; one value
for each part, and "not known", decide every condition as all others of that
part do. So two sets of rules that agree on these facts agree on all.
Time and weekday are always known when a question is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, product
from math import prod
from string import ascii_uppercase
from typing import Any

from domain.attributes import Attribute, Type
from policies.comparisons import Operator
from policies.conditions import Atom, Condition
from policies.kleene import Facts, atoms, holds

_KNOWN = frozenset(Operator[name] for name in ("IS", "EQ", "NE", "LT", "LE", "GT", "GE", "IN"))


def worlds(conditions: Iterable[Condition], *, most: int) -> Iterator[Facts] | None:
    """Return the facts to try; None where they are more than *most*, or a comparison is not understood.

    Those with more known facts come first.
    """
    asked: dict[Attribute, dict[Atom, None]] = {}
    for condition in conditions:
        for atom, _ in atoms(condition):
            asked.setdefault(atom.attribute, {})[atom] = None
    choices: list[list[Any]] = []
    for attribute, compared in asked.items():
        if attribute.type not in _PLACES or any(atom.operator not in _KNOWN for atom in compared):
            return None
        choices.append(_parts(attribute, tuple(compared)))
    if prod(len(values) for values in choices) > most:
        return None
    names = [attribute.name for attribute in asked]
    return (
        {name: value for name, value in zip(names, chosen, strict=True) if value is not None}
        for chosen in product(*choices)
    )


def _parts(attribute: Attribute, compared: Sequence[Atom]) -> list[Any]:
    """Return one value for each way in which the comparisons come out; None stands for not known."""
    values: list[Any] = [*_PLACES[attribute.type](attribute, compared)]
    if attribute.criterion != "time":
        values.append(None)
    once: dict[tuple[bool | None, ...], Any] = {}
    for value in values:
        once.setdefault(tuple(holds(atom, value) for atom in compared), value)
    return list(once.values())


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
