"""What is allowed, but seldom meant? The warnings shown to an author.

Never refuses anything: errors are found by ``policies.validate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from policies import names
from policies.names import ANY, EMPTY
from policies.parse import Row
from policies.problems import Problem, Severity, did_you_mean, shown
from policies.rules import Rule, RuleEffect


@dataclass(frozen=True, slots=True)
class Known:
    """What exists outside the bundle: roles and groups that can be assigned, resources."""

    roles: frozenset[str]
    resources: frozenset[str]


def warnings(
    rules: Sequence[Rule], role_rows: Sequence[Row], resource_rows: Sequence[Row], known: Known | None
) -> list[Problem]:
    """Return the warnings of a bundle without errors."""
    found = [*_duplicate_links([*role_rows, *resource_rows]), *_wide_open(rules), *_needless(rules)]
    if known is not None:
        found += _unknown_roles(rules, role_rows, known)
        found += _unknown_resources(rules, resource_rows, known)
    return found


def _warn(line: int, code: str, message: str, suggestion: str = "", column: int = 1) -> Problem:
    return Problem(line, column, code, message, suggestion, Severity.WARNING)


def _duplicate_links(rows: Iterable[Row]) -> Iterator[Problem]:
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        line = first.setdefault((row.kind, *row.values), row.line)
        if line != row.line:
            yield _warn(row.line, "duplicate", f"this repeats line {line}", "remove one of the two")


def _wide_open(rules: Iterable[Rule]) -> Iterator[Problem]:
    for rule in rules:
        if rule.effect is RuleEffect.ALLOW and (rule.subject, rule.action, rule.resource) == (ANY, ANY, ANY):
            yield _warn(
                rule.line,
                "opens-everything",
                f"rule `{rule.id}` lets everybody do everything to every resource",
                "name a role, an action and resources",
            )


def _needless(rules: Sequence[Rule]) -> Iterator[Problem]:
    """Find rules that say the same as another, and rules that another leaves no room.

    Only unconditional rules can leave no room. They are looked up by the
    patterns that cover a rule, so the cost grows with the rules, not their square.
    """
    first: dict[tuple[str, ...], Rule] = {}
    always: dict[tuple[str, str, str], list[Rule]] = {}
    for rule in rules:
        first.setdefault(rule.row[1:], rule)
        if rule.condition == EMPTY:
            always.setdefault(rule.row[1:4], []).append(rule)  # type: ignore[arg-type]
    for rule in rules:
        same = first[rule.row[1:]]
        if same is not rule:
            message = f"rule `{rule.id}` says the same as `{same.id}` on line {same.line}"
            yield _warn(rule.line, "duplicate", message, "remove one of the two")
            continue
        wider = next((other for other in _wider(rule, always) if _leaves_no_room(other, rule)), None)
        if wider is not None:
            message = f"rule `{rule.id}` changes nothing: `{wider.id}` on line {wider.line} covers it"
            yield _warn(rule.line, "shadowed", message, "remove it, or narrow the other one")


def _wider(rule: Rule, always: dict[tuple[str, str, str], list[Rule]]) -> Iterator[Rule]:
    for subject in dict.fromkeys((rule.subject, ANY)):
        for action in dict.fromkeys((rule.action, ANY)):
            for resource in names.covering(rule.resource):
                yield from always.get((subject, action, resource), ())


def _leaves_no_room(wider: Rule, rule: Rule) -> bool:
    if wider.row[1:] == rule.row[1:]:
        return False
    same_gift = rule.effect is RuleEffect.ALLOW and wider.given == rule.given
    return wider.effect is RuleEffect.DENY or same_gift


def _unknown_roles(rules: Iterable[Rule], role_rows: Sequence[Row], known: Known) -> Iterator[Problem]:
    """Warn of roles that nobody can hold: neither known nor included by a role of the bundle."""
    reachable = known.roles | names.ADMIN_ROLES | {row.fields[1].text for row in role_rows}
    mentioned = [(rule.line, rule.subject) for rule in rules]
    mentioned += [(row.line, row.fields[0].text) for row in role_rows]
    for line, name in mentioned:
        if name.startswith(names.MEMBERSHIPS) and name not in reachable:
            hint = did_you_mean(name, reachable)
            yield _warn(line, "role-unknown", f"nobody can hold {shown(name)}", hint)


def _unknown_resources(
    rules: Iterable[Rule], resource_rows: Sequence[Row], known: Known
) -> Iterator[Problem]:
    prefixes = {prefix for resource in known.resources for prefix in names.covering(resource)}
    groups = {row.fields[1].text for row in resource_rows}
    mentioned = [(rule.line, rule.resource) for rule in rules]
    mentioned += [(row.line, row.fields[0].text) for row in resource_rows]
    for line, name in mentioned:
        if name != ANY and name not in prefixes and name not in groups:
            hint = did_you_mean(name, known.resources)
            yield _warn(line, "resource-unknown", f"{shown(name)} is no resource that is registered", hint)
