"""Does the matcher apply to a rule? True, false or unknown, in Kleene's logic.

A parameter or property that the question does not give, or gives in another
type than it is compared with, is unknown. One function is made of the matcher
when a policy is loaded; nothing is parsed when a question is asked.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from policies.casbin.roles import Graph
from policies.casbin.tree import (
    Among,
    And,
    Call,
    Column,
    Compare,
    Eval,
    Literal,
    Member,
    Node,
    Not,
    Operand,
    Operator,
    Or,
    Param,
    Period,
    Test,
    Truth,
)

Row = Sequence[str]
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Asked:
    """One question as the matcher sees it, and what was looked up for it so far.

    *values* holds each parameter, *properties* what stands behind one. Text that is
    empty or not printable is unknown, as what is absent.
    """

    __slots__ = ("_reached", "now", "properties", "values")

    def __init__(
        self, values: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]], now: datetime
    ) -> None:
        self.values = values
        self.properties = properties
        self.now = now
        self._reached: dict[tuple[str, str, str | None], frozenset[str]] = {}

    def get(self, param: Param) -> Any:
        """Return what *param* is, None for unknown."""
        found: Any = self.values.get(param.name)
        if param.path:
            found = self.properties.get(param.name)
            for key in param.path:
                found = found.get(key) if isinstance(found, Mapping) else None
        return None if isinstance(found, str) and not (found and found.isprintable()) else found

    def reached(self, graph: Graph, name: str, domain: str | None) -> frozenset[str]:
        """Return all that *name* belongs to, looked up once for each question."""
        key = (graph.kind.name, name, domain)
        found = self._reached.get(key)
        if found is None:
            found = self._reached[key] = graph.reached(name, domain)
        return found


Applies = Callable[[Row, Asked], bool | None]
Getter = Callable[[Row, Asked], Any]


class Scene:
    """What the leaves of a matcher look into: the graphs, the patterns and the texts of eval columns.

    *tests* holds each (operator, pattern), *periods* each (start, end), *conditions* each text of
    an eval column. What is not there is unknown.
    """

    def __init__(self, graphs: Mapping[str, Graph], operators: Mapping[str, Operator]) -> None:
        self.graphs = graphs
        self.operators = operators
        self.tests: dict[tuple[str, str], Test] = {}
        self.periods: dict[tuple[str, str], Callable[[datetime], bool]] = {}
        self.conditions: dict[str, Applies] = {}

    def compiled(self, node: Node) -> Applies:
        """Return the function that answers *node* for a row and a question."""
        match node:
            case Not(inner):
                return _negated(self.compiled(inner))
            case And(operands) | Or(operands):
                return _joined([self.compiled(o) for o in operands], decisive=isinstance(node, Or))
            case Truth(operand):
                return _truth(_getter(operand))
            case Compare(sign, left, right):
                return _compare(_SIGNS[sign], sign in ("==", "!="), _getter(left), _getter(right))
            case Among(item, choices):
                return _among(_getter(item), choices)
            case Call():
                return self._call(node)
            case Period(start, end):
                return self._period(_getter(start), _getter(end))
            case Member():
                return self._member(node)
            case Eval(column):
                return self._eval(column.index)

    def _period(self, start_of: Getter, end_of: Getter) -> Applies:
        periods = self.periods

        def applies(row: Row, asked: Asked) -> bool | None:
            within = periods.get((start_of(row, asked), end_of(row, asked)))
            return None if within is None else within(asked.now)

        return applies

    def _eval(self, index: int) -> Applies:
        conditions = self.conditions

        def applies(row: Row, asked: Asked) -> bool | None:
            condition = conditions.get(row[index])
            return None if condition is None else condition(row, asked)

        return applies

    def _call(self, node: Call) -> Applies:
        name, tests = node.name, self.tests
        value_of, pattern_of = _getter(node.value), _getter(node.pattern)
        any_value = self.operators[name].values

        def applies(row: Row, asked: Asked) -> bool | None:
            value = value_of(row, asked)
            if value is None or not (any_value or isinstance(value, str)):
                return None
            test = tests.get((name, pattern_of(row, asked)))
            return None if test is None else test(value)

        return applies

    def _member(self, node: Member) -> Applies:
        graph, tests = self.graphs[node.kind], self.tests
        member_of, group_of = _getter(node.member), _getter(node.group)
        domain_of = _getter(node.domain) if node.domain is not None else None
        names = graph.kind.names

        def applies(row: Row, asked: Asked) -> bool | None:
            member, group = member_of(row, asked), group_of(row, asked)
            domain = domain_of(row, asked) if domain_of is not None else ""
            if not (isinstance(member, str) and isinstance(group, str) and isinstance(domain, str)):
                return None
            reached = asked.reached(graph, member, domain if domain_of is not None else None)
            return graph.named(reached, group, tests.get((names, group)) if names is not None else None)

        return applies


def _getter(operand: Operand) -> Getter:
    match operand:
        case Literal(value):
            return lambda _row, _asked: value
        case Column(_, index):
            return lambda row, _asked: row[index]
        case Param():
            return lambda _row, asked: asked.get(operand)


def _negated(inner: Applies) -> Applies:
    def applies(row: Row, asked: Asked) -> bool | None:
        value = inner(row, asked)
        return None if value is None else not value

    return applies


def _joined(parts: Sequence[Applies], *, decisive: bool) -> Applies:
    """*decisive*: the value of one part that settles the whole; True for ``||``, False for ``&&``."""

    def applies(row: Row, asked: Asked) -> bool | None:
        whole: bool | None = not decisive
        for part in parts:
            value = part(row, asked)
            if value is decisive:
                return decisive
            if value is None:
                whole = None
        return whole

    return applies


def _truth(value_of: Getter) -> Applies:
    def applies(row: Row, asked: Asked) -> bool | None:
        value = value_of(row, asked)
        return value if isinstance(value, bool) else None

    return applies


def _compare(
    sign: Callable[[Any, Any], bool],
    equality: bool,
    left_of: Getter,
    right_of: Getter,
) -> Applies:
    def applies(row: Row, asked: Asked) -> bool | None:
        left, right = left_of(row, asked), right_of(row, asked)
        return sign(left, right) if comparable(left, right, equality=equality) else None

    return applies


def comparable(left: Any, right: Any, *, equality: bool) -> bool:
    """Return whether two values have one type: both text, both numbers, or both yes or no."""
    if isinstance(left, bool) or isinstance(right, bool):
        return equality and isinstance(left, bool) and isinstance(right, bool)
    if isinstance(left, str):
        return isinstance(right, str)
    return isinstance(left, int | float) and isinstance(right, int | float)


def _among(item_of: Getter, choices: tuple[Literal, ...] | Param) -> Applies:
    def applies(row: Row, asked: Asked) -> bool | None:
        item = item_of(row, asked)
        held = asked.get(choices) if isinstance(choices, Param) else [c.value for c in choices]
        if not isinstance(held, list):
            return None
        whole: bool | None = False
        for one in held:
            if not comparable(item, one, equality=True):
                whole = None
            elif item == one:
                return True
        return whole

    return applies
