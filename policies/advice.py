"""What is allowed, but seldom meant? The warnings shown to an author.

Never refuses anything: errors are found by ``policies.validate``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.access import Link, canonical_resource
from policies import names
from policies.casbin.operators import remark
from policies.comparisons import MATCHING
from policies.index import closures, path_of
from policies.names import ANY
from policies.parse import Row
from policies.problems import Problem, Severity, did_you_mean, shown
from policies.read import Read
from policies.rules import Clause, Rule, RuleEffect
from policies.satisfiable import applies_wherever, outcomes


@dataclass(frozen=True, slots=True)
class Known:
    """What exists outside the bundle: roles and groups that can be assigned, resources, actions."""

    roles: frozenset[str]
    resources: frozenset[str]
    actions: frozenset[str] = frozenset()


_Door = tuple[str, str, str]
_HINTS = 20
_TRIED = 300
"""So many conditions are tried; of more nothing is said: a warning is no reason to wait."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A rule, and the line on which it stands."""

    line: int
    rule: Rule


def warnings(found: Read, known: Known | None) -> list[Problem]:
    """Return the warnings of a text without errors."""
    rules = [_Placed(line, rule) for line, rule in zip(found.lines, found.rules, strict=True)]
    linked = [row for kind in ("g", "g2", "g3") for row in found.rows[kind]]
    above = closures([Link(*row.values[:2]) for row in found.rows["g"]])
    told = [*_duplicate_links(linked), *_wide_open(rules), *_needless(rules, above)]
    told += [*_fixed(rules), *_patterns(rules)]
    if known is not None:
        told += _unknown_roles(rules, found.rows["g"], known)
        told += _unknown_resources(rules, found.rows["g2"], known)
        told += _unknown_actions(rules, found.rows["g3"], known)
    return told


def _warn(line: int, code: str, message: str, suggestion: str = "", column: int = 1) -> Problem:
    return Problem(line, column, code, message, suggestion, Severity.WARNING)


def _duplicate_links(rows: Iterable[Row]) -> Iterator[Problem]:
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        line = first.setdefault((row.kind, *row.values), row.line)
        if line != row.line:
            yield _warn(row.line, "duplicate", f"this repeats line {line}", "remove one of the two")


def _wide_open(rules: Iterable[_Placed]) -> Iterator[Problem]:
    for placed in rules:
        rule = placed.rule
        if rule.effect is RuleEffect.ALLOW and (rule.subject, rule.action, rule.resource) == (ANY, ANY, ANY):
            yield _warn(
                placed.line,
                "opens-everything",
                f"rule `{rule.id}` lets everybody do everything to every resource",
                "name a role, an action and resources",
            )


def _fixed(rules: Iterable[_Placed]) -> Iterator[Problem]:
    """Find conditions that are the same whatever the facts are."""
    told: dict[Clause, frozenset[bool]] = {}
    for placed in rules:
        clause = placed.rule.clause
        if clause.when is None:
            continue
        if clause not in told and len(told) >= _TRIED:
            continue
        possible = told.get(clause) or told.setdefault(clause, outcomes(clause.when))
        if possible != {False} and canonical_resource(placed.rule.resource):
            # Of one resource the path is known, whatever else is.
            here = clause.value({"path": path_of(placed.rule.resource)})
            possible = possible if here is None else frozenset((here,))
        if possible == {False}:
            rest = "it never applies" if clause.permits else "it forbids only while a fact is not known"
            message = f"the condition of rule `{placed.rule.id}` is never true: {rest}"
            yield _warn(placed.line, "never-true", message, "look at what it compares")
        elif possible == {True}:
            message = f"the condition of rule `{placed.rule.id}` is true whenever its facts are known"
            yield _warn(placed.line, "always-true", message, "look at what it compares")


def _patterns(rules: Iterable[_Placed]) -> Iterator[Problem]:
    """Find patterns that do not do what they look like."""
    for placed in rules:
        for atom, _ in placed.rule.clause.atoms:
            told = remark(atom.operator.value, str(atom.value)) if atom.operator in MATCHING else ""
            if told:
                yield _warn(placed.line, "pattern", told, "look at docs/casbin.md")


