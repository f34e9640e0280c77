"""Is a condition true, false or unknown, and which comparisons stand in the way?

Strong three-valued logic (S. C. Kleene, 1952): an absent fact, and one of the
wrong type, is unknown (None); ``not`` keeps unknown, ``and`` is false if any
part is false, ``or`` is true if any part is true. Does not decide what an
unknown means for a rule: see ``policies.decide``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.attributes import Type
from policies.conditions import Atom, Condition, Not, Operator, Or

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """An atom that came out otherwise than *wanted*. *known* is False for an unknown one."""

    atom: Atom
    wanted: bool
    have: Any
    known: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The three-valued answer, and a smallest set of atoms that would have to change."""

    value: bool | None
    faults: tuple[Fault, ...]


def evaluate(condition: Condition, facts: Facts, *, wanted: bool = True) -> Verdict:
    """Return the value of *condition*, with the faults that keep it from being *wanted*.

    Never raises for any *facts*. Of several ways to mend it the one with the
    fewest atoms is told, then the one with the fewest unknown ones.
    """
    if isinstance(condition, Atom):
        value = holds(condition, facts.get(condition.attribute.name))
        fault = Fault(condition, wanted, facts.get(condition.attribute.name), value is not None)
        return Verdict(value, () if value is wanted else (fault,))
    if isinstance(condition, Not):
        inner = evaluate(condition.operand, facts, wanted=not wanted)
        return Verdict(None if inner.value is None else not inner.value, inner.faults)
    verdicts = [evaluate(operand, facts, wanted=wanted) for operand in condition.operands]
    decisive = isinstance(condition, Or)  # the value of one operand that settles the whole
    values = [verdict.value for verdict in verdicts]
    value = decisive if decisive in values else None if None in values else not decisive
    if value is wanted:
        return Verdict(value, ())
    if wanted is decisive:
        return Verdict(value, min((v.faults for v in verdicts), key=_effort))
    distinct = {(f.atom, f.wanted): f for v in verdicts for f in v.faults}  # a fact need not be hashable
    return Verdict(value, tuple(distinct.values()))


def _effort(faults: tuple[Fault, ...]) -> tuple[int, int]:
    return len(faults), sum(not fault.known for fault in faults)


def atoms(condition: Condition, *, wanted: bool = True) -> Iterator[tuple[Atom, bool]]:
    """Yield every atom with the value it contributes to *condition* being *wanted*."""
    if isinstance(condition, Atom):
        yield condition, wanted
    elif isinstance(condition, Not):
        yield from atoms(condition.operand, wanted=not wanted)
    else:
        for operand in condition.operands:
            yield from atoms(operand, wanted=wanted)


_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
}


def holds(atom: Atom, have: Any) -> bool | None:
    """Return whether one comparison holds of the fact *have*; None if that is absent or mistyped."""
    return comparison(atom)(have) if _well_typed(atom.attribute.type, have) else None


def comparison(atom: Atom) -> Callable[[Any], bool]:
    """Return the comparison of *atom* as a function of a fact of its type."""
    value: Any = atom.value
    if atom.operator is Operator.IS:
        return bool
    if atom.attribute.type is Type.TIME:
        return lambda minute: _within(minute, value)
    if atom.operator is Operator.IN:
        return lambda have: have in value
    compare = _COMPARE[atom.operator]
    if atom.attribute.type is Type.VERSION:
        return lambda have: compare(_to_length(have, len(value)), value)
    return lambda have: compare(have, value)


def _well_typed(type_: Type, have: Any) -> bool:
    # bool is a subclass of int: without the exact type, True would pass for tier 1.
    if type_ is Type.BOOL:
        return type(have) is bool
    if type_ is Type.TEXT:
        return type(have) is str
    if type_ is Type.VERSION:
        return isinstance(have, (tuple, list)) and bool(have) and all(type(part) is int for part in have)
    return type(have) is int


def _within(minute: int, period: tuple[int, int]) -> bool:
    """Return whether *minute* lies in [start, end), which may run past midnight."""
    start, end = period
    if start < end:
        return start <= minute < end
    return minute >= start or minute < end


def _to_length(version: tuple[int, ...] | list[int], length: int) -> tuple[int, ...]:
    """Cut or pad *version*: it is compared as far as the rule writes it, so 12.7 is 12."""
    return tuple(version[:length]) + (0,) * (length - len(version))
