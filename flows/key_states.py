"""A key is stopped, and perhaps let in again: lost, suspended, reinstated.

Who attacks this: whoever holds a lost key (every session, door and token that
it opened ends at once), an owner who wants a key back that was stopped (only
somebody else reinstates it, and says why; a lost key never comes back, nor one
against which its model or a denial still stands), two admins at once (locked
rows, states that may follow one another).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.custody import Step
from domain.errors import Conflict, Forbidden, NotFound
from flows import custody
from flows.end_access import end_root
from flows.key_blocks import block_by
from flows.parts import Parts
from flows.people import is_last_admin
from flows.trust import trust_for_new_keys
from models.keys import Credential, credentials_of, lock_credential, set_key_state
from models.people import lock_person

MAY_FOLLOW: dict[str, frozenset[str]] = {
    "suspended": frozenset({"active", "pending"}),
    "lost": frozenset({"active", "pending", "suspended"}),
    "reinstated": frozenset({"suspended"}),
}
"""Which states a key may be in before each change. What is lost or revoked never comes back."""
_ENDED = {"suspended": EventKind.KEY_SUSPENDED, "lost": EventKind.KEY_LOST}


class NoSuchKey(NotFound):
    """No registered key has this id."""

    def __init__(self) -> None:
        super().__init__(
            "there is no such key",
            remedy="Look on the page Keys; on the host: doorward keys list",
        )


def action_of(change: str, key_id: str, reason: str) -> dict[str, Any]:
    """Return the exact action that a touch signs for *change*: suspended, lost or reinstated."""
    return {"do": f"key.{change}", "key": key_id, "reason": reason}


def locked(session: Session, credential_id: str, change: str) -> Credential:
    """Return the key, its owner locked before it. Raises NotFound or Conflict if *change* cannot follow."""
    found = session.get(Credential, credential_id)
    if found is None:
        raise NoSuchKey
    lock_person(session, found.person_id)
    key = lock_credential(session, credential_id)
    if key is None or key.state not in MAY_FOLLOW[change]:
        state = key.state if key else "gone"
        raise Conflict(
            f"the key is {state}, and cannot be {change}", code="key-state", remedy="Look at the key again."
        )
    return key


def end_key(
    session: Session, parts: Parts, key: Credential, state: str, *, reason: str, by: str
) -> Sequence[Event]:
    """Bring one locked key to *state* (lost or suspended); all it opened ends. The caller commits."""
    _note(session, parts, key, state, reason=reason, by=by)
    ended = end_root(session, "key", key.id, cause=f"key-{state}", by=by)
    details = {"key": key.id, "label": key.label, "reason": reason}
    step = Step.LOST if state == "lost" else Step.SUSPENDED
    steps = custody.follows_key(session, parts, key, step, by=by)
    return [Event(_ENDED[state], by, key.person_id, details), ended, *steps]


def stop(
    session: Session, parts: Parts, credential_id: str, state: str, *, reason: str, by: str
) -> Sequence[Event]:
    """An admin, or the owner by a touch, stops a key; the caller has spent the touch and commits.

    The only working key of the last admin cannot be suspended here: it would
    lock everybody out. It can be lost, which is a fact; the host recovers.
    """
    key = locked(session, credential_id, state)
    now = parts.clock.now()
    working = [row.id for row in credentials_of(session, key.person_id, state="active")]
    if state == "suspended" and working == [key.id] and is_last_admin(session, key.person_id, now):
        raise Conflict(
            "this is the only key of the last admin", code="last-admin", remedy="Make another admin first."
        )
    return end_key(session, parts, key, state, reason=reason, by=by)


def stop_own(
    session: Session, parts: Parts, person_id: str, credential_id: str, *, reason: str
) -> Sequence[Event]:
    """A person stops a key of their own for good; the caller has spent their touch and commits."""
    found = session.get(Credential, credential_id)
    if found is None or found.person_id != person_id:
        raise NotFound("there is no such key of yours")
    return stop(session, parts, credential_id, "lost", reason=reason, by=person_id)


def reinstate(session: Session, parts: Parts, credential_id: str, *, reason: str, by: str) -> Sequence[Event]:
    """Let a suspended key in again; the caller has spent the touch of *by*, who is not its owner.

    Raises Conflict while its model, or a denial, stands against it: it would open nothing.
    """
    trusted = trust_for_new_keys(session, parts)  # first: an import takes its lock before people's
    key = locked(session, credential_id, "reinstated")
    if key.person_id == by:
        raise Forbidden("nobody reinstates a key of their own", code="own-key", remedy="Ask another admin.")
    block = block_by(session, trusted, key, parts.clock.now())
    if block is not None:
        raise Conflict(
            f"the key cannot be reinstated: {block.why}", code="key-still-blocked", remedy=block.remedy
        )
    _note(session, parts, key, "active" if key.activated_at else "pending", reason=reason, by=by)
    details = {"key": key.id, "label": key.label, "reason": reason}
    steps = custody.follows_key(session, parts, key, Step.REINSTATED, by=by)
    return [Event(EventKind.KEY_REINSTATED, by, key.person_id, details), *steps]


def _note(session: Session, parts: Parts, key: Credential, state: str, *, reason: str, by: str) -> None:
    now = parts.clock.now()
    set_key_state(session, key, state, id=parts.ids.new("kst"), by=by, reason=reason, now=now)


def name_key(session: Session, person_id: str, credential_id: str, nickname: str) -> Event:
    """A person names a key of their own, for their own eyes; the caller commits."""
    found = session.get(Credential, credential_id)
    if found is None or found.person_id != person_id:
        raise NotFound("there is no such key of yours")
    found.nickname = " ".join(nickname.split())[:40]
    return Event(EventKind.KEY_NAMED, person_id, person_id, {"key": found.id, "name": found.nickname})
