"""A registered key opens nothing until its owner, and no other, is known to hold it.

Two ways: its owner touches it and types the activation code, which travelled
by another channel than the link; or a second person touches their own key for
it. Who attacks this: whoever intercepted the link and registered a key of
their own (they lack the code), whoever overheard the code (they lack the key),
a stranger who asks for names (decoys, and one text for every refusal), who
guesses (80 bits; tries are limited by name and place), who uses a code twice
(one conditional UPDATE), an admin who activates a key of their own.
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.codes import code_digest, new_code
from domain.errors import Conflict, NotAuthenticated, NotFound
from domain.key_refusals import ActivationFault
from evidence.first_tap import from_first_tap
from evidence.observe import from_address
from flows import custody
from flows.ceremony import count_failure, take
from flows.enter import Answer, LoggedIn, enter
from flows.key_states import NoSuchKey
from flows.login import Refused, begin_by_name, check_answer, claimant
from flows.networks import named_networks
from flows.parts import Parts
from flows.reissue import had_a_key
from models.base import changed_rows
from models.evidence import add_observations
from models.keys import Challenge, Credential, credentials_of, lock_credential, set_key_state
from models.people import (
    OneTimeCode,
    code_by_digest,
    consume_code,
    has_open_code,
    lock_person,
    withdraw_codes,
)

PURPOSE = "activate"


class ActivationRefused(NotAuthenticated):
    """The key was not activated. The text is the same whatever the cause."""

    code = "activation-refused"
    title = "The key is not activated"

    def __init__(self) -> None:
        super().__init__(
            "this name, this code and this key do not belong together",
            remedy="Check the name and the code, use the key that you have just registered, then try again. "
            "If the key is activated already, log in. If it goes on, call the number on your contract.",
        )


def make_code(session: Session, parts: Parts, person_id: str, *, by: str) -> tuple[str, Event]:
    """Make the code that activates a person's next key; older ones stop working.

    Shown once to whoever tells it. Nobody makes a code for a key of their own,
    nor one that could activate nothing: a key must wait, or an invite be open.
    """
    now = parts.clock.now()
    person = lock_person(session, person_id)
    if person is None or person.state != "active":
        raise NotFound("there is no such active person")
    refuse_own(person_id, by)
    _refuse_pointless(session, person_id, now)
    withdraw_codes(session, PURPOSE, person_id, now)
    code = new_code(parts.randomness)
    session.add(
        OneTimeCode(
            id=parts.ids.new("otc"),
            purpose=PURPOSE,
            digest=code_digest(parts.ring.derive("codes"), code),
            person_id=person_id,
            created_by=by,
            created_at=now,
            expires_at=now + parts.limits.activation_code,
        )
    )
    session.flush()
    return code, Event(EventKind.ACTIVATION_CODE_MADE, by, person_id)


def begin(parts: Parts, *, login_name: str, code: str, browser: str, address: str) -> dict[str, Any]:
    """Return ``{ceremony, publicKey}`` for *login_name*, whether or not it exists; *code* is judged later."""
    facts = {"code": code_digest(parts.ring.derive("codes"), code)}
    return begin_by_name(
        parts, purpose=PURPOSE, login_name=login_name, browser=browser, address=address, facts=facts
    )


def finish(
    parts: Parts, *, ceremony: str, credential: dict[str, Any], browser: str, address: str
) -> LoggedIn:
    """Activate the key that was touched, and log its owner in. Raises ActivationRefused or ChallengeExpired.

    The code is used up only together with a touch of a key that waits: a wrong
    key leaves it as it was.
    """
    now = parts.clock.now()
    challenge = take(parts, ceremony, browser=browser, purpose=PURPOSE, now=now)
    with parts.db.write() as session:
        checked = check_answer(session, parts, challenge, credential, now=now, states=("pending", "active"))
        answer = _with_code(session, challenge, checked, now) if isinstance(checked, Answer) else checked
        if not isinstance(answer, Answer):
            _refuse(session, parts, challenge, answer, address, now)
            raise ActivationRefused
        person, key = answer.person, answer.credential
        activated = _activate(session, parts, key, by=person.id, how="code", now=now)
        logged_in, opened = enter(session, parts, answer, challenge, address=address, now=now)
        _observe_first_tap(session, parts, key, logged_in, address, now)
        parts.commit(session, *activated, opened)
        return logged_in


def activation_action(key: Credential) -> dict[str, Any]:
    """Return the exact action that a second person's touch signs to activate a key."""
    return {"do": "key.activate", "key": key.id, "person": key.person_id, "label": key.label}


