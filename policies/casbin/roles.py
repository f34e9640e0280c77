"""To what does a name belong, by the links of one kind of role?

Links are followed to their end, however many there are, and circles are
followed once: Casbin stops after ten links and then finds nothing. Where the
model says so (``[role_matching]``, ``[domain_matching]``), a link's member, the
group that is asked for, and a link's domain are patterns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from policies.casbin.model import Kind
from policies.casbin.operators import Match, compiled, prefix

Link = tuple[str, ...]
"""(member, group) or (member, group, domain)."""
_Direct = dict[str, list[str]]


class Graph:
    """The links of one kind, immutable once made."""

    __slots__ = ("_by_domain", "_domains", "_every", "_patterns", "kind")

    def __init__(self, kind: Kind, links: Iterable[Link]) -> None:
        self.kind = kind
        self._by_domain: dict[str, _Direct] = {}
        self._every: _Direct = {}
        for member, group, *domain in links:
            direct = self._by_domain.setdefault(domain[0], {}) if domain else self._every
            direct.setdefault(member, []).append(group)
        for direct in self._by_domain.values():
            for member, groups in direct.items():
                self._every.setdefault(member, []).extend(groups)
        self._patterns = _patterns(kind.names, self._every)
        self._domains = _patterns(kind.domains, self._by_domain)

    def reached(self, name: str, domain: str | None) -> frozenset[str]:
        """Return *name* and all that it belongs to in *domain*; None is any domain."""
        graphs = [self._every] if domain is None else self._in(domain)
        found = {name}
        waiting = [name]
        while waiting:
            for member in self._answering(waiting.pop()):
                new = {g for direct in graphs for g in direct.get(member, ())} - found
                found |= new
                waiting.extend(new)
        return frozenset(found)

    def named(self, reached: frozenset[str], group: str, pattern: Match | None) -> bool:
        """Return whether *group* is among *reached*, also by the *pattern* that it is."""
        return group in reached or (pattern is not None and any(pattern(name) for name in reached))

    def _answering(self, name: str) -> Iterator[str]:
        """Yield the members of links that *name* is, or matches."""
        yield name
        yield from (member for pattern, member in self._patterns if member != name and pattern(name))

    def _in(self, domain: str) -> list[_Direct]:
        names = dict.fromkeys([domain, *(d for pattern, d in self._domains if pattern(domain))])
        return [self._by_domain[name] for name in names if name in self._by_domain]


def _patterns(operator: str | None, names: Iterable[str]) -> list[tuple[Match, str]]:
    """Return the tests of those *names* that match more than themselves."""
    if operator is None:
        return []
    return [(compiled(operator, name), name) for name in names if not prefix(operator, name)[1]]


def circle(links: Sequence[Link]) -> tuple[str, ...]:
    """Return the names of one circle of *links*, each belonging to the next, or nothing."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for member, group, *_ in links:
        sorter.add(member, group)
    try:
        sorter.prepare()
    except CycleError as error:
        return tuple(error.args[1][::-1])
    return ()
