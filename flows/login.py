"""A contractor logs in by touching their key.

Who attacks this: a stranger who wants to know which names exist (unknown names
get stable decoy keys, and every refusal reads the same), who replays or races
an answer (the challenge is deleted and committed before verification), who
copied a key (the counter is compared and swapped), who guesses (limits by
account and address). A login that is refused leaves its record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.assertion import presented_credential_id, verify_assertion
from authn.decoys import decoy_ids
from authn.options import assertion_options
from crypto.secrets import base64url, from_base64url
from domain.authenticators import StoredCredential, VerifiedAssertion
from domain.custody import Step
from domain.errors import NotAuthenticated
from domain.key_refusals import KeyRefusal, Refusal
from evidence.networks import place_key
from flows import custody
from flows.ceremony import (
    challenge_bytes,
    count_begin,
    count_failure,
    open_challenge,
    refuse_many_failures,
    signed_action,
    take,
)
from flows.end_access import end_root
from flows.enter import Answer, LoggedIn, enter
from flows.parts import Parts
from flows.trust import trust
from models.keys import (
    Challenge,
    Credential,
    advance_counter,
    credential_by_raw_id,
    credentials_of,
    key_id_lengths,
    lock_credential,
    set_key_state,
)
from models.people import Person, lock_person, person_by_login

KEYS_OFFERED = 2
"""As many as a person may have: the number of keys that are named tells nothing."""


class LoginRefused(NotAuthenticated):
    """The login failed. The text is the same whatever the cause."""

    code = "login-refused"
    title = "You are not logged in"

    def __init__(self) -> None:
        super().__init__(
            "this key and this name do not open the door",
            remedy="Check the name, use the key we sent you, then try again. "
            "If it goes on, call the number on your contract.",
        )


class KeyPending(NotAuthenticated):
    """Key and name fit, and the key waits to be activated. Said only to who has proven to hold it."""

    code = KeyRefusal.KEY_PENDING.value
    title = "Your key is not activated yet"

    def __init__(self) -> None:
        text = KeyRefusal.KEY_PENDING.text
        super().__init__(text.sentence, remedy=text.remedy)


def begin(parts: Parts, *, login_name: str, browser: str, address: str) -> dict[str, Any]:
    """Return ``{ceremony, publicKey}`` for *login_name*, whether or not it exists."""
    return begin_by_name(parts, purpose="login", login_name=login_name, browser=browser, address=address)


def begin_by_name(
    parts: Parts,
    *,
    purpose: str,
    login_name: str,
    browser: str,
    address: str,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Begin a ceremony for whoever claims to be *login_name*; what is asked tells nothing of them.

    *facts* are kept with the challenge, beside the name.
    """
    now = parts.clock.now()
    with parts.db.write() as session:
        count_begin(session, place_key(address), now)
        session.commit()
    with parts.db.write() as session:
        name, person, keys, allowed = offer(session, parts, login_name)
        asker = claimant(purpose, name, address)
        refuse_many_failures(session, asker, now)
        ceremony, challenge = open_challenge(
            session,
            parts,
            purpose=purpose,
            asker=asker,
            browser=browser,
            lifetime=parts.limits.login_challenge,
            now=now,
            person_id=person.id if person and keys else None,
            sign_counts=keys,
            facts={**(facts or {}), "name": name},
        )
        parts.commit(session)
    options = assertion_options(
        rp_id=parts.deployment.rp_id,
        challenge=challenge,
        allow=allowed,
        timeout=parts.limits.login_challenge,
    )
    return {"ceremony": ceremony, "publicKey": options}


def claimant(purpose: str, name: str, address: str) -> str:
    """Return who is limited: a name together with the place that claims it, never a name alone."""
    return f"{purpose}:{name}@{place_key(address)}"


def offer(
    session: Session, parts: Parts, login_name: str
) -> tuple[str, Person | None, dict[str, int], list[bytes]]:
    """Return the name as it is looked up, its person, the counters of their keys, and the ids to name.

    Keys that wait to be activated are among them: whoever touches one is told
    so. As many ids are named for everybody, in an order that tells nothing;
    login and activation name the same ones, or comparing the two would tell.
    """
    name = login_name.strip().lower()[:128]
    person = person_by_login(session, name)
    keys = credentials_of(session, person.id) if person else []
    counters = {key.credential_id: key.sign_count for key in keys if key.state in {"active", "pending"}}
    secret, lengths = parts.ring.derive("decoy-keys"), key_id_lengths(session)
    decoys = decoy_ids(secret, name, max(KEYS_OFFERED - len(counters), 0), lengths=lengths)
    return name, person, {base64url(id): n for id, n in counters.items()}, sorted([*counters, *decoys])


