"""What does a rule seldom mean as it stands? A ``*`` where nothing reads it as one. Never refuses.

Casbin compares such a field letter by letter, and a deny for everybody forbids nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from policies.casbin.model import EFFECT, Model
from policies.casbin.rows import Rule
from policies.casbin.tree import Column, Compare, Literal, Member, leaves, operands
from policies.problems import Problem, Severity, shown


def letters(model: Model, rules: Iterable[Rule], places: Sequence[Sequence[int]]) -> Iterator[Problem]:
    """Warn of each ``*`` in a column that the matcher only compares as it stands."""
    plain = sorted(_compared(model))
    for rule, columns in zip(rules, places, strict=True):
        for index in plain:
            if "*" in rule.values[index]:
                said = shown(rule.values[index])
                message = f"the `*` of {said} is a letter: the matcher compares it as it stands"
                hint = f"ask for it, as in `p.{model.columns[index]} == '*' || …`, or by an operator"
                yield Problem(rule.line, columns[index], "star-letter", message, hint, Severity.WARNING)


def _compared(model: Model) -> set[int]:
    """Return the columns that are asked by `==` with the request, or as names of roles, and no other way."""
    names = {kind.name for kind in model.kinds if kind.names is not None}
    once: set[int] = set()
    otherwise: set[int] = set()
    for leaf in leaves(model.matcher):
        asked = operands(leaf)
        literal = any(isinstance(operand, Literal) for operand in asked)
        as_it_stands = (isinstance(leaf, Compare) and not literal) or (
            isinstance(leaf, Member) and leaf.kind not in names
        )
        found = {operand.index for operand in asked if isinstance(operand, Column)}
        (once if as_it_stands else otherwise).update(found)
    return {index for index in once - otherwise if model.columns[index] != EFFECT}
