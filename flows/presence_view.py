"""What contractors and admins see of unannounced touches: outcomes and times, no verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.errors import NotFound
from flows.names import names_of
from flows.parts import Parts
from flows.presence import there
from flows.presence_answer import may_see
from flows.session import Viewer
from models.people import Person
from models.presence import (
    DeclaredHours,
    PresenceCheck,
    PresenceRound,
    checks_of_person,
    checks_with_names,
    hours_of,
    outcomes_of,
    rounds,
)
from models.sessions import BrowserSession

PAGE = 50
HISTORY = 30
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Asking:
    """One person's part of a round. *latency* counts from the opening, *reaction* from when it was shown."""

    check: PresenceCheck
    round: PresenceRound
    person: Person | None = None

    @property
    def latency(self) -> timedelta | None:
        return self.check.answered_at - self.check.opened_at if self.check.answered_at else None

    @property
    def reaction(self) -> timedelta | None:
        if self.check.answered_at is None or self.check.shown_at is None:
            return None
        return self.check.answered_at - self.check.shown_at

    @property
    def late(self) -> timedelta | None:
        """How long after the deadline the touch came, if it did."""
        over = self.check.answered_at and self.check.answered_at - self.check.deadline
        return over if over and over > timedelta(0) else None


@dataclass(frozen=True, slots=True)
class Askings:
    """Declared hours of one person, and their newest askings."""

    hours: DeclaredHours | None
    rows: tuple[Asking, ...]


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One round in a list: who was asked, and how many ended how."""

    round: PresenceRound
    names: tuple[str, ...]
    outcomes: Counter[str]


@dataclass(frozen=True, slots=True)
class Rounds:
    """A page of rounds; *older* is the cursor of the next one."""

    rows: tuple[RoundRow, ...]
    total: int
    older: str | None


@dataclass(frozen=True, slots=True)
class RoundPage:
    """One round with all its parts, who answered first above."""

    round: PresenceRound
    rows: tuple[Asking, ...]
    opened_by: str
    open: bool


def my_askings(parts: Parts, viewer: Viewer) -> Askings:
    """Return a person's own askings; those that found nobody there are none.

    What another session is asked is told to that session first, and then counts
    as shown: or one could look on from here and sign that one out.
    """
    found = person_askings(parts, viewer.person_id)
    return Askings(found.hours, tuple(row for row in found.rows if may_see(row.check, viewer)))


def person_askings(parts: Parts, person_id: str) -> Askings:
    with parts.db.read() as session:
        rows = checks_of_person(session, person_id, limit=HISTORY)
        return Askings(hours_of(session, person_id), tuple(Asking(*row) for row in rows))


def list_rounds(parts: Parts, *, before: str = "") -> Rounds:
    with parts.db.read() as session:
        found = rounds(session, before=before, limit=PAGE + 1)
        total = session.scalar(select(func.count()).select_from(PresenceRound)) or 0
        shown = found[:PAGE]
        checks = outcomes_of(session, [row.id for row in shown])
        names = names_of(session, {check.person_id for each in checks.values() for check in each})
        rows = tuple(
            RoundRow(
                row,
                tuple(sorted(names.get(check.person_id, check.person_id) for check in checks[row.id])),
                Counter(check.outcome for check in checks[row.id]),
            )
            for row in shown
        )
        return Rounds(rows, total, shown[-1].id if len(found) > PAGE else None)


def round_page(parts: Parts, round_id: str) -> RoundPage:
    """Return one round. Raises NotFound."""
    with parts.db.read() as session:
        row = session.get(PresenceRound, round_id)
        if row is None:
            raise NotFound("there is no such asking")
        asked = tuple(Asking(check, row, person) for check, person in checks_with_names(session, round_id))
        drawn = row.opened_by == "-"
        by = "the schedule" if drawn else names_of(session, {row.opened_by})[row.opened_by]
        return RoundPage(row, asked, by, row.closed_at is None)


def who_is_there(parts: Parts) -> Sequence[Person]:
    """Return who could be asked now: active people with a live session that is not idle."""
    now = parts.clock.now()
    with parts.db.read() as session:
        return [
            person for person in _seen_lately(session, parts, now) if there(session, parts, person.id, now)
        ]


def _seen_lately(session: Session, parts: Parts, now: datetime) -> Sequence[Person]:
    lately = select(BrowserSession.person_id).where(
        BrowserSession.ended_at.is_(None),
        BrowserSession.expires_at > now,
        BrowserSession.last_seen_at > now - parts.limits.session_idle,
    )
    query = select(Person).where(Person.id.in_(lately), Person.state == "active")
    return session.scalars(query.order_by(Person.display_name, Person.id).limit(MOST_SHOWN)).all()
