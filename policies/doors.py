"""Which resources and actions can some rules touch? The registered ones, and what rules name besides.

A service may ask for more than is registered: for what lies below a resource,
and for actions that the resource does not list. Neither decides nor compares:
see ``policies.effects``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from policies.bundle import Bundle
from policies.index import closures
from policies.names import ANY, covering, is_group, upwards
from policies.rules import Rule

ELSE = "/~"
"""Stands for whatever lies below a resource and is named by no rule."""
ANYTHING = ":~"
"""Behind a type: stands for whatever is of it and is named by no rule."""
OTHER = "any-other-action"
"""Stands for whatever a service may ask for that is no action of the resource: `*` covers it too."""


def of_types(types: Collection[str], bundles: Iterable[Bundle | None]) -> dict[str, tuple[str, ...]]:
    """Return what stands for all resources of *types*, which are not registered one by one.

    Those that a rule names, and one for the rest; their actions are those that rules name.
    """
    patterns = {
        pattern
        for bundle in bundles
        if bundle is not None
        for pattern in (
            *(p for table in bundle.index.buckets.by_action.values() for p in table),
            *(link.member for link in bundle.resource_links),
        )
    }
    named = {p for p in patterns if ANY not in p and p.partition(":")[0] in types}
    return dict.fromkeys((*sorted(named), *(type_ + ANYTHING for type_ in sorted(types))), ())


class Doors:
    """The resources that a change from one bundle to another may touch, by the patterns that reach them."""

    def __init__(self, old: Bundle | None, new: Bundle, catalogue: Mapping[str, Sequence[str]]) -> None:
        bundles = [bundle for bundle in (old, new) if bundle is not None]
        named = _named(bundles)
        groups = [closures(bundle.resource_links) for bundle in bundles]
        self._actions: dict[str, tuple[str, ...]] = {}
        self._by_pattern: dict[str, list[str]] = {}
        self._regrouped: list[str] = []
        for resource, actions in _with_below(named, catalogue).items():
            patterns = covering(resource)
            reached = [{g for p in patterns for g in closure.get(p, ())} for closure in groups]
            reaching = {*patterns, *set().union(*reached)}
            for pattern in reaching:
                self._by_pattern.setdefault(pattern, []).append(resource)
            more = sorted({action for pattern in reaching for action in named.get(pattern, ())})
            self._actions[resource] = tuple(dict.fromkeys((*actions, *more)))
            if old is None or reached[0] != reached[-1]:
                self._regrouped.append(resource)

    def touched(self, rules: Sequence[Rule]) -> list[tuple[str, tuple[str, ...]]]:
        """Return each resource, with actions, that *rules*, or a change of groups, can matter for."""
        patterns = {rule.resource for rule in rules}
        resources = {resource for p in patterns for resource in self._by_pattern.get(p, ())}
        resources.update(self._regrouped)
        others = (OTHER,) if self._regrouped or any(rule.action == ANY for rule in rules) else ()
        return [(resource, (*self._actions[resource], *others)) for resource in sorted(resources)]


def _named(bundles: Iterable[Bundle]) -> dict[str, set[str]]:
    """Return every pattern of a rule, and every grouped resource, with the actions that rules name."""
    named: dict[str, set[str]] = {}
    for bundle in bundles:
        members: dict[str, set[str]] = {}
        for member, groups in closures(bundle.action_links).items():
            for group in groups if not is_group(member) else ():
                members.setdefault(group, set()).add(member)
        for rule in bundle.rules:
            one = {rule.action} - {ANY} if not is_group(rule.action) else members.get(rule.action, set())
            named.setdefault(rule.resource, set()).update(one)
        for link in bundle.resource_links:
            named.setdefault(link.member, set())
    return named


def _with_below(named: Iterable[str], catalogue: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return *catalogue* with what lies below its resources.

    What no rule names is decided as everything else below the same pattern is.
    """
    actions = dict(catalogue)
    actions.update({resource + ELSE: does for resource, does in catalogue.items()})
    for pattern in sorted(named):
        resource = pattern.removesuffix("/*") + (ELSE if pattern.endswith("/*") else "")
        above = next((each for each in upwards(resource) if each in catalogue), None)
        if above is not None and ANY not in resource:
            actions.setdefault(resource, catalogue[above])
    return actions
