"""Somebody reads out a reference on the phone: what was decided, on what, and why?

Decisions are read from the log as they were written. What a denial lacked is worked out when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from domain.access import Link, Subject
from domain.decision import Reason
from domain.errors import NotFound
from domain.reasons import Standing
from flows.decision_import import import_decisions
from flows.decision_search import EVERYTHING, Found, Search, find
from flows.names import names_of
from flows.parts import Parts
from flows.replay import Replay, Then, replayed, rules_then
from models.access import DecisionRow
from models.catalog import services as all_services
from models.evidence import AssessmentRow
from models.people import all_live_assignments
from policies.misses import Miss, nearest_misses


@dataclass(frozen=True, slots=True)
class DecisionList:
    """A page of decisions. *services*: id and title of each that could have asked."""

    found: Found
    names: dict[str, str]
    services: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """One decision as it was written.

    *misses*: what it lacked, of the rules, memberships and facts of then; empty if
    the rules permit it. None if the rules of then cannot be read any more.
    *replay*: whether the same comes out again.
    """

    row: DecisionRow
    names: dict[str, str]
    reasons: tuple[Reason, ...]
    assessment: AssessmentRow | None
    misses: tuple[Miss, ...] | None
    replay: Replay

    @property
    def curable(self) -> bool:
        """Whether the person could have mended the denial at once."""
        final = any(reason.code.standing is Standing.FINAL for reason in self.reasons)
        return self.row.effect == "deny" and not final


def list_decisions(parts: Parts, search: Search = EVERYTHING, before: str = "") -> DecisionList:
    """Return a page of the decisions that fit *search*, older than the decision *before*."""
    import_decisions(parts)
    with parts.db.read() as session:
        found = find(session, search, before)
        names = names_of(session, {row.subject for row in found.rows})
        services = tuple((row.id, row.title) for row in all_services(session))
        return DecisionList(found, names, services)


def decision_page(parts: Parts, decision_id: str) -> DecisionPage:
    """Return one decision with the assessment it used. Raises NotFound."""
    import_decisions(parts)
    with parts.db.read() as session:
        row = session.get(DecisionRow, decision_id)
        if row is None:
            raise NotFound("there is no such decision", remedy="Check the reference.")
        assessment = session.get(AssessmentRow, row.assessment_id) if row.assessment_id else None
        names = names_of(session, {row.subject, row.service_id or "-"})
        then = rules_then(session, row)
        replay = replayed(session, row, then)
        return DecisionPage(
            row, names, replay.logged.reasons, assessment, _misses(session, row, then), replay
        )


def _misses(session: Session, row: DecisionRow, then: Then) -> tuple[Miss, ...] | None:
    """Say what a logged denial lacked. Old rows keep no memberships: those of then are read anew."""
    if then.lacking is not None:
        return None
    bundle, subject = then.bundle, Subject.of_key(row.subject)
    held = row.body.get("groups")
    if held is None:
        held = all_live_assignments(session, row.at, principal_id=row.subject)[row.subject]
    links = [Link(str(subject), group) for group in held]
    return nearest_misses(
        bundle.index.names_of(subject, links) if bundle is not None else (),
        row.action,
        row.resource,
        bundle=bundle,
        attributes=row.body.get("attributes", {}),
        now=row.at,
    )
