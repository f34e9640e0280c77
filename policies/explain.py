"""What can this subject reach, and why not the rest? Decisions for many doors at once.

Each answer is the one ``policies.decide`` gives; the subject's rules are
gathered once for each bundle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.access import AccessRequest, Link, Subject
from domain.decision import Decision
from policies.bundle import Bundle
from policies.decide import decide_for, facts_at


@dataclass(frozen=True, slots=True)
class Door:
    """One resource and action with its decision."""

    resource: str
    action: str
    decision: Decision


def what_can(
    subject: Subject,
    *,
    bundle: Bundle | None,
    assignments: Sequence[Link],
    resources: Iterable[str],
    actions: Sequence[str],
    attributes: Mapping[str, Any],
    now: datetime,
) -> tuple[Door, ...]:
    """Return the decision for every pair of *resources* and *actions*, in their order.

    The same *attributes* are used throughout. Revisions, assessment and id of
    the decisions are left empty: nothing is granted by them. Raises as
    ``decide`` does.
    """
    names = bundle.index.names_of(subject, assignments) if bundle is not None else frozenset[str]()
    facts = facts_at(attributes, now)
    return tuple(
        Door(
            resource,
            action,
            decide_for(
                names,
                AccessRequest(subject, action, resource, attributes),
                bundle=bundle,
                facts=facts,
                now=now,
            ),
        )
        for resource in resources
        for action in actions
    )
