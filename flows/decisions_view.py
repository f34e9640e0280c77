"""Somebody reads out a reference on the phone: what was decided, on what, and why?

Decisions are read from the log as they were written; nothing is decided again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from domain.decision import Reason
from domain.errors import NotFound
from domain.reasons import ReasonCode, Standing
from flows.names import names_of
from flows.parts import Parts
from models.access import DecisionRow
from models.evidence import AssessmentRow
from models.people import Person, name_holds

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
    row: DecisionRow
    names: dict[str, str]
    reasons: tuple[Reason, ...]
    assessment: AssessmentRow | None

    @property
    def curable(self) -> bool:
        """Whether the person could have mended the denial at once."""
        final = any(reason.code.standing is Standing.FINAL for reason in self.reasons)
        return self.row.effect == "deny" and not final


def list_decisions(
    parts: Parts, *, person: str = "", resource: str = "", effect: str = "", before: str = ""
) -> DecisionList:
    """Return a page of decisions. *person* is an id or part of a name; *resource* begins the id."""
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
    with parts.db.read() as session:
        row = session.get(DecisionRow, decision_id)
        if row is None:
            raise NotFound("there is no such decision", remedy="Check the reference.")
        assessment = session.get(AssessmentRow, row.assessment_id) if row.assessment_id else None
        names = names_of(session, {row.subject, row.service_id or "-"})
        return DecisionPage(row, names, reasons_of(row.body), assessment)


def reasons_of(body: dict[str, Any]) -> tuple[Reason, ...]:
    """Return the reasons of a logged decision."""
    return tuple(
        Reason.of(ReasonCode(item["code"]), **item.get("details", {})) for item in body.get("reasons", ())
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
