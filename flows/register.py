"""A person registers their hardware key from a one-time link.

Who attacks this: whoever intercepts the link (single use, short, bound to the
first browser that starts), a contractor with a software or synced passkey (the
attestation gate of ``authn.registration``), somebody who registers a key that
another person owns (ids are unique over all people, revoked keys included).
The first admin's link works while no admin has ever existed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.options import registration_options
from authn.registration import verify_registration
from authn.serials import attested_text
from authn.trust import Trust
from crypto.secrets import base64url, from_base64url
from domain.authenticators import VerifiedRegistration
from domain.errors import Conflict, Invalid, NotAuthenticated
from domain.key_refusals import Refusal, host_remedy
from evidence.networks import place_key
from flows import custody
from flows.ceremony import (
    challenge_bytes,
    count_begin,
    count_failure,
    open_challenge,
    refuse_many_failures,
    registration_alarm,
    signed_action,
    take,
)
from flows.invitation import LinkOver, live_link, login_name
from flows.parts import Parts
from flows.stop_code import make_stop_code
from flows.store_key import store_key
from flows.trust import known_elsewhere, trust_for_new_keys
from models.instance import close_bootstrap, instance
from models.keys import (
    Challenge,
    credentials_of,
)
from models.people import (
    Assignment,
    OneTimeCode,
    Person,
    Principal,
    consume_code,
    lock_person,
    person_by_login,
)

FIRST_ADMIN_ROLES = ("role:admin", "role:policy-author", "role:auditor")


class KeyNotAccepted(Invalid):
    """The key was refused; the code says why and the remedy what to do."""

    title = "This key is not accepted"


class LinkTaken(NotAuthenticated):
    """Another browser opened the one-time link first; only that one may go on."""

    code = "invite-bound"
    title = "This link is in use elsewhere"


def begin(
    parts: Parts, *, secret: str, browser: str, address: str, presented_name: str = "", display_name: str = ""
) -> dict[str, Any]:
    """Return ``{ceremony, publicKey}``; binds the link to this browser.

    *presented_name* and *display_name* are used for the first admin only.
    """
    now = parts.clock.now()
    with parts.db.write() as session:
        count_begin(session, place_key(address), now)
        session.commit()
    with parts.db.write() as session:
        code = live_link(session, secret, now)
        refuse_many_failures(session, code.id, now)
        if code.browser not in {None, browser}:
            raise LinkTaken(
                "this link was opened in another browser first",
                remedy="Go on in that browser, or ask for a new link.",
            )
        code.browser = browser
        person = session.get(Person, code.person_id) if code.person_id else None
        facts = _names(session, person, presented_name, display_name)
        facts["handle"] = base64url(person.user_handle if person else parts.randomness.bytes(32))
        facts |= {"code": code.digest, "code_id": code.id, "code_purpose": code.purpose}
        ceremony, challenge = open_challenge(
            session,
            parts,
            purpose="register",
            asker=code.id,
            browser=browser,
            lifetime=parts.limits.register_challenge,
            now=now,
            person_id=code.person_id,
            facts=facts,
        )
        known = [key.credential_id for key in credentials_of(session, person.id)] if person else []
        parts.commit(session)
    options = registration_options(
        rp_id=parts.deployment.rp_id,
        rp_name=parts.deployment.organisation,
        user_handle=from_base64url(facts["handle"]),
        user_name=facts["name"],
        display_name=facts["display_name"],
        challenge=challenge,
        exclude=known,
        rules=parts.key_rules,
    )
    return {"ceremony": ceremony, "publicKey": options}


@dataclass(frozen=True, slots=True)
class Registered:
    """A stored key and its owner. *pending*: it opens nothing until it is activated.

    *stop_code* is shown to the owner once.
    """

    key_id: str
    person_id: str
    login_name: str
    pending: bool
    stop_code: str


def finish(
    parts: Parts, *, ceremony: str, credential: dict[str, Any], browser: str, address: str
) -> Registered:
    """Verify the new key and store it. Raises KeyNotAccepted.

    It waits to be activated, unless the link was made on the host for an admin.
    """
    now = parts.clock.now()
    challenge = take(parts, ceremony, browser=browser, purpose="register", now=now)
    with parts.db.write() as session:
        trusted = trust_for_new_keys(session, parts)
        owner = challenge.person_id
        verified = verify_new(session, parts, trusted, challenge, credential, now, person_id=owner)
        if isinstance(verified, Refusal):
            raise refuse(
                session, parts, challenge, verified, asker=challenge.facts["code_id"], address=address
            )
        code = consume_code(session, challenge.facts["code"], challenge.facts["code_purpose"], now)
        if code is None:
            raise LinkOver("this link was used already or is too old")
        person, events = _owner(session, parts, challenge, code, now)
        state = "pending" if code.purpose == "invite" else "active"
        row, stored = store_key(session, parts, verified, trusted, person, state=state, now=now)
        stop_code = make_stop_code(session, parts, row.id)
        steps = custody.registered(session, parts, row, by=code.created_by)
        parts.commit(session, *events, stored, *steps)
        return Registered(row.id, person.id, person.login_name, state == "pending", stop_code)


def verify_new(
    session: Session,
    parts: Parts,
    trusted: Trust,
    challenge: Challenge,
    credential: dict[str, Any],
    now: datetime,
    *,
    person_id: str | None,
) -> VerifiedRegistration | Refusal:
    """Verify a new key for a taken challenge: nobody has it already, and it is the one that was sent."""
    verified = verify_registration(
        credential,
        challenge=challenge_bytes(signed_action(challenge.purpose, None, challenge.nonce)),
        origin=parts.deployment.public_url,
        rp_id=parts.deployment.rp_id,
        trust=trusted,
        now=now,
    )
    if isinstance(verified, Refusal):
        return verified
    known = known_elsewhere(session, verified)
    if known is None and person_id is not None:
        known = custody.not_the_one_sent(session, parts, attested_text(verified.serial), person_id)
    return verified if known is None else known


def refuse(
    session: Session, parts: Parts, challenge: Challenge, refusal: Refusal, *, asker: str, address: str
) -> KeyNotAccepted:
    """Count and record a refused key, commit, and return the error to raise."""
    now = parts.clock.now()
    count_failure(session, asker, now)
    subject = challenge.person_id or "-"
    told = {
        "reason": refusal.code.value,
        "detail": refusal.detail,
        "rules": [rule.value for rule in refusal.rules],
        "address": address,
        **({"aaguid": refusal.aaguid} if refusal.aaguid else {}),
    }
    refused = Event(EventKind.KEY_REFUSED, subject, subject, told)
    shared = [_shared(challenge, refusal)] if refusal.owner not in {"", challenge.person_id} else []
    parts.commit(session, refused, *shared, *registration_alarm(session, now))
    text, by_host = refusal.code.text, challenge.facts.get("code_purpose") in {"bootstrap", "recover"}
    remedy = host_remedy(refusal) if by_host else text.remedy
    return KeyNotAccepted(text.sentence, code=refusal.code.value, remedy=remedy)


def _shared(challenge: Challenge, refusal: Refusal) -> Event:
    """Return the alarm that stands on the pages of both: whose key it is, and who came with it."""
    details = {"reason": refusal.code.value, "detail": refusal.detail}
    return Event(EventKind.KEY_SHARED, challenge.person_id or "-", refusal.owner, details)


def _names(session: Session, person: Person | None, presented_name: str, display_name: str) -> dict[str, Any]:
    if person is not None:
        return {"name": person.login_name, "display_name": person.display_name}
    name, shown = login_name(presented_name), display_name.strip()
    if not shown or len(shown) > 128:
        raise Invalid("a display name is needed", code="display-name", remedy="Write your name.")
    if person_by_login(session, name) is not None:
        raise Conflict(f"the login name `{name}` is taken", code="login-name-taken")
    return {"name": name, "display_name": shown}


def _owner(
    session: Session, parts: Parts, challenge: Challenge, code: OneTimeCode, now: datetime
) -> tuple[Person, list[Event]]:
    """Return the person the key is for, locked; for the first admin, make them."""
    if code.person_id is not None:
        person = lock_person(session, code.person_id)
        if person is None or person.state != "active":
            raise LinkOver("this account is not open")
        if any(key.state in {"active", "pending"} for key in credentials_of(session, person.id)):
            raise LinkOver("this account has a key already")
        return person, []
    if instance(session).first_admin_at is not None:
        raise LinkOver("an admin exists already")
    close_bootstrap(session, now)
    person = Person(
        id=parts.ids.new("prs"),
        login_name=challenge.facts["name"],
        display_name=challenge.facts["display_name"],
        user_handle=from_base64url(challenge.facts["handle"]),
        created_at=now,
    )
    session.add(Principal(id=person.id, kind="person"))
    session.flush()
    session.add(person)
    session.flush()
    for role in FIRST_ADMIN_ROLES:
        session.add(
            Assignment(
                id=parts.ids.new("asg"), principal_id=person.id, group=role, created_by="host", created_at=now
            )
        )
    return person, [Event(EventKind.ADMIN_BOOTSTRAPPED, actor=person.id, subject=person.id)]
