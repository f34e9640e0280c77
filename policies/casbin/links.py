"""What is wrong with the links of one kind of role, and what is seldom meant?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policies.casbin.model import Kind
from policies.casbin.operators import compiled, prefix
from policies.casbin.roles import circle
from policies.parse import Row
from policies.problems import Problem, Refusal, Severity, shown


def problems(rows: Sequence[Row], kind: Kind) -> Iterator[Problem]:
    """Yield the problems of the well-formed *rows* of *kind*."""
    for row in rows:
        yield from _patterns(row, kind)
        yield from _letters(row, kind)
    yield from _circles(rows, kind)


def _patterns(row: Row, kind: Kind) -> Iterator[Problem]:
    """Check the member and the domain of a link where the model takes them for patterns, and its group.

    To Casbin a group that is a pattern is every name that it matches, of those that were seen before.
    """
    for operator, index in ((kind.names, 0), (kind.names, 1), (kind.domains, 2)):
        if operator is None:
            continue
        field = row.fields[index]
        try:
            compiled(operator, field.text)
        except Refusal as refusal:
            yield refusal.at(row.line, field.column)
            continue
        if index == 1 and not prefix(operator, field.text)[1]:
            message = f"the group {shown(field.text)} is a pattern"
            yield Problem(row.line, field.column, "group-pattern", message, "name each group that is meant")


def _letters(row: Row, kind: Kind) -> Iterator[Problem]:
    """Warn of each ``*`` of a link where the model names no operator for it."""
    for operator, index in ((kind.names, 0), (kind.domains, 2)):
        if operator is None and index < len(row.fields) and "*" in row.fields[index].text:
            field = row.fields[index]
            section = "domain_matching" if index else "role_matching"
            message = f"the `*` of {shown(field.text)} is a letter: nothing matches it as a pattern"
            hint = f"write `{kind.name} = keyMatch` in [{section}] of the model"
            yield Problem(row.line, field.column, "star-letter", message, hint, Severity.WARNING)


def _circles(rows: Sequence[Row], kind: Kind) -> Iterator[Problem]:
    """Warn of one circle of each domain: its members are all the same."""
    domains: dict[str, list[Row]] = {}
    for row in rows:
        domains.setdefault(row.fields[2].text if kind.domain else "", []).append(row)
    for linked in domains.values():
        names = circle([row.values for row in linked])
        if names:
            row = next(r for r in linked if r.fields[0].text in names and r.fields[1].text in names)
            message = f"{shown(' → '.join(names))} is a circle; its members are all the same"
            hint = "remove one of these lines"
            yield Problem(row.line, row.fields[0].column, "cycle", message, hint, Severity.WARNING)
