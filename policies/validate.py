"""May this text be served as policy? Every finding, with line and suggestion.

Casbin loads almost anything and then fails open in silence; each such case is
an error here. Warnings point at what is allowed but seldom meant
(``policies.advice``). Pure: reads no file and knows no person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from domain.access import GROUP_TYPE, Link
from policies import advice, names
from policies.advice import Known
from policies.parse import Row, parse
from policies.problems import Problem, Refusal, Severity, shown
from policies.rules import Rule, read_rule

MAX_CHAIN = 8
"""Most links from a role to one it includes. Casbin stops looking after nine links,
the first of which may be a person's assignment, and then finds no membership at all."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was read, and everything found; *rules* is to be served only if no finding is an error."""

    rules: tuple[Rule, ...]
    links: tuple[Link, ...]
    resource_links: tuple[Link, ...]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)


def validate(text: str, *, known: Known | None = None) -> tuple[Problem, ...]:
    """Return every problem of a bundle to be published, in the order of its lines.

    With *known*, names of roles and resources that nobody knows are warned of.
    """
    return check(text, known=known).problems


def check(text: str, *, known: Known | None = None, builtin: bool = False) -> Checked:
    """Read and check *text*. *builtin*: rules speak of Doorward's own resources, and only of them."""
    rows, found = parse(text)
    problems = list(found)
    rules: list[Rule] = []
    for row in (row for row in rows if row.kind == "p"):
        rule, faults = read_rule(row, builtin=builtin)
        problems += faults
        if rule is not None:
            rules.append(rule)
    role_rows = [row for row in rows if row.kind == "g"]
    resource_rows = [row for row in rows if row.kind == "g2"]
    problems += _same_id(rows)
    problems += _links(role_rows, _role_link)
    problems += _links(resource_rows, _resource_link)
    problems += [p for linked in (role_rows, resource_rows) for p in _chains(linked)]
    problems += _undefined_groups(rules, resource_rows)
    if not any(row.kind == "p" for row in rows) and not problems:
        problems.append(Problem(1, 1, "bundle-empty", "the bundle has no rule", "write at least one p row"))
    if not problems:
        problems += advice.warnings(rules, role_rows, resource_rows, known)
    return Checked(
        tuple(rules),
        _distinct(role_rows),
        _distinct(resource_rows),
        tuple(sorted(problems, key=lambda p: (p.line, p.column, p.code))),
    )


def _distinct(rows: Iterable[Row]) -> tuple[Link, ...]:
    return tuple(dict.fromkeys(Link(*row.values) for row in rows))


def _same_id(rows: Sequence[Row]) -> list[Problem]:
    first: dict[str, int] = {}
    problems = []
    for row in (row for row in rows if row.kind == "p"):
        field = row.fields[0]
        if first.setdefault(field.text, row.line) != row.line:
            message = f"the rule id {shown(field.text)} is taken by line {first[field.text]}"
            hint = "give each rule an id of its own: decisions name it"
            problems.append(Problem(row.line, field.column, "duplicate-id", message, hint))
    return problems


def _links(rows: Sequence[Row], reader: Callable[[str, int], None]) -> list[Problem]:
    problems = []
    for row in rows:
        for index, field in enumerate(row.fields):
            try:
                reader(field.text, index)
            except Refusal as refusal:
                problems.append(refusal.at(row.line, field.column))
    return problems


def _role_link(text: str, index: int) -> None:
    del index
    if text in names.ADMIN_ROLES:
        raise Refusal(
            "reserved-role",
            f"{shown(text)} has power over Doorward itself; a bundle may neither grant nor widen it",
            "assign it to a person instead",
        )
    names.subject(text)
    if not text.startswith(names.MEMBERSHIPS):
        raise Refusal(
            "membership",
            f"{shown(text)} is not a role or group; a bundle links roles, it does not hold members",
            "give people and services their roles as assignments, which can end",
        )


def _resource_link(text: str, index: int) -> None:
    if index == 1 or text.startswith(f"{GROUP_TYPE}:"):
        names.group(text)
        return
    if "*" in text:
        raise Refusal(
            "star-misplaced",
            f"{shown(text)} is a pattern, and Casbin would take its `*` for a letter",
            "list the resources of a group one by one, or use the pattern in the rule",
            text.find("*"),
        )
    if names.is_reserved(text):
        raise Refusal("reserved-resource", f"{shown(text)} is one of Doorward's own resources")
    names.exact_resource(text)


def _chains(rows: Sequence[Row]) -> list[Problem]:
    """Refuse cycles, and chains longer than Casbin follows."""
    graph: dict[str, set[str]] = {}
    for row in rows:
        member, group = row.values
        graph.setdefault(member, set()).add(group)
    try:
        order = tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
        row = next(row for row in rows if row.fields[0].text in circle and row.fields[1].text in circle)
        path = " → ".join(circle)
        hint = "remove one of these lines: members of a circle would all be the same"
        return [Problem(row.line, row.fields[0].column, "cycle", f"{shown(path)} is a circle", hint)]
    length: dict[str, int] = {}
    for name in order:  # groups before their members
        length[name] = max((length[group] + 1 for group in graph.get(name, ())), default=0)
    deep = next((row for row in rows if length[row.fields[0].text] > MAX_CHAIN), None)
    if deep is None:
        return []
    message = f"{shown(deep.fields[0].text)} begins a chain of more than {MAX_CHAIN} links"
    hint = "Casbin would not follow it to its end: link to the last role directly"
    return [Problem(deep.line, deep.fields[0].column, "chain-long", message, hint)]


def _undefined_groups(rules: Iterable[Rule], resource_rows: Sequence[Row]) -> list[Problem]:
    """Refuse a rule on a group without members: it would never apply, a deny included."""
    defined = {row.fields[1].text for row in resource_rows}
    return [
        Problem(
            rule.line,
            1,
            "group-undefined",
            f"rule `{rule.id}` is about {shown(rule.resource)}, which has no member",
            f"add a line such as `g2, data:customer-logs, {rule.resource}`",
        )
        for rule in rules
        if rule.resource.startswith(f"{GROUP_TYPE}:") and rule.resource not in defined
    ]
