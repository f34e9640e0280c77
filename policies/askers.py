"""Who has to be looked at, to find everybody whom a rule lets in?

The names by which somebody must answer, so that a flow need not read
everybody's memberships one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.access import Subject
from policies.bundle import Bundle
from policies.index import closures
from policies.names import ANY
from policies.rules import RuleEffect


@dataclass(frozen=True, slots=True)
class Askers:
    """The names by which somebody must answer to be let in by a rule: *everybody*, or one of *names*."""

    everybody: bool
    names: frozenset[str]

    def include(self, subject: Subject, groups: Iterable[str]) -> bool:
        """Whether a *subject* that belongs to *groups* is one of them."""
        return self.everybody or str(subject) in self.names or not self.names.isdisjoint(groups)


def askers(action: str, resource: str, *, bundle: Bundle | None) -> Askers:
    """Return who has to be looked at: nobody else is let in, whatever the session.

    The names are subjects of allows, and the roles and groups that include them.
    """
    rules = bundle.index.about(action, resource) if bundle is not None else ()
    subjects = {rule.subject for rule in rules if rule.effect is RuleEffect.ALLOW}
    belongs = closures(bundle.links) if bundle is not None else {}
    including = {member for member, groups in belongs.items() if not groups.isdisjoint(subjects)}
    return Askers(ANY in subjects, frozenset((subjects | including) - {ANY}))
