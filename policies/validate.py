"""May this text be served as policy? Every finding, with line and suggestion.

Casbin loads almost anything and then fails open in silence; each such case is
an error here. Warnings point at what is allowed but seldom meant
(``policies.advice``). Pure: reads no file and knows no person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from graphlib import CycleError, TopologicalSorter

from domain.access import Link
from policies import advice, declared, names, trials
from policies.advice import Known
from policies.buckets import Buckets
from policies.columns import Rules
from policies.conditions import Declared
from policies.index import closures
from policies.names import ANY
from policies.parse import Row, read_field
from policies.problems import Problem, Refusal, Severity, shown
from policies.read import Read, read

MAX_CHAIN = 8
"""Most links from a role to one it includes. Casbin stops looking after nine links,
the first of which may be a person's assignment, and then finds no membership at all."""

_TANGLED = ("cycle", "chain-long", "links-many")
MAX_MEMBERSHIPS = 1_000_000
"""Most memberships that the rows of one kind may make, those through other groups among them."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was read, and everything found; the rest is to be served only if no finding is an error."""

    rules: Rules
    buckets: Buckets
    links: tuple[Link, ...]
    resource_links: tuple[Link, ...]
    action_links: tuple[Link, ...]
    problems: tuple[Problem, ...]
    tests: tuple[trials.Trial, ...] = ()
    declared: Declared = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)


def validate(text: str, *, known: Known | None = None) -> tuple[Problem, ...]:
    """Return every problem of a bundle to be published, in the order of its lines.

    With *known*, names of roles and resources that nobody knows are warned of.
    """
    found = read(text, builtin=False)
    problems = errors_of(found)
    if not problems:
        compared = (atom for clause in set(found.rules.clauses) for atom, _ in clause.atoms)
        problems += declared.warnings(found.rows["a"], compared)
        problems += [*advice.warnings(found, known), *trials.warnings(found, known)]
    return in_order(problems)


def check(text: str, *, builtin: bool = False) -> Checked:
    """Read and check *text*. *builtin*: rules speak of Doorward's own resources, and only of them."""
    found = read(text, builtin=builtin)
    buckets = Buckets.of(found.rules.subjects, found.actions, found.resources)
    return joined(found.rules, buckets, found.rows, in_order(errors_of(found)), found.declared)


def joined(
    rules: Rules,
    buckets: Buckets,
    rows: Mapping[str, Sequence[Row]],
    problems: tuple[Problem, ...],
    properties: Declared,
) -> Checked:
    """Return rules together with what the other rows say."""
    return Checked(
        rules,
        buckets,
        distinct(rows["g"]),
        distinct(rows["g2"]),
        distinct(rows["g3"]),
        problems,
        trials.read(rows["t"], properties)[0],
        properties,
    )


def errors_of(found: Read) -> list[Problem]:
    """Return the errors of what was read, those of its single lines among them."""
    problems = [*found.problems, *row_errors(found.rows, found.declared)]
    if not any(problem.code in _TANGLED for problem in problems):
        problems += undefined_groups(zip(found.lines, found.actions, strict=True), found.rows["g3"])
        problems += undefined_groups(zip(found.lines, found.resources, strict=True), found.rows["g2"])
    if not problems and not found.rules:
        problems.append(Problem(1, 1, "bundle-empty", "the bundle has no rule", "write at least one p row"))
    return problems


def row_errors(rows: Mapping[str, Sequence[Row]], properties: Declared) -> list[Problem]:
    """Return the errors of g, g2, g3, a and t rows."""
    problems = [*declared.read(rows["a"])[1], *trials.read(rows["t"], properties)[1]]
    for kind, reader in (("g", _role_link), ("g2", _resource_link), ("g3", _action_link)):
        problems += _links(rows[kind], reader)
        problems += _chains(rows[kind])
    return problems


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda p: (p.line, p.column, p.code)))


def distinct(rows: Iterable[Row]) -> tuple[Link, ...]:
    """Return the links of *rows*, each once."""
    return tuple(dict.fromkeys(Link(*row.values) for row in rows))


def _links(rows: Sequence[Row], reader: Callable[..., None]) -> list[Problem]:
    problems: list[Problem] = []
    for row in rows:
        for index in range(len(row.fields)):
            read_field(row, index, partial(reader, index=index), problems)
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
    if index == 1 or names.is_group(text):
        names.group(text)
        return
    if text == ANY:
        raise Refusal(
            "star-misplaced",
            "`*` would put every resource into the group",
            "write `*` in the rule itself, or name a type: `data:*`",
        )
    names.resource(text, builtin=False)


def _action_link(text: str, index: int) -> None:
    if index == 1 or names.is_group(text):
        names.group(text)
        return
    if text == ANY:
        raise Refusal("star-misplaced", "`*` would put every action into the group", "write `*` in the rule")
    names.action(text)


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
        return _too_many(rows, graph, order)
    message = f"{shown(deep.fields[0].text)} begins a chain of more than {MAX_CHAIN} links"
    hint = "Casbin would not follow it to its end: link to the last role directly"
    return [Problem(deep.line, deep.fields[0].column, "chain-long", message, hint)]


def _too_many(rows: Sequence[Row], graph: Mapping[str, set[str]], order: Sequence[str]) -> list[Problem]:
    """Refuse links that make so many memberships that holding them would fill the memory."""
    reached: dict[str, set[str]] = {}
    total = 0
    for name in order:
        groups = graph.get(name, set())
        reached[name] = groups.union(*(reached[group] for group in groups))
        total += len(reached[name])
        if total > MAX_MEMBERSHIPS:
            message = f"the links make more than {MAX_MEMBERSHIPS:,} memberships"
            return [Problem(rows[0].line, 1, "links-many", message, "link fewer groups of groups")]
    return []


def undefined_groups(mentioned: Iterable[tuple[int, str]], rows: Sequence[Row]) -> list[Problem]:
    """Refuse rules and links on a group without members: they would never apply, a deny included.

    *mentioned*: lines and what their rule is about; *rows* give the groups their members. A group of
    empty groups is empty.
    """
    members = [row.values[0] for row in rows if not names.is_group(row.values[0])]
    belongs = closures(distinct(rows))
    filled = {group for member in members for group in belongs[member]}
    return [
        Problem(
            line,
            1,
            "group-undefined",
            f"the line is about {shown(name)}, which has no member",
            f"add a line that begins with g2 (resources) or g3 (actions) and ends with `{name}`",
        )
        for line, name in (*mentioned, *((row.line, row.values[0]) for row in rows))
        if names.is_group(name) and name not in filled
    ]
