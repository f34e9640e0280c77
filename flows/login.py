"""A contractor logs in by touching their key.

Who attacks this: a stranger who wants to know which names exist (unknown names
get stable decoy keys, and every refusal reads the same), who replays or races
an answer (the challenge is deleted and committed before verification), who
copied a key (the counter is compared and swapped), who guesses (limits by
account and address). A login that is refused leaves its record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.assertion import presented_credential_id, verify_assertion
from authn.decoys import decoy_ids
from authn.options import assertion_options
from crypto.digests import secret_digest
from crypto.secrets import base64url, from_base64url, new_secret
from domain.authenticators import StoredCredential, VerifiedAssertion
from domain.errors import NotAuthenticated
from domain.key_refusals import KeyRefusal, Refusal
from evidence.networks import place_key
from evidence.observe import from_address
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
from flows.networks import named_networks
from flows.observe_ceremony import observe_company, observe_touch
from flows.parts import Parts
from flows.trust import trust
from models.evidence import add_observations
from models.keys import (
    Challenge,
    Credential,
    CredentialState,
    advance_counter,
    credential_by_raw_id,
    credentials_of,
    key_id_lengths,
    lock_credential,
)
from models.people import Person, lock_person, person_by_login, running_engagement
from models.sessions import BrowserSession

DECOYS = 1


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


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session: *cookie* is shown to the browser once and never stored."""

    cookie: str
    session_id: str
    person_id: str


def begin(parts: Parts, *, login_name: str, browser: str, address: str) -> dict[str, Any]:
    """Return ``{ceremony, publicKey}`` for *login_name*, whether or not it exists."""
    now = parts.clock.now()
    name = login_name.strip().lower()[:128]
    with parts.db.write() as session:
        count_begin(session, place_key(address), now)
        session.commit()
    with parts.db.write() as session:
        asker = f"{name}@{place_key(address)}"
        refuse_many_failures(session, asker, now)
        person = person_by_login(session, name)
        keys = credentials_of(session, person.id, state="active") if person else []
        allowed = [key.credential_id for key in keys]
        lengths = key_id_lengths(session)
        ceremony, challenge = open_challenge(
            session,
            parts,
            purpose="login",
            asker=asker,
            browser=browser,
            lifetime=parts.limits.login_challenge,
            now=now,
            person_id=person.id if person and keys else None,
            sign_counts={base64url(key.credential_id): key.sign_count for key in keys},
            facts={"name": name},
        )
        parts.commit(session)
    options = assertion_options(
        rp_id=parts.deployment.rp_id,
        challenge=challenge,
        allow=allowed or decoy_ids(parts.ring.derive("decoy-keys"), name, DECOYS, lengths=lengths),
        timeout=parts.limits.login_challenge,
    )
    return {"ceremony": ceremony, "publicKey": options}


def finish(
    parts: Parts, *, ceremony: str, credential: dict[str, Any], browser: str, address: str
) -> LoggedIn:
    """Verify the answer and open a session. Raises LoginRefused or ChallengeExpired."""
    now = parts.clock.now()
    challenge = take(parts, ceremony, browser=browser, purpose="login", now=now)
    with parts.db.write() as session:
        verified = check_answer(session, parts, challenge, credential, now=now)
        if isinstance(verified, Refused):
            _refuse(session, parts, challenge, verified, address, now)
            raise LoginRefused
        logged_in = _open_session(session, parts, verified, address, now)
        observe_touch(
            session,
            parts,
            verified.assertion,
            verified.credential,
            challenge,
            session_id=logged_in.session_id,
            address=address,
            now=now,
        )
        _look_around(session, parts, logged_in, address, now)
        parts.commit(
            session,
            Event(
                EventKind.LOGIN,
                actor=verified.person.id,
                subject=verified.person.id,
                details={
                    "key": verified.credential.id,
                    "session": logged_in.session_id,
                    "address": address,
                    "counter": verified.assertion.sign_count,
                    "touch_ms": int((now - challenge.created_at).total_seconds() * 1000),
                },
            ),
        )
        return logged_in


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer to a challenge: the tap, the key (locked) and its owner (locked)."""

    assertion: VerifiedAssertion
    credential: Credential
    person: Person


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that was refused, and what to record beside the refusal (a key that was stopped)."""

    refusal: Refusal
    events: tuple[Event, ...] = ()


def check_answer(
    session: Session, parts: Parts, challenge: Challenge, presented: dict[str, Any], *, now: datetime
) -> Answer | Refused:
    """Verify an assertion for a taken challenge and advance the key's counter.

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
    if person is None or key is None or person.state != "active" or key.state != "active":
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
        session, key.id, seen=key.sign_count, new=verified.sign_count, now=now
    ):
        return Refused(Refusal(KeyRefusal.COUNTER_REGRESSED, "another answer by this key came first"))
    return Answer(verified, key, person)


def _newer(verified: VerifiedAssertion, key: Credential) -> bool:
    return verified.sign_count > key.sign_count or verified.sign_count == key.sign_count == 0


def suspend_key(
    session: Session, parts: Parts, key: Credential, *, reason: str, now: datetime
) -> tuple[Event, ...]:
    """Stop one key at once: state, history and epoch. The caller commits the events."""
    key.state = "suspended"
    session.add(
        CredentialState(
            id=parts.ids.new("kst"), credential_id=key.id, state="suspended", at=now, by="-", reason=reason
        )
    )
    session.flush()
    ended = end_root(session, "key", key.id, cause=reason, by="-")
    details = {"key": key.id, "label": key.label, "reason": reason}
    return Event(EventKind.KEY_SUSPENDED, "-", key.person_id, details), ended


def _refuse(
    session: Session, parts: Parts, challenge: Challenge, refused: Refused, address: str, now: datetime
) -> None:
    count_failure(session, f"{challenge.facts['name']}@{place_key(address)}", now)
    parts.commit(
        session,
        Event(
            EventKind.LOGIN_REFUSED,
            actor=challenge.person_id or "-",
            subject=challenge.person_id or "-",
            details={
                "reason": refused.refusal.code.value,
                "detail": refused.refusal.detail,
                "name": challenge.facts["name"],
                "address": address,
            },
        ),
        *refused.events,
    )


def _open_session(session: Session, parts: Parts, verified: Answer, address: str, now: datetime) -> LoggedIn:
    person, key = verified.person, verified.credential
    engagement = running_engagement(session, person.id, now)
    cookie = new_secret("dws", parts.randomness)
    row = BrowserSession(
        id=parts.ids.new("ses"),
        digest=secret_digest(cookie),
        person_id=person.id,
        credential_id=key.id,
        engagement_id=engagement.id if engagement else None,
        person_epoch=person.epoch,
        credential_epoch=key.epoch,
        address=address,
        created_at=now,
        touched_at=now,
        last_seen_at=now,
        expires_at=now + parts.limits.session,
    )
    session.add(row)
    session.flush()
    return LoggedIn(cookie, row.id, person.id)


def _look_around(session: Session, parts: Parts, logged_in: LoggedIn, address: str, now: datetime) -> None:
    """Observe where the new session comes from, and in whose company."""
    networks = named_networks(session)
    observed = from_address(
        ip_address(address),
        tables=parts.tables,
        networks=networks,
        person=logged_in.person_id,
        session=logged_in.session_id,
        ids=parts.ids,
        now=now,
    )
    add_observations(session, observed)
    observe_company(
        session,
        parts,
        person_id=logged_in.person_id,
        session_id=logged_in.session_id,
        address=address,
        networks=networks,
        now=now,
    )
