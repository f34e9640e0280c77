"""Is a condition true, false or unknown, and which comparisons stand in the way?

Strong three-valued logic (S. C. Kleene, 1952): an absent fact, and one of the
wrong type, is unknown (None); ``not`` keeps unknown, ``and`` is false if any
part is false, ``or`` is true if any part is true. Does not decide what an
unknown means for a rule: see ``policies.decide``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.conditions import Atom, Condition, Not, Or

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """An atom that came out otherwise than *wanted*. *known* is False for an unknown one."""

    atom: Atom
    wanted: bool
    have: Any
    known: bool


Effort = Callable[[tuple[Fault, ...]], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The three-valued answer, and a smallest set of atoms that would have to change."""

    value: bool | None
    faults: tuple[Fault, ...]


def effort(faults: tuple[Fault, ...]) -> tuple[int, ...]:
    """Rank a way to mend: the fewest atoms first, then the fewest unknown ones."""
    return len(faults), sum(not fault.known for fault in faults)


def evaluate(condition: Condition, facts: Facts, *, wanted: bool = True, effort: Effort = effort) -> Verdict:
    """Return the value of *condition*, with the faults that keep it from being *wanted*.

    Never raises for any *facts*. Of several ways to mend it the one of the least *effort* is told.
    """
    if isinstance(condition, Atom):
        value = condition.of(facts)
        fault = Fault(condition, wanted, facts.get(condition.attribute.name), value is not None)
        return Verdict(value, () if value is wanted else (fault,))
    if isinstance(condition, Not):
        inner = evaluate(condition.operand, facts, wanted=not wanted, effort=effort)
        return Verdict(None if inner.value is None else not inner.value, inner.faults)
    verdicts = [evaluate(operand, facts, wanted=wanted, effort=effort) for operand in condition.operands]
    decisive = isinstance(condition, Or)  # the value of one operand that settles the whole
    values = [verdict.value for verdict in verdicts]
    value = decisive if decisive in values else None if None in values else not decisive
    if value is wanted:
        return Verdict(value, ())
    if wanted is decisive:
        return Verdict(value, min((v.faults for v in verdicts), key=effort))
    distinct = {(f.atom, f.wanted): f for v in verdicts for f in v.faults}  # a fact need not be hashable
    return Verdict(value, tuple(distinct.values()))


def atoms(condition: Condition, *, wanted: bool = True) -> Iterator[tuple[Atom, bool]]:
    """Yield every atom with the value it contributes to *condition* being *wanted*."""
    if isinstance(condition, Atom):
        yield condition, wanted
    elif isinstance(condition, Not):
        yield from atoms(condition.operand, wanted=not wanted)
    else:
        for operand in condition.operands:
            yield from atoms(operand, wanted=wanted)


def holds(atom: Atom, have: Any) -> bool | None:
    """Return whether a comparison holds of the fact *have*; None if that is absent or mistyped.

    One of two facts never does: see ``Atom.of``.
    """
    return atom.test(have)
