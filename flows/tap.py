"""A person signs one exact action by touching their key.

Who attacks this: malware that swaps the action behind the page (the server
composes the action, the challenge is its digest, and the tap is spent on that
digest only), somebody who uses a tap twice or later (one conditional UPDATE,
60 seconds), another session of the same person (bound to browser and session).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.options import assertion_options
from crypto.digests import json_digest, secret_digest
from crypto.secrets import base64url, new_secret
from domain.errors import Conflict, NotAuthenticated
from flows.ceremony import open_challenge, signed_action, take
from flows.enter import Answer
from flows.login import Refused, check_answer
from flows.observe_ceremony import observe_touch
from flows.parts import Parts
from flows.session import Viewer
from models.keys import Challenge, Signature, credentials_of, use_signature
from models.sessions import lock_session

PURPOSE = "sign"
TOUCH = {"do": "session.touch"}
SPEND_WITHIN = timedelta(seconds=60)


class TapRefused(NotAuthenticated):
    """The touch did not sign this action."""

    code = "tap-refused"
    title = "That touch does not count"


@dataclass(frozen=True, slots=True)
class Tap:
    """A stored, verified tap: spend it with :func:`spend` in the flow that acts."""

    signature_id: str
    action: dict[str, Any]


def begin(parts: Parts, viewer: Viewer, *, action: dict[str, Any], browser: str) -> dict[str, Any]:
    """Return ``{ceremony, publicKey}`` for a tap over *action*, which the server has composed."""
    now = parts.clock.now()
    with parts.db.write() as session:
        begun = open_touch(session, parts, viewer, purpose=PURPOSE, action=action, browser=browser, now=now)
        parts.commit(session)
    return begun


def finish(parts: Parts, viewer: Viewer, *, ceremony: str, credential: dict[str, Any], browser: str) -> Tap:
    """Verify the touch and store it whole. Raises TapRefused or ChallengeExpired."""
    now = parts.clock.now()
    challenge, action = take_touch(parts, viewer, ceremony, purpose=PURPOSE, browser=browser, now=now)
    with parts.db.write() as session:
        row, _answer = accept_touch(session, parts, viewer, challenge, credential, now=now)
        details = {
            "signature": row.id,
            "action": action,
            "touch_ms": int((now - challenge.created_at).total_seconds() * 1000),
        }
        parts.commit(session, Event(EventKind.ACTION_SIGNED, viewer.person_id, viewer.person_id, details))
        return Tap(row.id, action)


def open_touch(
    session: Session,
    parts: Parts,
    viewer: Viewer,
    *,
    purpose: str,
    action: dict[str, Any],
    browser: str,
    now: datetime,
) -> dict[str, Any]:
    """Open a challenge to the key of this session; the caller commits. Return ``{ceremony, publicKey}``."""
    active = credentials_of(session, viewer.person_id, state="active")
    keys = [key for key in active if key.id == viewer.credential_id]
    ceremony, challenge = open_challenge(
        session,
        parts,
        purpose=purpose,
        asker=f"{purpose}:{viewer.session_id}",
        browser=browser,
        lifetime=parts.limits.tap_challenge,
        now=now,
        person_id=viewer.person_id,
        session_id=viewer.session_id,
        action=action,
        sign_counts={base64url(key.credential_id): key.sign_count for key in keys},
    )
    options = assertion_options(
        rp_id=parts.deployment.rp_id,
        challenge=challenge,
        allow=[key.credential_id for key in keys],
        timeout=parts.limits.tap_challenge,
    )
    return {"ceremony": ceremony, "publicKey": options}


def take_touch(
    parts: Parts, viewer: Viewer, ceremony: str, *, purpose: str, browser: str, now: datetime
) -> tuple[Challenge, dict[str, Any]]:
    """Take the challenge; return it with its action. Raises TapRefused for another session's."""
    challenge = take(parts, ceremony, browser=browser, purpose=purpose, now=now)
    if challenge.session_id != viewer.session_id or challenge.action is None:
        raise TapRefused("the touch belongs to another session")
    return challenge, challenge.action


def accept_touch(
    session: Session,
    parts: Parts,
    viewer: Viewer,
    challenge: Challenge,
    credential: dict[str, Any],
    *,
    now: datetime,
    spent: bool = False,
) -> tuple[Signature, Answer]:
    """Verify an answer, keep it whole and observe it; the caller commits.

    *spent*: the touch was for this flow alone, and no other can use it. What is
    refused is recorded and committed before TapRefused is raised.
    """
    answer = check_answer(session, parts, challenge, credential, now=now)
    if isinstance(answer, Refused):
        refusal = answer.refusal
        details = {"reason": refusal.code.value, "detail": refusal.detail, "action": challenge.action}
        refused = Event(EventKind.ACTION_SIGN_REFUSED, viewer.person_id, viewer.person_id, details)
        parts.commit(session, refused, *answer.events)
        raise TapRefused(
            "the touch could not be accepted", remedy="Try again with the key you logged in with."
        )
    row = Signature(
        id=parts.ids.new("sig"),
        person_id=viewer.person_id,
        credential_id=answer.credential.id,
        session_id=viewer.session_id,
        action=signed_action(challenge.purpose, challenge.action, challenge.nonce),
        action_digest=json_digest(challenge.action),
        client_data=answer.assertion.client_data,
        authenticator_data=answer.assertion.authenticator_data,
        signature=answer.assertion.signature,
        signed_at=now,
        used_at=now if spent else None,
    )
    session.add(row)
    session.flush()
    observe_touch(
        session,
        parts,
        answer.assertion,
        answer.credential,
        challenge,
        session_id=viewer.session_id,
        address=viewer.address,
        now=now,
    )
    return row, answer


def spend(session: Session, tap: Tap, action: dict[str, Any], now: datetime) -> None:
    """Use *tap* up for *action*, in the acting flow's transaction. Raises Conflict if it cannot.

    The tap must be at most 60 seconds old, unspent, and have signed exactly *action*.
    """
    row = session.get(Signature, tap.signature_id)
    digest = json_digest(action)
    if not can_spend(row, action, now) or not use_signature(session, tap.signature_id, digest, now):
        raise Conflict(
            "the touch was for something else, or was used already", remedy="Touch your key again."
        )


def can_spend(row: Signature | None, action: dict[str, Any], now: datetime) -> bool:
    """Whether a tap is fresh, unspent and over *action*; only :func:`spend` makes sure of it."""
    if row is None or row.used_at is not None or now - row.signed_at > SPEND_WITHIN:
        return False
    return row.action_digest == json_digest(action)


def touch_session(parts: Parts, viewer: Viewer, tap: Tap) -> str:
    """Count *tap* as the fresh touch of this session; return the session's new cookie.

    The session gets a new secret at every step-up, so that a cookie stolen
    before it is worth nothing after it.
    """
    now = parts.clock.now()
    cookie = new_secret("dws", parts.randomness)
    with parts.db.write() as session:
        row = lock_session(session, viewer.session_id)
        if row is None or row.ended_at is not None:
            raise NotAuthenticated("the session has ended")
        spend(session, tap, TOUCH, now)
        row.touched_at = now
        row.digest = secret_digest(cookie)
        parts.commit(session)
    return cookie