def finish(
    parts: Parts, *, ceremony: str, credential: dict[str, Any], browser: str, address: str
) -> LoggedIn:
    """Verify the answer and open a session. Raises LoginRefused, KeyPending or ChallengeExpired."""
    now = parts.clock.now()
    challenge = take(parts, ceremony, browser=browser, purpose="login", now=now)
    with parts.db.write() as session:
        verified = check_answer(session, parts, challenge, credential, now=now, states=("active", "pending"))
        if isinstance(verified, Refused):
            count_failure(session, claimant("login", challenge.facts["name"], address), now)
            _refuse(session, parts, challenge, verified, address)
            raise LoginRefused
        if verified.credential.state == "pending":
            waits = Refused(Refusal(KeyRefusal.KEY_PENDING, "the key waits to be activated"))
            _refuse(session, parts, challenge, waits, address)
            raise KeyPending
        logged_in, record = enter(session, parts, verified, challenge, address=address, now=now)
        parts.commit(session, record)
        return logged_in


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that was refused, and what to record beside the refusal (a key that was stopped)."""

    refusal: Refusal
    events: tuple[Event, ...] = ()


def check_answer(
    session: Session,
    parts: Parts,
    challenge: Challenge,
    presented: dict[str, Any],
    *,
    now: datetime,
    states: Collection[str] = ("active",),
) -> Answer | Refused:
    """Verify an assertion for a taken challenge by a key in one of *states*, and advance the key's counter.

    Locks person, then key. A counter that did not rise since the challenge was
    issued suspends the key (a copy may exist); one that lost a race between
    two honest tabs refuses this answer only.
    """
    raw_id = presented_credential_id(presented)
    if isinstance(raw_id, Refusal):
        return Refused(raw_id)
    found = credential_by_raw_id(session, raw_id)
    if found is None or challenge.person_id is None or found.person_id != challenge.person_id:
        return Refused(Refusal(KeyRefusal.CREDENTIAL_MISMATCH, "the key is unknown or another person's"))
    person = lock_person(session, found.person_id)
    key = lock_credential(session, found.id)
    if person is None or key is None or person.state != "active" or key.state not in states:
        return Refused(Refusal(KeyRefusal.KEY_SUSPENDED, "the key or its owner is suspended"))
    verified = verify_assertion(
        presented,
        challenge=challenge_bytes(signed_action(challenge.purpose, challenge.action, challenge.nonce)),
        origin=parts.deployment.public_url,
        rp_id=parts.deployment.rp_id,
        allowed_ids=[from_base64url(text) for text in challenge.sign_counts],
        credential=StoredCredential(
            key.id, key.credential_id, key.public_key, key.sign_count, key.backup_eligible, key.algorithm
        ),
        user_handle=person.user_handle,
        sign_count_at_issue=int(challenge.sign_counts.get(base64url(raw_id), 0)),
        algorithms=parts.key_rules.algorithms,
    )
    if isinstance(verified, Refusal):
        stopped = verified.code is KeyRefusal.COUNTER_REGRESSED
        events = suspend_key(session, parts, key, reason=verified.code.value, now=now) if stopped else ()
        return Refused(verified, events)
    denied = trust(session, parts).standing_finding(key.aaguid, key.leaf, now)
    if denied is not None:
        return Refused(denied)
    if not _newer(verified, key) or not advance_counter(
        session, key.id, seen=key.sign_count, new=verified.sign_count, now=now, state=key.state
    ):
        return Refused(Refusal(KeyRefusal.COUNTER_REGRESSED, "another answer by this key came first"))
    return Answer(verified, key, person)


def _newer(verified: VerifiedAssertion, key: Credential) -> bool:
    return verified.sign_count > key.sign_count or verified.sign_count == key.sign_count == 0


def suspend_key(
    session: Session, parts: Parts, key: Credential, *, reason: str, now: datetime
) -> tuple[Event, ...]:
    """Stop one key at once: state, history and epoch. The caller commits the events."""
    set_key_state(session, key, "suspended", id=parts.ids.new("kst"), by="-", reason=reason, now=now)
    ended = end_root(session, "key", key.id, cause=reason, by="-")
    details = {"key": key.id, "label": key.label, "reason": reason}
    steps = custody.follows_key(session, parts, key, Step.SUSPENDED, by="-")
    return Event(EventKind.KEY_SUSPENDED, "-", key.person_id, details), ended, *steps


def _refuse(session: Session, parts: Parts, challenge: Challenge, refused: Refused, address: str) -> None:
    parts.commit(
        session,
        Event(
            EventKind.LOGIN_REFUSED,
            actor=challenge.person_id or "-",
            subject=challenge.person_id or "-",
            details={
                "reason": refused.refusal.code.value,
                "detail": refused.refusal.detail,
                "rules": [rule.value for rule in refused.refusal.rules],
                "name": challenge.facts["name"],
                "address": address,
            },
        ),
        *refused.events,
    )
