"""Which rules concern a subject, an action and a resource? A compiled index says so.

Made once when a bundle is loaded, immutable afterwards, so that any number of
threads may ask it. A question costs one look for each pattern that covers the
resource and each group of the action, however many rules there are; only rules
that match are touched. Conditions are left out: they are three-valued, and
Casbin's are not.

The served model (``policies/bundle/model.conf``) is the definition: a stock
PyCasbin enforcer and ``tests/reference/decider.py`` are compared with this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from domain.access import (
    RESERVED_TYPE,
    Link,
    Subject,
    action_name,
    canonical_resource,
    resource_id,
)
from domain.attributes import Type
from policies.buckets import Bucket, Buckets, Table
from policies.columns import Rules
from policies.kleene import Facts
from policies.names import ANY, MEMBERSHIPS, wide_of
from policies.rules import Rule

_principal = re.compile(rf"(?!{'|'.join(MEMBERSHIPS)})[a-z][a-z0-9-]*:.").match


class Index:
    """The rules and links of one bundle, by what a question names."""

    __slots__ = (
        *("_asks_path", "_builtin", "_groups", "_kinds", "_looked_in", "_plans", "_roles", "_starred"),
        *("buckets", "rules"),
    )

    def __init__(
        self,
        rules: Rules,
        buckets: Buckets,
        *,
        roles: Sequence[Link] = (),
        groups: Sequence[Link] = (),
        uses: Sequence[Link] = (),
        builtin: bool = False,
    ) -> None:
        """*roles*, *groups* and *uses* are the g, g2 and g3 rows: of roles, resources and actions."""
        self.rules = rules
        self.buckets = buckets
        self._builtin = builtin
        self._roles = closures(roles)
        self._groups = closures(groups)
        self._asks_path = any(
            atom.attribute.type is Type.PATH for clause in set(rules.clauses) for atom, _ in clause.atoms
        )
        by_action = buckets.by_action
        self._starred = (by_action[ANY],) if ANY in by_action else ()
        used = closures(uses)
        self._looked_in = {
            action: (
                *(by_action[name] for name in (action, *used.get(action, ())) if name in by_action),
                *self._starred,
            )
            for action in by_action.keys() | used.keys()
            if action != ANY and ":" not in action
        }
        patterns = {
            pattern for by_pattern in by_action.values() for pattern in by_pattern if pattern[-1] == ANY
        }
        patterns.update(member for member in self._groups if member[-1] == ANY)
        self._kinds = wide_of(patterns)
        self._plans: dict[tuple[str, str], _Plan] = {}

    def names_of(self, subject: Subject, assignments: Sequence[Link]) -> frozenset[str]:
        """Return every name that *subject* answers to: itself, ``*``, its roles and what they include.

        *assignments* of others are passed over. Raises ValueError for one that is not a
        principal's membership of a role or group.
        """
        name = str(subject)
        return self.everybody(link for link in assignments if _membership(link).member == name).get(
            name, frozenset((name, ANY))
        )

    def everybody(self, assignments: Iterable[Link]) -> dict[str, frozenset[str]]:
        """Return for each principal that has an assignment what :meth:`names_of` says of it."""
        reached: dict[str, set[str]] = {}
        for link in map(_membership, assignments):
            names = reached.setdefault(link.member, {link.member, ANY})
            names.add(link.group)
            names.update(self._roles.get(link.group, ()))
        return {member: frozenset(names) for member, names in reached.items()}

    def facts_of(self, resource: str, facts: Facts) -> Facts:
        """Return *facts* with the path of *resource*, if a rule of the bundle asks for it."""
        if not self._asks_path:
            return facts
        return {**facts, "path": path_of(resource)}

    def matching(self, names: Collection[str], action: str, resource: str) -> list[int]:
        """Return the numbers of the rules that match, whatever their condition, in no order.

        A published bundle has no say over Doorward's own resources, even by ``*``, nor the
        built-in one over others. Raises Invalid for an action or a resource that is not
        canonical: a pattern cannot be walked around by another spelling.
        """
        found = canonical_resource(resource)
        kind = found[1] if found else resource_id(resource)  # which says what is wrong
        plan = self._plans.get((action, kind)) or self._planned(action, kind)
        patterns = _narrow(resource, plan.depth) if plan.depth else [resource]
        if self._groups:
            patterns += self._groups_of([*patterns, *plan.wide])
        subjects, before = self.rules.subjects, self.buckets.before
        numbers: list[int] = []
        for look, wide in plan.steps:
            for bucket in (*wide, *map(look, patterns)):
                if bucket is None:
                    continue
                if isinstance(bucket, dict):
                    numbers += self.buckets.of_crowd(bucket, names)
                    continue
                while bucket >= 0:
                    if subjects[bucket] in names:
                        numbers.append(bucket)
                    bucket = before[bucket]
        return numbers

    def concerning(self, names: Collection[str], action: str, resource: str) -> tuple[Rule, ...]:
        """Return the rules that match, whatever their condition, sorted by what they say.

        So neither the order of lines nor a repeated rule changes which reason comes first.
        """
        return self._told(self.matching(names, action, resource))

    def about(self, action: str | None, resource: str) -> tuple[Rule, ...]:
        """Return the rules that speak of *action* (None: of any) on *resource*, whoever the subject is.

        In the order of :meth:`concerning`, which finds those of them that name one subject.
        """
        found = canonical_resource(resource)
        kind = found[1] if found else resource_id(resource)
        if (kind == RESERVED_TYPE) is not self._builtin:
            return ()
        wide, depth = self._wide(kind)
        patterns = [*_narrow(resource, depth), *wide]
        patterns += self._groups_of(patterns)
        tables = self.buckets.by_action.values() if action is None else self._look_in(action)
        return self._told(self.buckets.whole(tables, patterns))

    def _planned(self, action: str, kind: str) -> _Plan:
        """Return where to look for *action* on a resource of *kind*.

        Kept for those that the rules name: they are few, and what anybody may ask for is not.
        """
        tables = self._look_in(action)
        wide, depth = self._wide(kind)
        if (kind == RESERVED_TYPE) is not self._builtin:
            return _Plan((), 0, ())
        steps = tuple((table.get, tuple(table[name] for name in wide if name in table)) for table in tables)
        plan = _Plan(wide, depth, steps)
        if action in self._looked_in and kind in self._kinds:
            self._plans[action, kind] = plan
        return plan

    def _wide(self, kind: str) -> tuple[tuple[str, ...], int]:
        return self._kinds.get(kind) or self._kinds[ANY]

    def _groups_of(self, patterns: Iterable[str]) -> dict[str, None]:
        """Return the groups that one of *patterns* belongs to, each once."""
        return {group: None for pattern in patterns for group in self._groups.get(pattern, ())}

    def _told(self, numbers: Iterable[int]) -> tuple[Rule, ...]:
        return tuple(sorted(map(self.rules.at, numbers), key=what_it_says))

    def _look_in(self, action: str) -> Sequence[Table]:
        """Return the tables to look an action up in: its own, those of its groups, and that of ``*``."""
        tables = self._looked_in.get(action)
        if tables is None:
            action_name(action)
            return self._starred
        return tables


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where rules about one action and one type of resource lie.

    *wide*: the patterns in use that cover all of the type; *depth*: how deep others reach. A step is how a
    table is asked for a pattern, with its buckets of the wide ones.
    """

    wide: tuple[str, ...]
    depth: int
    steps: tuple[tuple[Callable[[str], Bucket | None], tuple[Bucket, ...]], ...]


