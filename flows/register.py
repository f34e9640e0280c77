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

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.options import registration_options
from authn.registration import verify_registration
from crypto.secrets import base64url, from_base64url
from domain.authenticators import Anchor, VerifiedRegistration
from domain.errors import Conflict, Invalid, NotAuthenticated
from domain.key_refusals import KeyRefusal, Refusal
from evidence.networks import place_key
from flows.ceremony import (
    challenge_bytes,
    count_begin,
    count_failure,
    open_challenge,
    refuse_many_failures,
    signed_action,
    take,
)
from flows.invitation import LinkOver, live_link, login_name
from flows.parts import Parts
from models.instance import close_bootstrap, instance
from models.keys import (
    Challenge,
    Credential,
    CredentialState,
    anchors,
    credential_by_raw_id,
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
        facts["code"] = code.digest
        facts["code_id"] = code.id
        facts["code_purpose"] = code.purpose
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
    )
    return {"ceremony": ceremony, "publicKey": options}


@dataclass(frozen=True, slots=True)
class Registered:
    """A stored key and its owner. *pending*: it opens nothing until it is activated."""

    key_id: str
    person_id: str
    login_name: str
    pending: bool


def finish(
    parts: Parts, *, ceremony: str, credential: dict[str, Any], browser: str, address: str
) -> Registered:
    """Verify the new key and store it. Raises KeyNotAccepted.

    It waits to be activated, unless the link was made on the host for an admin.
    """
    now = parts.clock.now()
    challenge = take(parts, ceremony, browser=browser, purpose="register", now=now)
    with parts.db.write() as session:
        verified = verify_registration(
            credential,
            challenge=challenge_bytes(signed_action("register", None, challenge.nonce)),
            origin=parts.deployment.public_url,
            rp_id=parts.deployment.rp_id,
            anchors=trusted_anchors(session),
            now=now,
        )
        if not isinstance(verified, Refusal) and credential_by_raw_id(session, verified.credential_id):
            verified = Refusal(KeyRefusal.KEY_IN_USE, "the credential id is registered already")
        if isinstance(verified, Refusal):
            _refuse(session, parts, challenge, verified, address, now)
            text = verified.code.text
            raise KeyNotAccepted(text.sentence, code=verified.code.value, remedy=text.remedy)
        code = consume_code(session, challenge.facts["code"], challenge.facts["code_purpose"], now)
        if code is None:
            raise LinkOver("this link was used already or is too old")
        person, events = _owner(session, parts, challenge, code, now)
        state = "pending" if code.purpose == "invite" else "active"
        row, stored = _store(session, parts, verified, person, state, now)
        parts.commit(session, *events, stored)
        return Registered(row.id, person.id, person.login_name, state == "pending")


def trusted_anchors(session: Session) -> list[Anchor]:
    """Return the operator's trust overlay in the shape that the gate reads."""
    return [
        Anchor(
            row.aaguid,
            x509.load_pem_x509_certificate(row.certificate_pem.encode()).public_bytes(Encoding.DER),
            row.label,
        )
        for row in anchors(session)
    ]


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


def _store(
    session: Session, parts: Parts, verified: VerifiedRegistration, person: Person, state: str, now: datetime
) -> tuple[Credential, Event]:
    label = next(row.label for row in anchors(session) if row.aaguid == verified.aaguid)
    row = Credential(
        id=parts.ids.new("key"),
        person_id=person.id,
        credential_id=verified.credential_id,
        public_key=verified.public_key,
        algorithm=verified.algorithm,
        sign_count=verified.sign_count,
        backup_eligible=verified.backup_eligible,
        aaguid=verified.aaguid,
        label=label,
        attestation_object=verified.attestation_object,
        leaf=verified.leaf_der,
        leaf_sha256=verified.leaf_sha256,
        trust_revision=instance(session).trust_revision,
        transports=list(verified.transports_hint),
        state=state,
        created_at=now,
        activated_at=now if state == "active" else None,
    )
    session.add(row)
    session.flush()
    session.add(
        CredentialState(
            id=parts.ids.new("kst"),
            credential_id=row.id,
            state=state,
            at=now,
            by=person.id,
            reason="registered",
        )
    )
    details = {
        "key": row.id,
        "aaguid": row.aaguid,
        "label": label,
        "leaf": row.leaf_sha256,
        "state": state,
    }
    return row, Event(EventKind.KEY_REGISTERED, actor=person.id, subject=person.id, details=details)


def _refuse(
    session: Session, parts: Parts, challenge: Challenge, refusal: Refusal, address: str, now: datetime
) -> None:
    count_failure(session, challenge.facts["code_id"], now)
    subject = challenge.person_id or "-"
    details = {"reason": refusal.code.value, "detail": refusal.detail, "address": address}
    parts.commit(session, Event(EventKind.KEY_REFUSED, actor=subject, subject=subject, details=details))
