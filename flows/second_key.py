"""A person who has a working key adds a second one, so that losing one is no disaster.

Who attacks this: malware, or a thief of the cookie (the first key is touched
over exactly this, and a second person activates the new one), who would bind a
key of their own to somebody's session (ceremony, session and touch belong
together), who collects keys (at most two that are not revoked).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from authn.options import registration_options
from domain.errors import Conflict, NotAuthenticated
from domain.key_refusals import Refusal
from flows import custody
from flows.ceremony import open_challenge, refuse_many_failures, take
from flows.liveness import read_roots, session_problem
from flows.parts import Parts
from flows.register import refuse, verify_new
from flows.session import Viewer
from flows.stop_code import make_stop_code
from flows.store_key import store_key
from flows.tap import Tap, can_spend, spend
from flows.trust import trust_for_new_keys
from models.keys import Signature, credentials_of
from models.people import Person, lock_person

ADD = {"do": "key.add"}
PURPOSE = "add-key"
MOST_KEYS = 2


@dataclass(frozen=True, slots=True)
class Added:
    """The new key, which waits to be activated, and its stop code, shown once."""

    key_id: str
    stop_code: str


def is_touched(parts: Parts, viewer: Viewer, signature_id: str) -> bool:
    """Whether the touch *signature_id* of this session over :data:`ADD` can still be spent."""
    with parts.db.read() as session:
        touch = session.get(Signature, signature_id)
        mine = touch is not None and touch.session_id == viewer.session_id
        return mine and can_spend(touch, ADD, parts.clock.now())


def begin(parts: Parts, viewer: Viewer, *, signature_id: str, browser: str) -> dict[str, Any]:
    """Return ``{ceremony, publicKey}`` for a second key; spends the touch *signature_id* over :data:`ADD`."""
    now = parts.clock.now()
    with parts.db.write() as session:
        person = _adding(session, viewer, now)
        refuse_many_failures(session, viewer.session_id, now)
        touch = session.get(Signature, signature_id)
        if touch is None or touch.session_id != viewer.session_id:
            raise Conflict("no touch of yours stands for this", remedy="Touch the key you have, then go on.")
        spend(session, Tap(signature_id, ADD), ADD, now)
        ceremony, challenge = open_challenge(
            session,
            parts,
            purpose=PURPOSE,
            asker=viewer.session_id,
            browser=browser,
            lifetime=parts.limits.register_challenge,
            now=now,
            person_id=person.id,
            session_id=viewer.session_id,
        )
        own = [key.credential_id for key in credentials_of(session, person.id)]
        parts.commit(session)
    options = registration_options(
        rp_id=parts.deployment.rp_id,
        rp_name=parts.deployment.organisation,
        user_handle=person.user_handle,
        user_name=person.login_name,
        display_name=person.display_name,
        challenge=challenge,
        exclude=own,
        rules=parts.key_rules,
    )
    return {"ceremony": ceremony, "publicKey": options}


def finish(
    parts: Parts, viewer: Viewer, *, ceremony: str, credential: dict[str, Any], browser: str, address: str
) -> Added:
    """Verify and store the second key; it waits to be activated. Raises KeyNotAccepted."""
    now = parts.clock.now()
    challenge = take(parts, ceremony, browser=browser, purpose=PURPOSE, now=now)
    if challenge.session_id != viewer.session_id:
        raise NotAuthenticated("the ceremony belongs to another session")
    with parts.db.write() as session:
        trusted = trust_for_new_keys(session, parts)  # first: an import takes its lock before people's
        person = _adding(session, viewer, now)
        verified = verify_new(session, parts, trusted, challenge, credential, now, person_id=person.id)
        if isinstance(verified, Refusal):
            raise refuse(session, parts, challenge, verified, asker=viewer.session_id, address=address)
        row, stored = store_key(session, parts, verified, trusted, person, state="pending", now=now)
        code = make_stop_code(session, parts, row.id)
        parts.commit(session, stored, *custody.registered(session, parts, row, by=person.id))
        return Added(row.id, code)


def _adding(session: Session, viewer: Viewer, now: datetime) -> Person:
    """Return the viewer, locked, if their session lives by an active key and another key has room."""
    person = lock_person(session, viewer.person_id)
    if person is None or session_problem(read_roots(session, viewer.session_id), now=now):
        raise NotAuthenticated("the session has ended")
    kept = [key for key in credentials_of(session, person.id) if key.state != "revoked"]
    if len(kept) >= MOST_KEYS:
        raise Conflict(
            "you have two keys already",
            code="two-keys",
            remedy="Ask an admin to revoke the one that you no longer have.",
        )
    return person
