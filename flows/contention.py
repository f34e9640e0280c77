"""An admin asks for a touch now: one person, or several at the same moment: who can be in two places at once?

Who attacks this: a facilitator who holds several keys (they can touch one at a
time; order and latency are kept, and judged by nobody here), an admin who
harasses (a reason and a touch of their own, recorded; nobody is asked more
than a dozen times a day, nor twice at once), malware behind the admin's page
(the touch is over the exact list of people), an admin who missed a touch and
asks themselves when it suits them (refused: an answer opens doors again).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from domain.errors import Conflict, Invalid, NotFound
from flows.parts import Event, Parts
from flows.presence import CONTENTION, PRESENCE, Asked, busy, open_round, there
from models.people import Person, lock_person

MOST = 50


class WhomToAsk(Invalid):
    """Nobody was chosen, or too many."""

    code = "contention-people"
    title = "Choose whom to ask"


def contention_action(people: Sequence[str], reason: str) -> dict[str, Any]:
    """Return the exact action that the admin touches for. Raises Invalid for too few or too many."""
    chosen = sorted(set(people))
    if not 1 <= len(chosen) <= MOST:
        raise WhomToAsk(f"ask 1 to {MOST} people at once")
    return {"do": "presence.contend", "people": chosen, "reason": reason}


def contend(session: Session, parts: Parts, people: Sequence[str], *, reason: str, by: str) -> list[Event]:
    """Open one round for all; the caller commits the events. Raises NotFound, Conflict.

    Of several people two must be there: one alone contends with nobody.
    """
    now = parts.clock.now()
    if by in people:
        raise Conflict(
            "nobody asks themselves",
            code="contention-self",
            remedy="Have another admin ask you.",
        )
    asked = []
    for person_id in sorted(set(people)):
        person = lock_person(session, person_id)
        if person is None or person.state != "active":
            raise NotFound("one of the people is not active")
        if busy(session, person_id, now):
            raise _busy(person)
        asked.append(Asked(person_id, there(session, parts, person_id, now)))
    several = len(asked) > 1
    if sum(each.session_id is not None for each in asked) < (2 if several else 1):
        raise _absent(several)
    kind = CONTENTION if several else PRESENCE
    return open_round(session, parts, kind, asked, reason=reason, opened_by=by, now=now)


def _absent(several: bool) -> Conflict:
    return Conflict(
        "fewer than two of these people are there now" if several else "this person is not there now",
        code="contention-absent",
        remedy="Ask when they are logged in and at work.",
    )


def _busy(person: Person) -> Conflict:
    return Conflict(
        f"`{person.display_name}` is being asked now, or was asked a dozen times in 24 hours",
        code="contention-busy",
        remedy="Leave them out, or ask later.",
    )
