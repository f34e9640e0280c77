"""A verified touch opens a session: the cookie, what its address and the touch tell, the record.

The caller has verified the answer and commits. Two ways lead here: a login,
and the first touch that activates a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import secret_digest
from crypto.secrets import new_secret
from domain.authenticators import VerifiedAssertion
from evidence.observe import from_address
from flows.networks import named_networks
from flows.observe_ceremony import observe_company, observe_touch
from flows.parts import Parts
from models.evidence import add_observations
from models.keys import Challenge, Credential
from models.people import Person, running_engagement
from models.sessions import BrowserSession


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer to a challenge: the tap, the key (locked) and its owner (locked)."""

    assertion: VerifiedAssertion
    credential: Credential
    person: Person


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session: *cookie* is shown to the browser once and never stored."""

    cookie: str
    session_id: str
    person_id: str


def enter(
    session: Session, parts: Parts, answer: Answer, challenge: Challenge, *, address: str, now: datetime
) -> tuple[LoggedIn, Event]:
    """Open a session for the person who answered; return it and its record."""
    logged_in = _open_session(session, parts, answer, address, now)
    observe_touch(
        session,
        parts,
        answer.assertion,
        answer.credential,
        challenge,
        session_id=logged_in.session_id,
        address=address,
        now=now,
    )
    _look_around(session, parts, logged_in, address, now)
    details = {
        "key": answer.credential.id,
        "session": logged_in.session_id,
        "address": address,
        "counter": answer.assertion.sign_count,
        "purpose": challenge.purpose,
        "touch_ms": int((now - challenge.created_at).total_seconds() * 1000),
    }
    return logged_in, Event(EventKind.LOGIN, answer.person.id, answer.person.id, details)


def _open_session(session: Session, parts: Parts, answer: Answer, address: str, now: datetime) -> LoggedIn:
    person, key = answer.person, answer.credential
    engagement = running_engagement(session, person.id, now)
    cookie = new_secret("dws", parts.randomness)
    row = BrowserSession(
        id=parts.ids.new("ses"),
        digest=secret_digest(cookie),
        person_id=person.id,
        credential_id=key.id,
        engagement_id=engagement.id if engagement else None,
        person_epoch=person.epoch,
        credential_epoch=key.epoch,
        address=address,
        created_at=now,
        touched_at=now,
        last_seen_at=now,
        expires_at=now + parts.limits.session,
    )
    session.add(row)
    session.flush()
    return LoggedIn(cookie, row.id, person.id)


def _look_around(session: Session, parts: Parts, logged_in: LoggedIn, address: str, now: datetime) -> None:
    """Observe where the new session comes from, and in whose company."""
    networks = named_networks(session)
    observed = from_address(
        ip_address(address),
        tables=parts.tables,
        networks=networks,
        person=logged_in.person_id,
        session=logged_in.session_id,
        ids=parts.ids,
        now=now,
    )
    add_observations(session, observed)
    observe_company(
        session,
        parts,
        person_id=logged_in.person_id,
        session_id=logged_in.session_id,
        address=address,
        networks=networks,
        now=now,
    )
