"""Somebody reads out a reference on the phone: what was decided, on what, and why?

Decisions are read from the log as they were written. What a denial lacked is worked out when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from domain.access import Link, Subject, SubjectKind
from domain.decision import Reason
from domain.errors import NotFound
from domain.reasons import Standing
from flows.decision_import import import_decisions
from flows.names import names_of
from flows.parts import Parts
from flows.replay import Replay, Then, replayed, rules_then
from models.access import DecisionRow
from models.evidence import AssessmentRow
from models.people import Person, all_live_assignments, name_holds
from policies.misses import Miss, nearest_misses

PAGE = 50


@dataclass(frozen=True, slots=True)
class DecisionList:
    """A page of decisions, newest first. *older* is the cursor of the next page."""

    rows: tuple[DecisionRow, ...]
    names: dict[str, str]
    matching: int
    older: str | None


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


def list_decisions(
    parts: Parts, *, person: str = "", resource: str = "", effect: str = "", before: str = ""
) -> DecisionList:
    """Return a page of decisions. *person* is an id or part of a name; *resource* begins the id."""
    import_decisions(parts)
    with parts.db.read() as session:
        query = _matching(person, resource, effect)
        matching = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        last = session.get(DecisionRow, before) if before else None
        if last is not None:
            earlier = and_(DecisionRow.at == last.at, DecisionRow.id < last.id)
            query = query.where(or_(DecisionRow.at < last.at, earlier))
        found = session.scalars(
            query.order_by(DecisionRow.at.desc(), DecisionRow.id.desc()).limit(PAGE + 1)
        ).all()
        rows = tuple(found[:PAGE])
        names = names_of(session, {row.subject for row in rows})
        return DecisionList(rows, names, matching, rows[-1].id if len(found) > PAGE else None)


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
    """Say what a logged denial lacked. The log keeps no names of roles: those of then are read anew."""
    if then.lacking is not None:
        return None
    bundle = then.bundle
    subject = Subject(SubjectKind.PERSON, row.subject)
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


def _matching(person: str, resource: str, effect: str) -> Select[DecisionRow]:
    query = select(DecisionRow)
    if person:
        named = select(Person.id).where(name_holds(person))
        query = query.where(or_(DecisionRow.subject == person, DecisionRow.subject.in_(named)))
    if resource:
        query = query.where(DecisionRow.resource.startswith(resource, autoescape=True))
    if effect:
        query = query.where(DecisionRow.effect == effect)
    return query
