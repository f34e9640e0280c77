"""Which rules concern a subject, an action and a resource? A compiled index says so.

Made once when a bundle is loaded, immutable afterwards, so that any number of
threads may ask it. A question costs one look for each segment of the resource
and each of its groups, however many rules there are; only rules that match
are touched. Conditions are left out: they are three-valued, and Casbin's are not.

The served model (``policies/bundle/model.conf``) is the definition: a stock
PyCasbin enforcer and ``tests/reference/decider.py`` are compared with this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from domain.access import Link, Subject, SubjectKind
from policies.names import ANY, MEMBERSHIPS, covering, is_reserved
from policies.rules import Rule

_PRINCIPALS = tuple(f"{kind.value}:" for kind in SubjectKind)
_NOTHING: Mapping[str, Sequence[Rule]] = {}

# pattern of the resource column -> action column -> subject column -> rules
_ByPattern = Mapping[str, Mapping[str, Mapping[str, Sequence[Rule]]]]


class Index:
    """The rules and links of one bundle, by what a question names."""

    __slots__ = ("_builtin", "_by_pattern", "_groups", "_roles")

    def __init__(
        self, rules: Iterable[Rule], links: Sequence[Link], resource_links: Sequence[Link], *, builtin: bool
    ) -> None:
        self._builtin = builtin
        self._by_pattern = _by_pattern(rules)
        self._roles = _closures(links)
        self._groups = _closures(resource_links)

    def names_of(self, subject: Subject, assignments: Sequence[Link]) -> frozenset[str]:
        """Return every name that *subject* answers to: itself, ``*``, its roles and what they include.

        *assignments* of others are passed over. Raises ValueError for one that is not a
        principal's membership of a role or group.
        """
        name = str(subject)
        reached = {name, ANY}
        for link in assignments:
            if not link.member.startswith(_PRINCIPALS) or not link.group.startswith(MEMBERSHIPS):
                raise ValueError(f"`{link.member}` to `{link.group}` is not a membership of a role or group")
            if link.member == name:
                reached.add(link.group)
                reached.update(self._roles.get(link.group, ()))
        return frozenset(reached)

    def concerning(self, names: Collection[str], action: str, resource: str) -> tuple[Rule, ...]:
        """Return the rules that match, whatever their condition, sorted by what they say.

        So neither the order of lines nor a repeated rule changes which reason comes first.
        A published bundle has no say over Doorward's own resources, even by ``*``, nor the
        built-in one over others.
        """
        if is_reserved(resource) is not self._builtin:
            return ()
        found: list[Rule] = []
        for pattern in (*covering(resource), *self._groups.get(resource, ())):
            by_action = self._by_pattern.get(pattern)
            if by_action is None:
                continue
            for wanted in (action, ANY):
                by_subject = by_action.get(wanted, _NOTHING)
                # The smaller of both is walked: few names ask, or few rules speak of this.
                walked = by_subject if len(by_subject) < len(names) else names
                for name in walked:
                    if name in names and name in by_subject:
                        found += by_subject[name]
        found.sort(key=_what_it_says)
        return tuple(found)

    def about(self, action: str | None, resource: str) -> tuple[Rule, ...]:
        """Return the rules that speak of *action* (None: of any) on *resource*, whoever the subject is.

        In the order of :meth:`concerning`, which finds those of them that name one subject.
        """
        if is_reserved(resource) is not self._builtin:
            return ()
        found: list[Rule] = []
        for pattern in (*covering(resource), *self._groups.get(resource, ())):
            for wanted, by_subject in self._by_pattern.get(pattern, {}).items():
                if action is None or wanted in (action, ANY):
                    found += (rule for rules in by_subject.values() for rule in rules)
        found.sort(key=_what_it_says)
        return tuple(found)


def _what_it_says(rule: Rule) -> tuple[tuple[str, ...], str]:
    return rule.row[1:], rule.id


def _by_pattern(rules: Iterable[Rule]) -> _ByPattern:
    index: dict[str, dict[str, dict[str, list[Rule]]]] = {}
    for rule in rules:
        by_subject = index.setdefault(rule.resource, {}).setdefault(rule.action, {})
        by_subject.setdefault(rule.subject, []).append(rule)
    return index


def _closures(links: Sequence[Link]) -> dict[str, frozenset[str]]:
    """Return for each member all that it belongs to, by any number of links. There are no circles."""
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
