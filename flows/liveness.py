"""Is it still alive? The one place that says so for sessions, grants and tokens.

Live means: in its window, not ended, and born under the epochs that its
person, key and client have now. Ending access raises an epoch under a row
lock, and issuance takes a share lock on the same rows, so that nothing is born
under an old epoch after the end has returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from domain.decision import Reason
from domain.errors import Unavailable
from domain.limits import Limits
from domain.reasons import ReasonCode
from models.access import Grant, Token
from models.catalog import Service, lock_service
from models.engine import clock_difference
from models.keys import Credential, lock_credential
from models.people import Engagement, Person, lock_person
from models.sessions import BrowserSession, lock_session


@dataclass(frozen=True, slots=True)
class Roots:
    """The rows that a session, and all that hangs on it, lives and dies with."""

    person: Person
    credential: Credential
    session: BrowserSession


class ClocksDiffer(Unavailable):
    """Our clock and the database's tell different times: nothing that ends can be issued."""

    code = "clocks-differ"


def require_agreeing_clocks(session: Session, limits: Limits, now: datetime) -> None:
    """Raise ClocksDiffer when *now* is too far from the database's own time."""
    if clock_difference(session, now) > limits.clock_difference:
        raise ClocksDiffer("our clock and the database's differ", remedy="An operator must mend the clocks.")


def lock_roots(session: Session, row: BrowserSession) -> Roots | None:
    """Share-lock person, key and session, in this order, for issuance; None if one is gone."""
    person = lock_person(session, row.person_id, share=True)
    credential = lock_credential(session, row.credential_id, share=True)
    locked = lock_session(session, row.id, share=True)
    if person is None or credential is None or locked is None:
        return None
    return Roots(person, credential, locked)


def read_roots(session: Session, session_id: str) -> Roots | None:
    """Read person, key and session without locks, for a check that issues nothing."""
    row = session.get(BrowserSession, session_id)
    if row is None:
        return None
    person = session.get(Person, row.person_id)
    credential = session.get(Credential, row.credential_id)
    return Roots(person, credential, row) if person and credential else None


def person_problem(person: Person) -> ReasonCode | None:
    return None if person.state == "active" else ReasonCode.PERSON_SUSPENDED


def engagement_problem(ever: Sequence[Engagement], now: datetime) -> Reason:
    """Return why somebody has no running engagement, given all that they ever had."""
    coming = [e for e in ever if e.state == "active" and e.starts_at > now]
    if coming:
        first = min(coming, key=lambda e: e.starts_at)
        return Reason.of(
            ReasonCode.ENGAGEMENT_NOT_STARTED, when=f"on {first.starts_at:%-d %B %Y at %H:%M} UTC"
        )
    return Reason.of(ReasonCode.ENGAGEMENT_ENDED if ever else ReasonCode.ENGAGEMENT_NONE)


def session_problem(roots: Roots | None, *, now: datetime) -> ReasonCode | None:
    """Return why the session is not live, or None when it is.

    Being idle closes the browser's door only (see ``idle``): what was opened
    runs to its own, shorter end.
    """
    if roots is None:
        return ReasonCode.SESSION_ENDED
    row = roots.session
    if person_problem(roots.person):
        return ReasonCode.PERSON_SUSPENDED
    born = (row.person_epoch, row.credential_epoch)
    alive = (
        row.ended_at is None
        and now < row.expires_at
        and roots.credential.state == "active"
        and born == (roots.person.epoch, roots.credential.epoch)
    )
    return None if alive else ReasonCode.SESSION_ENDED


def idle(roots: Roots, *, limits: Limits, now: datetime) -> bool:
    """Whether the browser has been silent for too long; it must log in again."""
    return now >= roots.session.last_seen_at + limits.session_idle


def grant_problem(grant: Grant | None, roots: Roots, *, now: datetime) -> ReasonCode | None:
    """Return why the grant is not live in this session, or None when it is."""
    if grant is None or grant.session_id != roots.session.id:
        return ReasonCode.GRANT_NEEDED
    born = (grant.person_epoch, grant.credential_epoch)
    alive = (
        grant.state == "live"
        and grant.not_before <= now < grant.not_after
        and born == (roots.person.epoch, roots.credential.epoch)
    )
    return None if alive else ReasonCode.GRANT_ENDED


def token_is_live(token: Token, roots: Roots, client: Service, *, now: datetime) -> bool:
    """Whether the token itself is live; session and grant are asked apart."""
    born = (token.person_epoch, token.credential_epoch, token.client_epoch)
    return (
        token.revoked_at is None
        and now < token.expires_at
        and client.state == "active"
        and born == (roots.person.epoch, roots.credential.epoch, client.epoch)
    )


__all__ = [
    "ClocksDiffer",
    "Roots",
    "engagement_problem",
    "grant_problem",
    "idle",
    "lock_roots",
    "lock_service",
    "person_problem",
    "read_roots",
    "require_agreeing_clocks",
    "session_problem",
    "token_is_live",
]
