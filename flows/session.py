"""A browser comes back: who is it, and is the session still live?

Who attacks this: a stolen or guessed cookie (256 random bits, only the digest
is stored, ends after 15 idle minutes; it works only from the place where the
key was touched), a cookie kept after the end (epochs), session fixation (a new
id at login and at every step-up).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import secret_digest
from domain.access import Link, Subject, SubjectKind
from evidence.networks import same_place
from flows.liveness import idle, read_roots, session_problem
from flows.networks import named_networks
from flows.parts import Parts
from models.people import engagements, links_of, running_engagement
from models.sessions import count_try, session_by_digest, touch_last_seen

_SEEN_EVERY = timedelta(seconds=30)  # a request refreshes the idle time at most this often


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person behind a live session."""

    session_id: str
    person_id: str
    login_name: str
    display_name: str
    credential_id: str
    credential_label: str
    vendor: str | None
    sponsor: str | None
    engagement_ends_at: datetime | None
    address: str
    logged_in_at: datetime
    touched_at: datetime
    expires_at: datetime
    idle_until: datetime
    roles: tuple[Link, ...]

    @property
    def subject(self) -> Subject:
        return Subject(SubjectKind.PERSON, self.person_id)


def current(parts: Parts, cookie: str | None, address: str, *, active: bool = True) -> Viewer | None:
    """Return the person behind *cookie*, or None when no live session belongs to it here.

    A cookie that comes from another place than its login is refused and
    recorded; whoever moved touches their key again. A request that no person
    made (*active* false) does not keep the session from becoming idle.
    """
    if not cookie:
        return None
    now = parts.clock.now()
    with parts.db.read() as session:
        row = session_by_digest(session, secret_digest(cookie))
        if row is None:
            return None
        viewer = _viewer(session, row.id, parts, now)
        here = same_place(ip_address(row.address), ip_address(address), named_networks(session))
    if viewer is None:
        return None
    if not here:
        _record_move(parts, viewer, address, now)
        return None
    if active and now - row.last_seen_at >= _SEEN_EVERY:
        with parts.db.write() as session:
            touch_last_seen(session, row.id, now)
            parts.commit(session)
    return viewer


def _record_move(parts: Parts, viewer: Viewer, address: str, now: datetime) -> None:
    """Record that the cookie came from elsewhere, once per session and hour."""
    with parts.db.write() as session:
        first = count_try(session, f"moved:{viewer.session_id}", now, timedelta(hours=1)) == 1
        details = {"session": viewer.session_id, "from": viewer.address, "to": address}
        moved = Event(EventKind.SESSION_MOVED, viewer.person_id, viewer.person_id, details)
        parts.commit(session, *([moved] if first else []))


def _viewer(session: Session, session_id: str, parts: Parts, now: datetime) -> Viewer | None:
    roots = read_roots(session, session_id)
    if roots is None or session_problem(roots, now=now) or idle(roots, limits=parts.limits, now=now):
        return None
    person, row = roots.person, roots.session
    engagement = running_engagement(session, person.id, now)
    return Viewer(
        session_id=row.id,
        person_id=person.id,
        login_name=person.login_name,
        display_name=person.display_name,
        credential_id=roots.credential.id,
        credential_label=roots.credential.label,
        vendor=engagement.vendor if engagement else None,
        sponsor=engagement.sponsor if engagement else None,
        engagement_ends_at=engagement.ends_at if engagement else None,
        address=row.address,
        logged_in_at=row.created_at,
        touched_at=row.touched_at,
        expires_at=row.expires_at,
        idle_until=min(row.expires_at, now + parts.limits.session_idle),
        roles=_roles(session, person.id, now),
    )


def _roles(session: Session, person_id: str, now: datetime) -> tuple[Link, ...]:
    """Return the memberships that count now: none once a person's last engagement is over."""
    engaged = engagements(session, person_id)
    if engaged and running_engagement(session, person_id, now) is None:
        return ()
    return links_of(session, person_id, "person", now)
