"""What does a rule seldom mean as it stands? Never refuses.

A ``*`` where nothing reads it as one: Casbin compares such a field letter by letter, and a deny for
everybody forbids nothing. A deny on a group that no link names: mistyped, it forbids nothing either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from policies.casbin.model import EFFECT, Model
from policies.casbin.roles import Link
from policies.casbin.rows import Rule
from policies.casbin.tree import Column, Compare, Literal, Member, Node, leaves, operands
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


def strangers(
    model: Model,
    rules: Iterable[Rule],
    places: Sequence[Sequence[int]],
    links: Mapping[str, Sequence[Link]],
) -> Iterator[Problem]:
    """Warn once of each name that a deny takes for a group or a member, and no link of its kind names."""
    columns = _only_named(model)
    known = {kind: {name for link in links[kind] for name in link[:2]} for kind in columns.values()}
    spoken = {(o.index, value) for o, value in _literals(model.matcher)}
    for rule, starts in zip(rules, places, strict=True):
        for index, kind in columns.items() if rule.deny else ():
            name = rule.values[index]
            if known[kind] and name not in known[kind] and (index, name) not in spoken:
                known[kind].add(name)
                message = f"no {kind} row names {shown(name)}: nothing else belongs to it"
                hint = f"spell it as the {kind} rows do; if it is no group, leave it"
                yield Problem(rule.line, starts[index], "group-unknown", message, hint, Severity.WARNING)


def _only_named(model: Model) -> dict[int, str]:
    """Return the kind of role of each column that names a group of it, and is no pattern or condition.

    Kinds whose names are patterns are left out: who is a member depends on the question.
    """
    plain = {kind.name for kind in model.kinds if kind.names is None}
    asked: dict[int, set[str]] = {}
    for leaf in leaves(model.matcher):
        for operand in operands(leaf) if not isinstance(leaf, Compare) else ():
            if isinstance(operand, Column):
                kind = leaf.kind if isinstance(leaf, Member) and leaf.group == operand else ""
                asked.setdefault(operand.index, set()).add(kind)
    alone = ((index, kinds.pop()) for index, kinds in asked.items() if len(kinds) == 1)
    return {index: kind for index, kind in alone if kind in plain}


def _literals(matcher: Node) -> Iterator[tuple[Column, object]]:
    """Yield each column that is compared with a text of the matcher, as with `*`, and that text."""
    for leaf in leaves(matcher):
        match leaf:
            case Compare(_, Column() as column, Literal(value)) | Compare(
                _, Literal(value), Column() as column
            ):
                yield column, value
            case _:
                pass


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