def activate_for(session: Session, parts: Parts, credential_id: str, *, by: str) -> list[Event]:
    """Activate the key of somebody else; the caller has spent a touch for it and commits the events."""
    now = parts.clock.now()
    found = session.get(Credential, credential_id)
    if found is None:
        raise NoSuchKey
    refuse_own(found.person_id, by)
    person = lock_person(session, found.person_id)
    key = lock_credential(session, credential_id)
    if person is None or person.state != "active":
        raise Conflict("the key's owner is suspended", code="person-state", remedy="Reinstate them first.")
    if key is None or key.state != "pending":
        raise Conflict("the key does not wait to be activated", code="key-state")
    withdraw_codes(session, PURPOSE, person.id, now)
    return _activate(session, parts, key, by=by, how="second person", now=now)


def refuse_own(person_id: str, by: str) -> None:
    """Raise Conflict when somebody acts on a key of their own where a second person is needed."""
    if person_id == by:
        raise Conflict(
            "nobody activates a key of their own",
            code="own-key",
            remedy="Ask another admin, or make a code on the host: doorward people code LOGIN_NAME.",
        )


def _refuse_pointless(session: Session, person_id: str, now: datetime) -> None:
    """Raise Conflict when no key of a person waits, and no invite is open from which one could come."""
    states = {key.state for key in credentials_of(session, person_id)}
    if "pending" in states or has_open_code(session, "invite", person_id, now):
        return
    remedy = "Invite them first: doorward people invite LOGIN_NAME."
    if "active" in states:
        remedy = "A key of theirs works: they log in with it, and need no code."
    elif had_a_key(session, person_id):
        remedy = "Ask for a re-issue on their page; when it is ready: doorward people invite LOGIN_NAME."
    raise Conflict(
        "no key of theirs waits to be activated, and no invite is open", code="no-key-waits", remedy=remedy
    )


def _with_code(
    session: Session, challenge: Challenge, answer: Answer, now: datetime
) -> Answer | ActivationFault:
    """Return *answer* if its key waits and the code is its owner's, using the code up."""
    if answer.credential.state != "pending":
        return ActivationFault.NOT_WAITING
    digest, owner = challenge.facts["code"], answer.person.id
    if consume_code(session, digest, PURPOSE, now, person_id=owner) is None:
        return _fault(session, digest, owner)
    return answer


def _fault(session: Session, digest: str, person_id: str) -> ActivationFault:
    """Return why a code did not count, for the record. What ended it by an activation has its very time."""
    code = code_by_digest(session, digest, PURPOSE)
    if code is None:
        return ActivationFault.CODE_WRONG
    if code.person_id != person_id:
        return ActivationFault.CODE_OF_ANOTHER
    if code.consumed_at is None:
        return ActivationFault.CODE_EXPIRED
    used = any(key.activated_at == code.consumed_at for key in credentials_of(session, person_id))
    return ActivationFault.CODE_USED if used else ActivationFault.CODE_SUPERSEDED


def _activate(
    session: Session, parts: Parts, key: Credential, *, by: str, how: str, now: datetime
) -> list[Event]:
    changed = changed_rows(
        session,
        update(Credential)
        .where(Credential.id == key.id, Credential.state == "pending")
        .values(state="active", activated_at=now)
        .execution_options(concerns=key.person_id),
    )
    if changed != 1:
        raise Conflict("the key does not wait to be activated", code="key-state")
    session.refresh(key)
    reason = f"activated by {'code' if how == 'code' else 'a second person'}"
    set_key_state(session, key, "active", id=parts.ids.new("kst"), by=by, reason=reason, now=now)
    details = {"key": key.id, "label": key.label, "how": how}
    steps = custody.activated(session, parts, key, by=by)
    return [Event(EventKind.KEY_ACTIVATED, by, key.person_id, details), *steps]


def _observe_first_tap(
    session: Session, parts: Parts, key: Credential, logged_in: LoggedIn, address: str, now: datetime
) -> None:
    place = from_address(
        ip_address(address),
        tables=parts.tables,
        networks=named_networks(session),
        person=key.person_id,
        session=logged_in.session_id,
        ids=parts.ids,
        now=now,
    )
    seen = from_first_tap(
        place,
        person=key.person_id,
        session=logged_in.session_id,
        key=key.id,
        delivered_at=custody.delivered_at(session, key.id),
        ids=parts.ids,
        now=now,
    )
    add_observations(session, [seen])


def _refuse(
    session: Session,
    parts: Parts,
    challenge: Challenge,
    why: Refused | ActivationFault,
    address: str,
    now: datetime,
) -> None:
    name, subject = challenge.facts["name"], challenge.person_id or "-"
    count_failure(session, claimant(PURPOSE, name, address), now)
    if isinstance(why, Refused):
        told, events = {"reason": why.refusal.code.value, "detail": why.refusal.detail}, why.events
    else:
        told, events = {"reason": why.value, "detail": why.words}, ()
    details = {**told, "name": name, "address": address}
    parts.commit(session, Event(EventKind.ACTIVATION_REFUSED, subject, subject, details), *events)
