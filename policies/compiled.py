"""A condition as one function of the facts: true, false or unknown, and nothing else.

Made once when a clause is read. It says the same as ``policies.kleene``, which
also says why; that is asked only when somebody is to be told. No text is
parsed and no expression evaluated when a question is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from domain.attributes import Type
from policies.comparisons import Operator
from policies.conditions import Atom, Condition, Not, Or
from policies.kleene import Facts

Test = Callable[[Facts], bool | None]


# The comparisons of whole numbers, most often met, without a call inside the call.
_DIRECT: dict[Operator, Callable[[str, Any], Test]] = {
    Operator.EQ: lambda n, v: lambda facts: have == v if type(have := facts.get(n)) is int else None,
    Operator.NE: lambda n, v: lambda facts: have != v if type(have := facts.get(n)) is int else None,
    Operator.LT: lambda n, v: lambda facts: have < v if type(have := facts.get(n)) is int else None,
    Operator.LE: lambda n, v: lambda facts: have <= v if type(have := facts.get(n)) is int else None,
    Operator.GT: lambda n, v: lambda facts: have > v if type(have := facts.get(n)) is int else None,
    Operator.GE: lambda n, v: lambda facts: have >= v if type(have := facts.get(n)) is int else None,
}


@lru_cache(maxsize=4096)
def compiled(condition: Condition) -> Test:
    """Return the test of *condition*: True, False, or None for unknown. Equal conditions share one."""
    if isinstance(condition, Atom):
        return _atom(condition)
    if isinstance(condition, Not):
        return _negated(compiled(condition.operand))
    return _joined([compiled(operand) for operand in condition.operands], decisive=isinstance(condition, Or))


def _atom(atom: Atom) -> Test:
    if atom.other is not None:
        return atom.of
    name, holds, value = atom.attribute.name, atom.test, atom.value
    if atom.attribute.type is Type.INT and atom.operator in _DIRECT:
        return _DIRECT[atom.operator](name, value)
    if atom.attribute.type is Type.BOOL:
        return lambda facts: have if type(have := facts.get(name)) is bool else None
    return lambda facts: holds(facts.get(name))


def _negated(inner: Test) -> Test:
    def test(facts: Facts) -> bool | None:
        value = inner(facts)
        return None if value is None else not value

    return test


def _joined(tests: Sequence[Test], *, decisive: bool) -> Test:
    """*decisive*: the value of one part that settles the whole; True for ``or``, False for ``and``."""

    def test(facts: Facts) -> bool | None:
        whole: bool | None = not decisive
        for part in tests:
            value = part(facts)
            if value is decisive:
                return decisive
            if value is None:
                whole = None
        return whole

    return test
