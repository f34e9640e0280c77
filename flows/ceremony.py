"""What registration, login and signing share: a challenge is opened, then taken exactly once.

Who attacks this: somebody who answers a challenge twice or from another
browser (one conditional DELETE, bound to the browser), replays an old answer
(short life), or has a person touch their key for something else than the page
says: the challenge *is* the digest of purpose, exact action and a random
nonce, so a stored tap can be checked against what it signed, for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.canonical import canonical_json
from crypto.digests import sha256_hex
from crypto.secrets import base64url
from domain.errors import ChallengeExpired, TooMany
from domain.key_refusals import KeyRefusal
from evidence.networks import neighbourhood_key
from flows.parts import Parts
from models.keys import Challenge, forget_old_challenges, take_challenge
from models.sessions import count_try, tries

REMEMBERED = timedelta(minutes=5)
"""How long an unanswered challenge is kept, so that a late answer is told that it is late."""
MAX_OPENED = 10
OPENED_WINDOW = timedelta(minutes=3)
TRY_WINDOW = timedelta(minutes=15)
MAX_FAILURES = 5
BEGIN_WINDOW = timedelta(minutes=1)
MAX_BEGINS = 30
MAX_BEGINS_AROUND = 120
"""More than one address may begin, or one neighbour could shut out a street."""
MAX_REFUSED = 10
ALARM_WINDOW = timedelta(hours=1)


class AnsweredLate(ChallengeExpired):
    """The challenge was ours and unanswered, and the answer came after its end."""

    code = KeyRefusal.TIMEOUT.value

    def __init__(self) -> None:
        text = KeyRefusal.TIMEOUT.text
        super().__init__(text.sentence, remedy=text.remedy)


def signed_action(purpose: str, action: dict[str, Any] | None, nonce: str) -> dict[str, Any]:
    """Return the exact value whose digest a challenge is (and that a stored tap keeps)."""
    return {"purpose": purpose, "action": action, "nonce": nonce}


def challenge_bytes(signed: dict[str, Any]) -> bytes:
    """Return the 32 bytes that the key signs for *signed*."""
    return bytes.fromhex(sha256_hex(canonical_json(signed)))


def open_challenge(
    session: Session,
    parts: Parts,
    *,
    purpose: str,
    asker: str,
    browser: str,
    lifetime: timedelta,
    now: datetime,
    person_id: str | None = None,
    session_id: str | None = None,
    action: dict[str, Any] | None = None,
    sign_counts: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
) -> tuple[str, bytes]:
    """Store a new challenge; return its ceremony id and the bytes to sign.

    *asker* is who is limited to ten in three minutes: a name together with the
    place that claims it, a link, a session. Never a name alone: a stranger
    must not be able to lock somebody out, nor learn that they exist.
    Raises TooMany.
    """
    forget_old_challenges(session, now - REMEMBERED)
    if count_try(session, "opened:" + asker, now, OPENED_WINDOW) > MAX_OPENED:
        raise TooMany("too many attempts were begun", retry_after=OPENED_WINDOW)
    nonce = base64url(parts.randomness.bytes(32))
    row = Challenge(
        id="cer_" + base64url(parts.randomness.bytes(24)),
        purpose=purpose,
        nonce=nonce,
        browser=browser,
        session_id=session_id,
        person_id=person_id,
        action=action,
        sign_counts=sign_counts or {},
        facts=facts or {},
        created_at=now,
        expires_at=now + lifetime,
    )
    session.add(row)
    return row.id, challenge_bytes(signed_action(purpose, action, nonce))


def take(parts: Parts, ceremony: str, *, browser: str, purpose: str, now: datetime) -> Challenge:
    """Delete the challenge and commit, then return it. Raises ChallengeExpired or AnsweredLate.

    INVARIANT: this commits before anything is verified; a failed attempt burns
    the challenge, or an attacker may try again.
    """
    with parts.db.write() as session:
        row = take_challenge(session, ceremony, browser, purpose)
        session.commit()
    if row is None:
        raise ChallengeExpired(
            "the challenge is unknown or was answered already",
            remedy="Start again and touch your key when it blinks.",
        )
    if row.expires_at <= now:
        raise AnsweredLate
    return row


def refuse_many_failures(session: Session, key: str, now: datetime) -> None:
    """Raise TooMany when *key* (an account seen from one address, an invite) failed too often."""
    if tries(session, "failed:" + key, now, TRY_WINDOW) >= MAX_FAILURES:
        raise TooMany(
            "too many failed attempts", retry_after=TRY_WINDOW, remedy="Wait 15 minutes, then try again."
        )


def count_failure(session: Session, key: str, now: datetime) -> None:
    count_try(session, "failed:" + key, now, TRY_WINDOW)


def count_begin(session: Session, place: str, now: datetime) -> None:
    """Count one start of a ceremony at a place; raise TooMany above 30 a minute, or 120 around it."""
    around = neighbourhood_key(place)
    if (
        count_try(session, "begin:" + place, now, BEGIN_WINDOW) > MAX_BEGINS
        or count_try(session, "begin-around:" + around, now, BEGIN_WINDOW) > MAX_BEGINS_AROUND
    ):
        raise TooMany("too many attempts from this address", retry_after=BEGIN_WINDOW)


def registration_alarm(session: Session, now: datetime) -> tuple[Event, ...]:
    """Count a refused registration; the eleventh of an hour is an event of its own, the others are not."""
    if count_try(session, "refused-registrations", now, ALARM_WINDOW) != MAX_REFUSED + 1:
        return ()
    return (Event(EventKind.KEY_ALARM, "-", "-", {"refused": MAX_REFUSED + 1}),)
