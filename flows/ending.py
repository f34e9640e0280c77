"""Before access ends: what would end, and for whom? Shown to whoever is about to end it.

Counts what is live now; what is opened between the look and the end ends all
the same (see ``flows.end_access``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from flows.liveness import read_roots, session_problem
from models.access import Grant, Token
from models.catalog import covers
from models.people import Person
from models.sessions import BrowserSession


@dataclass(frozen=True, slots=True)
class Loss:
    """What one person would lose."""

    person_id: str
    name: str
    sessions: int
    grants: int
    tokens: int

    @property
    def words(self) -> str:
        counted = ((self.sessions, "session"), (self.grants, "open door"), (self.tokens, "token"))
        return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counted if n)


def losses_of_person(session: Session, person_id: str, now: datetime) -> tuple[Loss, ...]:
    return _losses(session, BrowserSession.person_id == person_id, now)


def losses_of_key(session: Session, credential_id: str, now: datetime) -> tuple[Loss, ...]:
    return _losses(session, BrowserSession.credential_id == credential_id, now)


def losses_of_resource(session: Session, resource: str, now: datetime) -> tuple[Loss, ...]:
    """Return whose open doors lead to *resource*; their sessions go on."""
    grants = [row for row in _live_grants(session, now) if any(covers(r, resource) for r in row.resources)]
    return _by_person(session, Counter(), Counter(row.person_id for row in grants), Counter())


def losses_of_service(session: Session, service_id: str, now: datetime) -> tuple[Loss, ...]:
    """Return whose tokens were issued to the service; sessions and open doors go on."""
    tokens = [row for row in _live_tokens(session, now) if row.client_id == service_id]
    return _by_person(session, Counter(), Counter(), Counter(row.person_id for row in tokens))


def _losses(session: Session, which: ColumnElement[bool], now: datetime) -> tuple[Loss, ...]:
    rows = session.scalars(
        select(BrowserSession).where(
            which, BrowserSession.ended_at.is_(None), BrowserSession.expires_at > now
        )
    ).all()
    live = {
        row.id: row.person_id for row in rows if session_problem(read_roots(session, row.id), now=now) is None
    }
    grants = [row for row in _live_grants(session, now) if row.session_id in live]
    tokens = [row for row in _live_tokens(session, now) if row.session_id in live]
    return _by_person(
        session,
        Counter(live.values()),
        Counter(row.person_id for row in grants),
        Counter(row.person_id for row in tokens),
    )


def _live_grants(session: Session, now: datetime) -> list[Grant]:
    rows = session.scalars(select(Grant).where(Grant.state == "live", Grant.not_after > now))
    return [row for row in rows if row.not_before <= now]


def _live_tokens(session: Session, now: datetime) -> list[Token]:
    return list(session.scalars(select(Token).where(Token.revoked_at.is_(None), Token.expires_at > now)))


def _by_person(
    session: Session, sessions: Counter[str], grants: Counter[str], tokens: Counter[str]
) -> tuple[Loss, ...]:
    people = session.scalars(
        select(Person)
        .where(Person.id.in_({*sessions, *grants, *tokens}))
        .order_by(Person.display_name, Person.id)
    )
    return tuple(
        Loss(row.id, row.display_name, sessions[row.id], grants[row.id], tokens[row.id]) for row in people
    )
