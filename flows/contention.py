"""An admin asks several people for a touch at the same moment: who can be in two places at once?

Who attacks this: a facilitator who holds several keys (they can touch one at a
time; order and latency are kept, and judged by nobody here), an admin who
harasses (a reason and a touch of their own, recorded; nobody is asked more
than a dozen times a day, nor twice at once), malware behind the admin's page
(the touch is over the exact list of people).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from domain.errors import Conflict, Invalid, NotFound
from flows.parts import Event, Parts
from flows.presence import CONTENTION, Asked, busy, open_round, there
from models.people import Person, lock_person

FEWEST, MOST = 2, 50


def contention_action(people: Sequence[str], reason: str) -> dict[str, Any]:
    """Return the exact action that the admin touches for. Raises Invalid for too few or too many."""
    chosen = sorted(set(people))
    if not FEWEST <= len(chosen) <= MOST:
        raise Invalid(
            f"choose {FEWEST} to {MOST} people",
            code="contention-people",
            remedy="Choose at least two people.",
        )
    return {"do": "presence.contend", "people": chosen, "reason": reason}


def contend(session: Session, parts: Parts, people: Sequence[str], *, reason: str, by: str) -> list[Event]:
    """Open one round for all; the caller commits the events. Raises NotFound, Conflict."""
    now = parts.clock.now()
    asked = []
    for person_id in sorted(set(people)):
        person = lock_person(session, person_id)
        if person is None or person.state != "active":
            raise NotFound("one of the people is not active")
        if busy(session, person_id, now):
            raise _busy(person)
        asked.append(Asked(person_id, there(session, parts, person_id, now)))
    if sum(each.session_id is not None for each in asked) < FEWEST:
        raise Conflict(
            "fewer than two of these people are there now",
            code="contention-absent",
            remedy="Ask when at least two of them are logged in and at work.",
        )
    return open_round(session, parts, CONTENTION, asked, reason=reason, opened_by=by, now=now)


def _busy(person: Person) -> Conflict:
    return Conflict(
        f"`{person.display_name}` is being asked now, or was asked a dozen times in 24 hours",
        code="contention-busy",
        remedy="Leave them out, or ask later.",
    )