def _needless(rules: Sequence[_Placed], above: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Find rules that say the same as another, and rules that another leaves no room.

    They are looked up by the patterns that cover a rule, so the cost grows with
    the rules, not their square. *above*: what each subject is a member of.
    """
    first: dict[tuple[str, ...], _Placed] = {}
    found: dict[_Door, list[_Placed]] = {}
    for placed in rules:
        first.setdefault(placed.rule.row[1:], placed)
        found.setdefault(_door(placed.rule), []).append(placed)
    implies = _Implications()
    for placed in rules:
        rule, same = placed.rule, first[placed.rule.row[1:]]
        if same is not placed:
            message = f"rule `{rule.id}` says the same as `{same.rule.id}` on line {same.line}"
            yield _warn(placed.line, "duplicate", message, "remove one of the two")
            continue
        others = (other for door in _wider(rule, above) for other in found.get(door, ()))
        wider = next((other for other in others if implies.warned(placed, other)), None)
        if wider is not None:
            covers = "covers it" if wider.rule.effect is rule.effect else "forbids it whenever it applies"
            message = f"rule `{rule.id}` changes nothing: `{wider.rule.id}` on line {wider.line} {covers}"
            yield _warn(placed.line, "shadowed", message, "remove it, or narrow the other one")


def _door(rule: Rule) -> _Door:
    return rule.subject, rule.action, rule.resource


def _wider(rule: Rule, above: Mapping[str, Collection[str]]) -> Iterator[_Door]:
    subjects = (rule.subject, *sorted(above.get(rule.subject, ())), ANY)
    for subject in dict.fromkeys(subjects):
        for action in dict.fromkeys((rule.action, ANY)):
            for resource in names.covering(rule.resource):
                yield subject, action, resource


class _Implications:
    """Whether one rule applies wherever another does; of conditions, only so many are compared."""

    def __init__(self) -> None:
        self._left = _TRIED

    def warned(self, placed: _Placed, wider: _Placed) -> bool:
        """Whether *placed* is told to be left no room by *wider*; of two alike, the later one is."""
        rule, other = placed.rule, wider.rule
        if not self.no_room(other, rule):
            return False
        alike = rule.effect is other.effect and _door(rule) == _door(other)
        return not (alike and placed.line < wider.line and self.no_room(rule, other))

    def no_room(self, wider: Rule, rule: Rule) -> bool:
        """Whether *rule*, which is about no more than *wider*, changes nothing beside it."""
        if wider.row[1:] == rule.row[1:]:
            return False
        if wider.effect is not RuleEffect.DENY and (
            wider.effect is not rule.effect or wider.given != rule.given
        ):
            return False
        if wider.clause.when is None:
            return True
        if rule.clause.when is None or not self._left:
            return False
        self._left -= 1
        return applies_wherever(wider.clause, rule.clause)


def _unknown_roles(rules: Iterable[_Placed], role_rows: Sequence[Row], known: Known) -> Iterator[Problem]:
    """Warn of roles that nobody can hold: neither known nor included by a role of the bundle."""
    reachable = known.roles | names.ADMIN_ROLES | {row.values[1] for row in role_rows}
    mentioned = [(placed.line, placed.rule.subject) for placed in rules]
    mentioned += [(row.line, row.values[0]) for row in role_rows]
    held = [(line, name) for line, name in mentioned if name.startswith(names.MEMBERSHIPS)]
    unknown = [(line, name) for line, name in held if name not in reachable]
    return _unknown("role-unknown", "nobody can hold {}", unknown, reachable)


def _unknown_resources(
    rules: Iterable[_Placed], resource_rows: Sequence[Row], known: Known
) -> Iterator[Problem]:
    prefixes = {prefix for resource in known.resources for prefix in names.covering(resource)}
    prefixes |= {ANY, *(row.values[1] for row in resource_rows)}
    mentioned = [(placed.line, placed.rule.resource) for placed in rules]
    mentioned += [(row.line, row.values[0]) for row in resource_rows]
    unknown = [(n, name) for n, name in mentioned if name not in prefixes]
    return _unknown("resource-unknown", "{} is no resource that is registered", unknown, known.resources)


def _unknown_actions(rules: Iterable[_Placed], action_rows: Sequence[Row], known: Known) -> Iterator[Problem]:
    """Warn of actions that no registered resource has; none registered says nothing."""
    if not known.actions:
        return iter(())
    those = known.actions | {ANY, *(row.values[1] for row in action_rows)}
    mentioned = [(placed.line, placed.rule.action) for placed in rules]
    mentioned += [(row.line, row.values[0]) for row in action_rows]
    unknown = [(n, name) for n, name in mentioned if name not in those]
    return _unknown("action-unknown", "no registered resource has the action {}", unknown, known.actions)


def _unknown(
    code: str, message: str, found: Iterable[tuple[int, str]], known: Collection[str]
) -> Iterator[Problem]:
    """Warn of each name. The first ones get a suggestion: looking for it takes as long as there are names."""
    for number, (line, name) in enumerate(found):
        hint = did_you_mean(name, known) if number < _HINTS else ""
        yield _warn(line, code, message.format(shown(name)), hint)