def _narrow(resource: str, depth: int) -> list[str]:
    """Return *resource* and the patterns that cover a part of its type, at most *depth* deep."""
    patterns = [resource]
    end = resource.find("/")
    while end > 0 and depth:
        patterns.append(f"{resource[: end + 1]}{ANY}")
        depth -= 1
        end = resource.find("/", end + 1)
    return patterns


def _membership(link: Link) -> Link:
    if not _principal(link.member) or not link.group.startswith(MEMBERSHIPS):
        raise ValueError(f"`{link.member}` to `{link.group}` is not a membership of a role or group")
    return link


def path_of(resource: str) -> str:
    """Return what stands behind the type of a resource, after a ``/``: ``/logs/7`` of ``data:logs/7``."""
    return "/" + resource.partition(":")[2]


def what_it_says(rule: Rule) -> tuple[tuple[str, ...], str]:
    """Order rules by their meaning first, so that the order of lines does not matter."""
    return rule.row[1:], rule.id


def closures(links: Sequence[Link]) -> dict[str, frozenset[str]]:
    """Return for each member all that it belongs to, by any number of links, circles or not."""
    direct: dict[str, list[str]] = {}
    for link in links:
        direct.setdefault(link.member, []).append(link.group)
    whole: dict[str, frozenset[str]] = {}
    for member in direct:
        reached: set[str] = set()
        waiting = [member]
        while waiting:
            new = [group for group in direct.get(waiting.pop(), ()) if group not in reached]
            reached.update(new)
            waiting.extend(new)
        whole[member] = frozenset(reached)
    return whole
