"""Which decisions fit what somebody looks for? One condition for each thing that they know of it.

Order and cursor are (moment, id): no page is counted off from the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from models.access import DecisionRow, determined_by, gave_reason
from models.people import Person, name_holds

PAGE = 50
COUNTED = 1_000
"""Matches that are counted; of more it is said that there are more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is known of the decisions; empty is anything.

    *person*: an id or part of a name; *resource* begins the id; *rule* carried the effect;
    *reason* is a code; from *since*, until before *until* (aware).
    """

    person: str = ""
    resource: str = ""
    action: str = ""
    effect: str = ""
    door: str = ""
    service: str = ""
    rule: str = ""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = Search()


@dataclass(frozen=True, slots=True)
class Found:
    """A page, newest first. *older* is the cursor of the next; *matching* counts up to COUNTED + 1."""

    rows: tuple[DecisionRow, ...]
    matching: int
    older: str | None


def find(session: Session, search: Search, before: str = "") -> Found:
    """Return a page of what fits *search*, older than the decision *before*."""
    fitting = select(DecisionRow).where(*_conditions(session, search))
    page = fitting
    last = session.get(DecisionRow, before) if before else None
    if last is not None:
        earlier = and_(DecisionRow.at == last.at, DecisionRow.id < last.id)
        page = page.where(DecisionRow.at <= last.at, or_(DecisionRow.at < last.at, earlier))
    newest = page.order_by(DecisionRow.at.desc(), DecisionRow.id.desc()).limit(PAGE + 1)
    rows = session.scalars(newest).all()
    whole = last is None and len(rows) <= PAGE
    matching = len(rows) if whole else _counted(session, fitting)
    return Found(tuple(rows[:PAGE]), matching, rows[PAGE - 1].id if len(rows) > PAGE else None)


def _counted(session: Session, fitting: Select[DecisionRow]) -> int:
    ids = fitting.with_only_columns(DecisionRow.id).limit(COUNTED + 1)
    return session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def _conditions(session: Session, search: Search) -> list[ColumnElement[bool]]:
    exact = (
        (DecisionRow.action, search.action),
        (DecisionRow.effect, search.effect),
        (DecisionRow.door, search.door),
        (DecisionRow.service_id, search.service),
    )
    conditions: list[ColumnElement[bool]] = [column == value for column, value in exact if value]
    if search.person:
        named = select(Person.id).where(name_holds(search.person))
        conditions.append(or_(DecisionRow.subject == search.person, DecisionRow.subject.in_(named)))
    if search.resource:
        conditions.append(DecisionRow.resource.startswith(search.resource, autoescape=True))
    if search.rule:
        conditions.append(determined_by(session, search.rule))
    if search.reason:
        conditions.append(gave_reason(session, search.reason))
    if search.since is not None:
        conditions.append(DecisionRow.at >= search.since)
    if search.until is not None:
        conditions.append(DecisionRow.at < search.until)
    return conditions
