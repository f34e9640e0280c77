"""Somebody's access ends, whatever the cause: one function, one UPDATE.

Revocation, suspension of a key or person, off-boarding, "end everything": the
epoch of the person, key or service rises under its row lock. Every session,
grant and token born under the old epoch is dead from the commit on, and
nothing can be issued under it any more (see ``flows.liveness``).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from flows.parts import Parts
from flows.session import Viewer
from models.access import Grant, lock_grant
from models.base import EVERYBODY, changed_rows
from models.catalog import Service
from models.keys import Credential
from models.people import Person
from models.sessions import BrowserSession

_ROOTS: dict[str, type[Person | Credential | Service]] = {
    "person": Person,
    "key": Credential,
    "service": Service,
}


def end_root(session: Session, kind: str, root_id: str, *, cause: str, by: str) -> Event:
    """Raise the epoch of one person, key or service; the caller commits the returned event."""
    table = _ROOTS[kind]
    raised = update(table).where(table.id == root_id).values(epoch=table.epoch + 1)
    concerns = root_id if kind == "person" else EVERYBODY
    changed_rows(session, raised.execution_options(concerns=concerns))
    return Event(EventKind.ACCESS_ENDED, actor=by, subject=root_id, details={"of": kind, "cause": cause})


def end_everything(parts: Parts, viewer: Viewer) -> None:
    """A person ends all their own access, on every device, at once (this session too)."""
    with parts.db.write() as session:
        ended = end_root(session, "person", viewer.person_id, cause="own-wish", by=viewer.person_id)
        parts.commit(session, ended)


def end_session(parts: Parts, viewer: Viewer, session_id: str, *, cause: str) -> None:
    """A person ends one of their own sessions; its grants and tokens end with it."""
    now = parts.clock.now()
    with parts.db.write() as session:
        changed = changed_rows(
            session,
            update(BrowserSession)
            .where(
                BrowserSession.id == session_id,
                BrowserSession.person_id == viewer.person_id,
                BrowserSession.ended_at.is_(None),
            )
            .values(ended_at=now, ended_cause=cause)
            .execution_options(concerns=viewer.person_id),
        )
        if changed:
            parts.commit(
                session,
                Event(
                    EventKind.LOGOUT,
                    actor=viewer.person_id,
                    subject=viewer.person_id,
                    details={"session": session_id, "cause": cause},
                ),
            )


def end_grant(parts: Parts, viewer: Viewer, grant_id: str) -> bool:
    """A person says "I am done" with one grant; its tokens end with it. False: it had ended."""
    now = parts.clock.now()
    with parts.db.write() as session:
        grant = lock_grant(session, grant_id)
        if grant is None or grant.person_id != viewer.person_id or grant.state != "live":
            return False
        ended_grant(grant, "own-wish", now)
        details = {"grant": grant.id, "resources": grant.resources, "cause": "own-wish"}
        parts.commit(session, Event(EventKind.GRANT_ENDED, viewer.person_id, viewer.person_id, details))
        return True


def ended_grant(grant: Grant, cause: str, now: datetime) -> None:
    grant.state, grant.ended_at, grant.ended_cause = "ended", now, cause
