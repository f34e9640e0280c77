"""The worker asks people for a touch unannounced, and closes what nobody answered.

Who attacks this: a predictor (moments are drawn by ``authn.schedule``, one at a
time, and known to the worker only), a worker that was away (what is late asks
nobody and draws anew: a hundred overdue askings must not come at once), two
workers or a killed one (``flows.jobs``), somebody who signs out to be asked
nothing (once a page has shown the asking, its end does not excuse), an admin
who harasses (at most a dozen askings a day). Outcomes are observations.
Nothing here judges a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from authn.schedule import works_at
from evidence.presence import missed
from flows.jobs import Task, schedule
from flows.liveness import idle, read_roots, session_problem
from flows.parts import Event, EventKind, Parts
from flows.presence_hours import draw, hours
from models.evidence import add_observations
from models.people import Person, engagements, lock_person, running_engagement
from models.presence import (
    PresenceCheck,
    PresenceRound,
    asked_since,
    checks_of_round,
    hours_of,
    is_open_since,
    settle,
)
from models.sessions import BrowserSession, sessions_of

CLOSE = "presence.close"
PRESENCE, CONTENTION = "presence", "contention"
LATE = timedelta(minutes=2)
"""An asking that is later than this asks nobody."""
GRACE = timedelta(seconds=5)
"""How long after the deadline a round is closed: an answer in time may still be on its way."""
STUCK = timedelta(minutes=10)
"""A check that nobody closed for so long hinders no other asking: its close failed for good."""
MOST_A_DAY = 12
"""Most askings of one person in 24 hours, whoever asks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One person and the session that is asked; None when they are not there."""

    person_id: str
    session_id: str | None


def ask(session: Session, parts: Parts, task: Task) -> Sequence[Event]:
    """Ask one person who is there, or nobody; draw the next asking. Ends when hours were declared anew."""
    now, payload = task.now, task.payload
    person = lock_person(session, payload["person"])
    row = hours_of(session, payload["person"])
    if person is None or row is None or row.revision != payload["revision"] or person.state == "left":
        return ()
    events: Sequence[Event] = ()
    timely = now - task.due_at <= LATE and works_at(now, hours(row))
    if timely and _may_be_asked(session, person, now):
        asked = Asked(person.id, there(session, parts, person.id, now))
        events = open_round(
            session, parts, PRESENCE, [asked], reason="declared hours", opened_by="-", now=now
        )
    draw(session, parts, row, number=payload["number"] + 1, after=now, now=now)
    return events


def _may_be_asked(session: Session, person: Person, now: datetime) -> bool:
    over = bool(engagements(session, person.id)) and running_engagement(session, person.id, now) is None
    return person.state == "active" and not over and not busy(session, person.id, now)


def busy(session: Session, person_id: str, now: datetime) -> bool:
    """Whether this person is being asked now, or was asked often enough in 24 hours."""
    often = asked_since(session, person_id, now - timedelta(days=1)) >= MOST_A_DAY
    return often or is_open_since(session, person_id, now - STUCK)


def there(session: Session, parts: Parts, person_id: str, now: datetime) -> str | None:
    """Return the live session in which this person did something last, if they are not idle."""
    live = [row for row in sessions_of(session, person_id, now) if _is_there(session, parts, row, now)]
    newest = max(live, key=lambda row: (row.last_seen_at, row.created_at, row.id), default=None)
    return newest.id if newest is not None else None


def _is_there(session: Session, parts: Parts, row: BrowserSession, now: datetime) -> bool:
    roots = read_roots(session, row.id)
    return (
        roots is not None
        and session_problem(roots, now=now) is None
        and not idle(roots, limits=parts.limits, now=now)
    )


def open_round(
    session: Session,
    parts: Parts,
    kind: str,
    asked: Sequence[Asked],
    *,
    reason: str,
    opened_by: str,
    now: datetime,
) -> list[Event]:
    """Ask all of *asked* at the same moment, until the same deadline. The caller has locked the people.

    Who is not there is kept as absent: nothing is held against them.
    """
    deadline = now + parts.limits.presence_window
    anybody = any(each.session_id for each in asked)
    round_id = parts.ids.new("prn")
    session.add(
        PresenceRound(
            id=round_id,
            kind=kind,
            reason=reason,
            opened_by=opened_by,
            opened_at=now,
            deadline=deadline,
            closed_at=None if anybody else now,
        )
    )
    session.flush()
    for each in asked:
        session.add(
            PresenceCheck(
                id=parts.ids.new("prc"),
                round_id=round_id,
                person_id=each.person_id,
                session_id=each.session_id,
                outcome="open" if each.session_id else "absent",
                opened_at=now,
                deadline=deadline,
            )
        )
    session.flush()
    if not anybody:
        return []
    payload = {"round": round_id}
    schedule(
        session, parts, CLOSE, key=f"{CLOSE}:{round_id}", payload=payload, due_at=deadline + GRACE, now=now
    )
    details = {"round": round_id, "kind": kind, "reason": reason, "deadline": deadline.isoformat()}
    return [Event(EventKind.PRESENCE_OPENED, opened_by, a.person_id, details) for a in asked if a.session_id]


def close(session: Session, parts: Parts, task: Task) -> Sequence[Event]:
    """Let what nobody answered end as missed. Races with answers: each check leaves open once."""
    round_ = session.get(PresenceRound, task.payload["round"])
    if round_ is None or round_.closed_at is not None:
        return ()
    events: list[Event] = []
    for person_id in sorted(check.person_id for check in checks_of_round(session, round_.id)):
        lock_person(session, person_id, share=True)
    for check in checks_of_round(session, round_.id):
        events += _close_one(session, parts, round_, check, task.now)
    round_.closed_at = task.now
    session.flush()
    return events


def _close_one(
    session: Session, parts: Parts, round_: PresenceRound, check: PresenceCheck, now: datetime
) -> list[Event]:
    if check.outcome != "open" or check.session_id is None:
        return []
    if _is_excused(session, check, now):
        settle(session, check.id, "absent")
        return []
    if not settle(session, check.id, "missed"):
        return []
    late = None if check.answered_at is None else check.answered_at - check.deadline
    found = missed(
        round_.kind, person=check.person_id, session=check.session_id, shown=check.shown_at is not None,
        late=late, ids=parts.ids, now=now,
    )  # fmt: skip
    add_observations(session, [found])
    details = {"round": round_.id, "check": check.id, "kind": round_.kind, **found.value}
    return [Event(EventKind.PRESENCE_MISSED, "-", check.person_id, details)]


def _is_excused(session: Session, check: PresenceCheck, now: datetime) -> bool:
    """Whether nobody could have answered: the session was over before it was shown, or others stopped it."""
    roots = read_roots(session, str(check.session_id))
    if roots is None or roots.person.state != "active" or roots.credential.state != "active":
        return True
    return check.shown_at is None and session_problem(roots, now=now) is not None
