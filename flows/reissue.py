"""Somebody lost their key: proven anew, touched for by an admin and a sponsor, and a wait before the new one.

Who attacks this: whoever claims on the telephone to be the person (somebody
names how they were proven again), an admin alone (a sponsor touches too; two
people, neither of them the person, over one digest of the request), a fast
accomplice (the wait, in which the old contact is told), two admins at once
(one open request for each person; used by one conditional UPDATE).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import json_digest
from domain.errors import Conflict, Forbidden, Invalid, NotFound
from flows.parts import Parts
from models.base import changed_rows
from models.custody import Reissue
from models.keys import credentials_of
from models.people import lock_person

PROOFS = ("live-video", "in-person", "document")
SIGNERS = ("admin", "sponsor")


def ask(
    session: Session, parts: Parts, person_id: str, *, reason: str, proofing: dict[str, str], by: str
) -> tuple[Reissue, Event]:
    """Open a request for *person_id*; the caller commits the event. One is open at a time.

    *proofing*: ``how`` (one of :data:`PROOFS`), ``by`` (who saw them), ``reference``.
    """
    person = lock_person(session, person_id)
    if person is None or person.state != "active":
        raise NotFound("there is no such active person")
    _refuse_self(person_id, by)
    facts = {name: str(proofing.get(name, "")).strip()[:200] for name in ("how", "by", "reference")}
    if facts["how"] not in PROOFS or not facts["by"] or not facts["reference"] or not reason.strip():
        raise Invalid(
            "the reason, and how, by whom and under which reference they were proven again, are needed",
            code="reissue-proofing",
            remedy="Fill in all four.",
        )
    if open_request(session, person_id) is not None:
        raise Conflict(
            "a request is open already", code="reissue-open", remedy="Go on with it, or withdraw it."
        )
    row = Reissue(
        id=parts.ids.new("rei"),
        person_id=person_id,
        reason=reason.strip()[:500],
        proofing=facts,
        state="open",
        requested_by=by,
        requested_at=parts.clock.now(),
    )
    session.add(row)
    session.flush()
    details = {"request": row.id, "reason": row.reason, "proofing": facts}
    return row, Event(EventKind.REISSUE_ASKED, by, person_id, details)


def action_of(row: Reissue, role: str) -> dict[str, Any]:
    """Return the exact action that admin and sponsor sign: the same digest of the whole request."""
    return {
        "do": "key.reissue",
        "as": role,
        "request": row.id,
        "person": row.person_id,
        "digest": digest(row),
    }


def digest(row: Reissue) -> str:
    """Return the digest of what is asked: person, reason, proofing, and who asked when."""
    asked = {
        "person": row.person_id,
        "reason": row.reason,
        "proofing": dict(row.proofing),
        "by": row.requested_by,
        "at": row.requested_at.isoformat(),
    }
    return json_digest(asked)


def sign(session: Session, parts: Parts, reissue_id: str, role: str, *, by: str, signature_id: str) -> Event:
    """Note the touch of *by* as *role* (admin or sponsor); the caller has spent it and commits.

    The second touch starts the wait. Old keys must be lost or revoked by then.
    """
    now = parts.clock.now()
    row = _open(session, reissue_id)
    _refuse_self(row.person_id, by)
    other = row.sponsor_id if role == "admin" else row.admin_id
    if other == by:
        raise Forbidden("two different people touch", code="reissue-two", remedy="Ask somebody else.")
    if (row.admin_id if role == "admin" else row.sponsor_id) is not None:
        raise Conflict("this touch was given already", code="reissue-signed")
    if any(key.state not in {"lost", "revoked"} for key in credentials_of(session, row.person_id)):
        raise Conflict(
            "a key of this person is neither lost nor revoked",
            code="reissue-old-keys",
            remedy="Mark the old keys lost, or revoke them; then touch again.",
        )
    if role == "admin":
        row.admin_id, row.admin_signature = by, signature_id
    else:
        row.sponsor_id, row.sponsor_signature = by, signature_id
    if row.admin_id and row.sponsor_id:
        row.ready_at = now + parts.limits.reissue_cool_down
    session.flush()
    ready = row.ready_at.isoformat() if row.ready_at else None
    details = {"request": row.id, "as": role, "digest": digest(row), "ready": ready}
    return Event(EventKind.REISSUE_SIGNED, by, row.person_id, details)


def withdraw(session: Session, reissue_id: str, *, by: str) -> Event:
    """Close an open request; the caller commits."""
    row = _open(session, reissue_id)
    row.state = "withdrawn"
    return Event(EventKind.REISSUE_WITHDRAWN, by, row.person_id, {"request": row.id})


def use(session: Session, person_id: str, now: datetime) -> str:
    """Use up the ready request of a person who is locked; return its id. Raises Conflict otherwise."""
    row = open_request(session, person_id)
    if row is None:
        raise Conflict(
            "this person had a key before: a new one needs a re-issue",
            code="reissue-needed",
            remedy="Ask for a re-issue on their page. On the host, for admins: doorward admin recover.",
        )
    if row.ready_at is None:
        lacking = " and ".join(r for r in SIGNERS if getattr(row, f"{r}_id") is None)
        raise Conflict(
            f"the re-issue lacks the touch of the {lacking}",
            code="reissue-unsigned",
            remedy="Ask them to touch.",
        )
    if row.ready_at > now:
        raise Conflict(
            f"the re-issue waits until {row.ready_at:%-d %b %Y, %H:%M} UTC",
            code="reissue-waits",
            remedy="Meanwhile tell the person by the contact that is on file.",
        )
    used = (
        update(Reissue)
        .where(Reissue.id == row.id, Reissue.state == "open", Reissue.ready_at <= now)
        .values(state="used", used_at=now)
        .execution_options(synchronize_session=False)
    )
    if changed_rows(session, used) != 1:
        raise Conflict("the re-issue was used", code="reissue-needed")
    return row.id


def open_request(session: Session, person_id: str) -> Reissue | None:
    return session.scalar(select(Reissue).where(Reissue.person_id == person_id, Reissue.state == "open"))


def is_ready(session: Session, person_id: str, now: datetime) -> bool:
    """Whether :func:`use` would let the person be invited."""
    row = open_request(session, person_id)
    return row is not None and row.ready_at is not None and row.ready_at <= now


def open_requests(session: Session) -> Sequence[Reissue]:
    return session.scalars(select(Reissue).where(Reissue.state == "open").order_by(Reissue.id)).all()


def had_a_key(session: Session, person_id: str) -> bool:
    """Whether a key of this person was ever active."""
    return any(key.activated_at is not None for key in credentials_of(session, person_id))


def _open(session: Session, reissue_id: str) -> Reissue:
    found = session.get(Reissue, reissue_id)
    if found is None:
        raise NotFound("there is no such request")
    lock_person(session, found.person_id)
    session.refresh(found, with_for_update=True)
    if found.state != "open":
        raise Conflict("the request is closed", code="reissue-closed")
    return found


def _refuse_self(person_id: str, by: str) -> None:
    if person_id == by:
        raise Forbidden("nobody does this for themselves", code="own-key", remedy="Ask another admin.")
