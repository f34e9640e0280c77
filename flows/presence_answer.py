"""A person who is asked unannounced touches their key, or is told that it was too late.

Who attacks this: somebody who answers for another (a check belongs to one
person in one session, the challenge to one browser too), who replays an old
answer (the challenge is the digest of this check and a nonce, taken once), who
answers 64 times at once or while the round is being closed (one conditional
UPDATE lets a check leave *open*), who polls to predict (only an asking that is
open now can be seen, and only by its own session; looking is no activity and
keeps no session alive). A facilitator who touches on call cannot be seen here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from domain.errors import Conflict, NotFound
from evidence.presence import answered
from flows.enter import Answer
from flows.parts import Event, EventKind, Parts
from flows.session import Viewer
from flows.tap import accept_touch, open_touch, take_touch
from models.evidence import add_observations
from models.presence import (
    PresenceCheck,
    PresenceRound,
    answer_in_time,
    mark_shown,
    open_check_of,
    touch_late,
)

PURPOSE = "presence"


class TooLate(Conflict):
    """The deadline of an unannounced touch is over."""

    code = "presence-late"
    title = "The time for this touch is over"


@dataclass(frozen=True, slots=True)
class OpenCheck:
    """What a session is asked now."""

    id: str
    kind: str
    opened_at: datetime
    deadline: datetime
    shown_at: datetime


def asked_now(parts: Parts, viewer: Viewer) -> OpenCheck | None:
    """Return what this session is asked now, and remember when it was first shown."""
    now = parts.clock.now()
    with parts.db.read() as session:
        check = open_check_of(session, viewer.session_id, now)
        round_ = session.get(PresenceRound, check.round_id) if check is not None else None
    if check is None or round_ is None:
        return None
    if check.shown_at is None:
        with parts.db.write() as session:
            mark_shown(session, check.id, now)
            parts.commit(session)
    return OpenCheck(check.id, round_.kind, check.opened_at, check.deadline, check.shown_at or now)


def look(parts: Parts, viewer: Viewer, check_id: str) -> tuple[PresenceCheck, PresenceRound]:
    """Return a check of this person that they may see, whatever became of it. Raises NotFound."""
    with parts.db.read() as session:
        check = session.get(PresenceCheck, check_id)
        round_ = session.get(PresenceRound, check.round_id) if check is not None else None
    if check is None or round_ is None or check.person_id != viewer.person_id or not may_see(check, viewer):
        raise NotFound("nobody asks you for this touch")
    return check, round_


def may_see(check: PresenceCheck, viewer: Viewer) -> bool:
    """Whether their own check is shown to a person here: first of all to the session that is asked."""
    if check.outcome == "open":
        return check.session_id == viewer.session_id or check.shown_at is not None
    return check.outcome != "absent"


def begin(parts: Parts, viewer: Viewer, check_id: str, *, browser: str) -> dict[str, Any]:
    """Return ``{ceremony, publicKey}`` for the touch. Raises NotFound, TooLate, TooMany."""
    now = parts.clock.now()
    check, _round = look(parts, viewer, check_id)
    _require_open(check, viewer, now)
    action = {"do": "presence.answer", "check": check_id}
    with parts.db.write() as session:
        begun = open_touch(session, parts, viewer, purpose=PURPOSE, action=action, browser=browser, now=now)
        mark_shown(session, check_id, now)
        parts.commit(session)
    return begun


def _require_open(check: PresenceCheck, viewer: Viewer, now: datetime) -> None:
    if check.session_id != viewer.session_id:
        raise NotFound("another session of yours is asked for this touch")
    if check.outcome == "answered":
        raise Conflict("you have touched already", code="presence-answered")
    if check.outcome != "open" or now > check.deadline:
        raise _too_late()


def finish(parts: Parts, viewer: Viewer, *, ceremony: str, credential: dict[str, Any], browser: str) -> None:
    """Verify the touch, keep it whole, and let the check end. Raises TapRefused, TooLate, Conflict."""
    now = parts.clock.now()
    challenge, action = take_touch(parts, viewer, ceremony, purpose=PURPOSE, browser=browser, now=now)
    with parts.db.write() as session:
        row, answer = accept_touch(session, parts, viewer, challenge, credential, now=now, spent=True)
        event = _settle(session, parts, action["check"], answer, row.id, now)
        if event is None:
            raise Conflict("you have touched already", code="presence-answered")
        parts.commit(session, event)
    if event.kind is EventKind.PRESENCE_LATE:
        raise _too_late()


def _settle(
    session: Session, parts: Parts, check_id: str, answer: Answer, signature: str, now: datetime
) -> Event | None:
    """Let the check end as answered, or keep the late touch; None when it was touched for before."""
    in_time = answer_in_time(session, check_id, answer.credential.id, now)
    if not in_time and not touch_late(session, check_id, answer.credential.id, now):
        return None
    check = session.get_one(PresenceCheck, check_id, populate_existing=True)
    round_ = session.get_one(PresenceRound, check.round_id)
    details: dict[str, Any] = {
        "round": round_.id, "check": check.id, "kind": round_.kind, "signature": signature,
    }  # fmt: skip
    who = check.person_id
    if not in_time:
        details["late_ms"] = int((now - check.deadline).total_seconds() * 1000)
        return Event(EventKind.PRESENCE_LATE, who, who, details)
    found = answered(
        round_.kind,
        person=who,
        session=str(check.session_id),
        since_opened=now - check.opened_at,
        since_shown=now - check.shown_at if check.shown_at else None,
        ids=parts.ids,
        now=now,
    )
    add_observations(session, [found])
    return Event(EventKind.PRESENCE_ANSWERED, who, who, {**details, **found.value})


def _too_late() -> TooLate:
    return TooLate(
        "the deadline was over before you touched",
        remedy="Nothing of yours ends by this alone. Tell your sponsor what kept you.",
    )
