"""Can every pattern and condition of a rule be read? Read once, when the policy is loaded.

Fills the ``Scene`` that the matcher looks into. A pattern that the rule itself
settles, as ``*`` in ``p.obj == "*" || ipMatch(r.obj, p.obj)``, is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from policies.casbin import matcher, operators
from policies.casbin.evaluate import Scene
from policies.casbin.model import Model
from policies.casbin.rows import Rule
from policies.casbin.tree import (
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
    Or,
    Param,
    Period,
    leaves,
    operands,
)
from policies.problems import Problem, Refusal, Severity

_PATHS = operators.OPERATORS - {"ipMatch"}


class Preparation:
    """What the rules of one policy hold beside plain text, and what is wrong with it."""

    def __init__(self, model: Model, scene: Scene) -> None:
        self.model = model
        self.scene = scene
        self.trees: dict[str, Node] = {}
        self.problems: list[Problem] = []

    def add(self, rule: Rule, places: Sequence[int]) -> None:
        """Read the patterns and conditions of *rule*, whose fields begin at the columns *places*."""
        self._add(self.model.matcher, rule, places)

    def _add(self, node: Node, rule: Rule, places: Sequence[int]) -> None:
        match node:
            case And(operands) | Or(operands):
                decisive = isinstance(node, Or)
                if not any(_settled(operand, rule.values) is decisive for operand in operands):
                    for operand in operands:
                        self._add(operand, rule, places)
            case Not(inner):
                self._add(inner, rule, places)
            case Call(name, _, pattern):
                self._pattern(name, pattern, rule, places)
            case Member(kind, _, group):
                names = self.scene.graphs[kind].kind.names
                if names is not None and not isinstance(group, Param):
                    self._pattern(names, group, rule, places)
            case Period(start, end):
                self._period(start, end, rule, places)
            case Eval(column):
                self._condition(column, rule, places)
            case _:
                pass

    def _pattern(self, name: str, pattern: Literal | Column, rule: Rule, places: Sequence[int]) -> None:
        text = _text(pattern, rule)
        if (name, text) in self.scene.tests:
            return
        try:
            self.scene.tests[name, text] = self.model.operators[name].compiled(text)
        except Refusal as refusal:
            self._refused(refusal, pattern, rule, places)
            return
        said = operators.remark(name, text) if isinstance(pattern, Column) else ""
        if said and isinstance(pattern, Column):
            at = places[pattern.index]
            hint = "write `/*` for all below a path, or ask another operator"
            self.problems.append(Problem(rule.line, at, "pattern", said, hint, Severity.WARNING))

    def _period(
        self, start: Literal | Column, end: Literal | Column, rule: Rule, places: Sequence[int]
    ) -> None:
        first, last = _text(start, rule), _text(end, rule)
        try:
            self.scene.periods[first, last] = operators.period(first, last)
        except Refusal as refusal:
            self._refused(refusal, start if isinstance(start, Column) else end, rule, places)

    def _condition(self, column: Column, rule: Rule, places: Sequence[int]) -> None:
        text = rule.values[column.index]
        try:
            if text not in self.trees:
                tree = matcher.parse(text, self.model.scope, inner=True)
                self.scene.conditions[text] = self.scene.compiled(tree)
                self.trees[text] = tree
            self._add(self.trees[text], rule, places)
        except Refusal as refusal:
            self._refused(refusal, column, rule, places)

    def _refused(self, refusal: Refusal, at: Literal | Column, rule: Rule, places: Sequence[int]) -> None:
        column = places[at.index] if isinstance(at, Column) else 1
        self.problems.append(refusal.at(rule.line, column))


def patterns_asked(model: Model, trees: Iterable[Node]) -> Mapping[Param, bool]:
    """Return what of the request is matched by patterns of paths, and whether keyMatch5 alone asks it.

    That one passes over a query; any other way to ask would not, and a deny would miss `/secret?x`.
    """
    kinds = {kind.name for kind in model.kinds if kind.names is not None}
    found: set[Operand] = set()
    otherwise: set[Operand] = set()
    for leaf in (leaf for tree in (model.matcher, *trees) for leaf in leaves(tree)):
        if isinstance(leaf, Call) and leaf.name in _PATHS:
            found.add(leaf.value)
        elif isinstance(leaf, Member) and leaf.kind in kinds:
            found.add(leaf.member)
        if not (isinstance(leaf, Call) and leaf.name == "keyMatch5"):
            otherwise.update(operands(leaf))
    return {operand: operand not in otherwise for operand in found if isinstance(operand, Param)}


def _settled(node: Node, row: Sequence[str]) -> bool | None:
    """Return what the columns of a rule alone say of *node*; None if the question matters."""
    match node:
        case Compare("==", Column(_, index), Literal(value)) | Compare(
            "==", Literal(value), Column(_, index)
        ):
            return row[index] == value if isinstance(value, str) else None
        case _:
            return None


def _text(operand: Literal | Column, rule: Rule) -> str:
    return rule.values[operand.index] if isinstance(operand, Column) else str(operand.value)
