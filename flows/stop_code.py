"""Somebody lost their key and has nothing but the code they were given with it: stop that key.

Who attacks this: a stranger who guesses codes to shut people out (80 bits;
tries are limited by place and over all, and recorded), whoever finds a code
(it stops one key, opens nothing, and names nobody).
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.codes import code_digest, new_code
from domain.errors import Conflict, NotFound, TooMany
from evidence.networks import place_key
from flows.ceremony import count_failure, refuse_many_failures
from flows.key_states import MAY_FOLLOW, end_key
from flows.parts import Parts
from models.base import changed_rows
from models.custody import StopCode
from models.keys import Credential, lock_credential
from models.people import lock_person
from models.sessions import count_try, tries

MOST_WRONG = 1000
"""Wrong codes from everywhere in a quarter of an hour, above which none is looked at."""
_WINDOW = timedelta(minutes=15)
_EVERYWHERE = "stop-codes"


class StopCodeUnknown(NotFound):
    """No key has this stop code."""

    code = "stop-code"
    title = "No key was stopped"


class StoppedAlready(Conflict):
    """The code is right and its key is stopped: nothing is left to do."""

    code = "stopped-already"
    title = "This key is stopped already"


def make_stop_code(session: Session, parts: Parts, credential_id: str) -> str:
    """Return a new stop code for a key, shown to its owner once."""
    code = new_code(parts.randomness)
    session.add(
        StopCode(digest=_digest(parts, code), credential_id=credential_id, created_at=parts.clock.now())
    )
    session.flush()
    return code


def stop_by_code(parts: Parts, *, code: str, address: str) -> None:
    """Stop the key that *code* belongs to. Raises StopCodeUnknown, StoppedAlready or TooMany."""
    now = parts.clock.now()
    asker = f"stop@{place_key(address)}"
    with parts.db.write() as session:
        refuse_many_failures(session, asker, now)
        if tries(session, _EVERYWHERE, now, _WINDOW) >= MOST_WRONG:
            raise TooMany(
                "too many wrong codes were tried",
                retry_after=_WINDOW,
                remedy="Call the number on your contract.",
            )
        row = session.get(StopCode, _digest(parts, code))
        if row is None:
            count_failure(session, asker, now)
            count_try(session, _EVERYWHERE, now, _WINDOW)
            parts.commit(session, Event(EventKind.STOP_CODE_REFUSED, "-", "-", {"address": address}))
            raise StopCodeUnknown(
                "no key has this stop code",
                remedy="Look at it again: four groups of four. Or call the number on your contract.",
            )
        found = session.get(Credential, row.credential_id)
        assert found is not None  # a foreign key holds it
        lock_person(session, found.person_id)
        key = lock_credential(session, found.id)
        assert key is not None
        used = update(StopCode).where(StopCode.digest == row.digest, StopCode.used_at.is_(None))
        first = changed_rows(session, used.values(used_at=now)) == 1
        if not first or key.state not in MAY_FOLLOW["lost"]:
            raise StoppedAlready(
                "the key of this code is stopped: nobody can use it",
                remedy="Call the number on your contract.",
            )
        parts.commit(
            session, *end_key(session, parts, key, "lost", reason="stopped by its code", by=key.person_id)
        )


def _digest(parts: Parts, code: str) -> str:
    return code_digest(parts.ring.derive("stop-codes"), code)
