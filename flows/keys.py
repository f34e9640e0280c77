"""An admin looks at keys and stops one for good.

Who attacks this: whoever holds a lost key (revoking ends every session, open
door and token that it opened, at once), malware in the admin's browser (the
admin touches their own key over the exact revocation), an admin who locks the
place (the last admin's only key cannot be revoked here).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.serials import spellings
from authn.trust import Trust
from domain.custody import Step
from domain.errors import Conflict
from domain.key_refusals import KeyRefusal
from flows import custody
from flows.end_access import end_root
from flows.ending import Loss, losses_of_key
from flows.key_blocks import Block, after_revoking, block_of
from flows.key_states import NoSuchKey
from flows.names import names_of
from flows.parts import Parts
from flows.people import is_last_admin
from flows.trust import trust
from models.audit import AuditDetail, AuditRecord
from models.keys import (
    Credential,
    CredentialState,
    TrustAnchor,
    anchors,
    credentials_of,
    lock_credential,
    set_key_state,
)
from models.people import Person, lock_person

PAGE = 50
MODELS = 5
_WITH_OWNERS = select(Credential, Person).join(Person, Person.id == Credential.person_id)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key with its owner."""

    key: Credential
    owner: Person


@dataclass(frozen=True, slots=True)
class KeyList:
    """A page of keys, newest first. *older* is the cursor of the next page."""

    rows: tuple[KeyRow, ...]
    total: int
    older: str | None


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One key: owner, history of its states by named people, and what would end with it.

    *block* is what stands against it now, whatever its state. *afterwards* says
    how its owner comes to a new key once it is revoked. *added_by* is the key
    whose touch began this one's registration, from a session of its owner.
    """

    key: Credential
    owner: Person
    history: tuple[CredentialState, ...]
    names: Mapping[str, str]
    losses: tuple[Loss, ...]
    block: Block | None
    afterwards: str
    added_by: Credential | None


@dataclass(frozen=True, slots=True)
class Model:
    """A trusted key model with what its certificate says."""

    anchor: TrustAnchor
    subject: str
    valid_until: datetime
    keys: int


@dataclass(frozen=True, slots=True)
class Refused:
    """How often registrations were refused for one reason, and when last.

    *rules* are those that the keys' models broke, where that was the reason.
    *models* are the most frequent ones.
    """

    code: str
    sentence: str
    count: int
    last: datetime
    rules: tuple[tuple[str, int], ...]
    models: tuple[RefusedModel, ...]


@dataclass(frozen=True, slots=True)
class RefusedModel:
    """A model whose keys were refused. *known*: there is a page about it."""

    aaguid: str
    name: str
    count: int
    known: bool


def list_keys(parts: Parts, *, state: str = "", before: str = "") -> KeyList:
    """Return a page of keys below the cursor *before*, all states or one."""
    with parts.db.read() as session:
        query, count = _WITH_OWNERS, select(func.count()).select_from(Credential)
        if state:
            query, count = query.where(Credential.state == state), count.where(Credential.state == state)
        if before:
            query = query.where(Credential.id < before)
        found = session.execute(query.order_by(Credential.id.desc()).limit(PAGE + 1)).all()
        rows = tuple(KeyRow(key, owner) for key, owner in found[:PAGE])
        older = rows[-1].key.id if len(found) > PAGE else None
        return KeyList(rows, session.scalar(count) or 0, older)


def key_rows(session: Session, *, state: str = "", person_id: str = "") -> tuple[KeyRow, ...]:
    """Return keys with their owners, the oldest first: all, or those of one state or person."""
    query = _WITH_OWNERS.order_by(Credential.id)
    if state:
        query = query.where(Credential.state == state)
    if person_id:
        query = query.where(Credential.person_id == person_id)
    return tuple(KeyRow(key, owner) for key, owner in session.execute(query))


def keys_named(session: Session, named: str) -> tuple[KeyRow, ...]:
    """Return the key of this id; else those of this serial number or login name, but for revoked ones."""
    key = session.get(Credential, named)
    if key is not None:
        return (KeyRow(key, session.get_one(Person, key.person_id)),)
    item = custody.item_by_serial(session, named)
    fits = or_(
        func.lower(Credential.serial).in_([way.lower() for way in spellings(named)]),
        Credential.id == (item.credential_id if item else None),
        Person.login_name == named.lower(),
    )
    query = _WITH_OWNERS.where(fits, Credential.state != "revoked").order_by(Credential.id)
    return tuple(KeyRow(key, owner) for key, owner in session.execute(query))


def key_page(parts: Parts, credential_id: str) -> KeyPage:
    with parts.db.read() as session:
        key = session.get(Credential, credential_id)
        owner = session.get(Person, key.person_id) if key else None
        if key is None or owner is None:
            raise NoSuchKey
        history = session.scalars(
            select(CredentialState)
            .where(CredentialState.credential_id == credential_id)
            .order_by(CredentialState.at.desc(), CredentialState.id.desc())
        ).all()
        return KeyPage(
            key,
            owner,
            tuple(history),
            names_of(session, {row.by for row in history}),
            losses_of_key(session, key.id, parts.clock.now()),
            block_of(session, parts, key),
            after_revoking(session, key),
            _added_by(session, key),
        )


def models(parts: Parts) -> tuple[Model, ...]:
    """Return the trusted key models with the number of working keys of each."""
    with parts.db.read() as session:
        counted = Counter(session.scalars(select(Credential.aaguid).where(Credential.state == "active")))
        return tuple(_model(row, counted[row.aaguid]) for row in anchors(session))


def refusals(parts: Parts) -> tuple[Refused, ...]:
    """Return why registrations were refused, most frequent first. Erased details are not counted."""
    with parts.db.read() as session:
        rows = session.execute(
            select(AuditRecord.at, AuditDetail.details)
            .join(AuditDetail, AuditDetail.sequence == AuditRecord.sequence)
            .where(AuditRecord.kind == EventKind.KEY_REFUSED.code)
            .order_by(AuditRecord.sequence)
        ).all()
        trusted = trust(session, parts)
    last: dict[str, datetime] = {}
    counted: Counter[str] = Counter()
    broken: dict[str, Counter[str]] = {}
    named: dict[str, Counter[str]] = {}
    for at, details in rows:
        code = str(details.get("reason", ""))
        last[code] = at
        counted[code] += 1
        broken.setdefault(code, Counter()).update(details.get("rules", ()))
        named.setdefault(code, Counter()).update(filter(None, [details.get("aaguid")]))
    return tuple(
        Refused(
            code,
            _sentence(code),
            n,
            last[code],
            tuple(broken[code].most_common()),
            tuple(_refused_model(trusted, *one) for one in named[code].most_common(MODELS)),
        )
        for code, n in counted.most_common()
    )


def revoke_action(credential_id: str, reason: str) -> dict[str, Any]:
    """Return the exact action that a tap signs to revoke a key."""
    return {"do": "key.revoke", "key": credential_id, "reason": reason}


def revoke(session: Session, parts: Parts, credential_id: str, *, reason: str, by: str) -> Sequence[Event]:
    """Stop a key for good; the caller commits the events. Its id stays taken.

    The only working key of the last admin cannot be revoked: it would lock
    everybody out of the console. The host's recovery command can.
    """
    now = parts.clock.now()
    found = session.get(Credential, credential_id)
    if found is None:
        raise NoSuchKey
    lock_person(session, found.person_id)
    key = lock_credential(session, credential_id)
    if key is None or key.state == "revoked":
        raise Conflict("the key is revoked already", code="key-state")
    working = [row.id for row in credentials_of(session, key.person_id, state="active")]
    if working == [key.id] and is_last_admin(session, key.person_id, now):
        raise Conflict(
            "this is the only key of the last admin", code="last-admin", remedy="Make another admin first."
        )
    ended = stop(session, parts, key, reason=reason, by=by, now=now)
    details = {"key": key.id, "label": key.label, "reason": reason}
    steps = custody.follows_key(session, parts, key, Step.REVOKED, by=by)
    return [Event(EventKind.KEY_REVOKED, by, key.person_id, details), ended, *steps]


def stop(session: Session, parts: Parts, key: Credential, *, reason: str, by: str, now: datetime) -> Event:
    """Revoke one locked key: state, history and epoch."""
    set_key_state(session, key, "revoked", id=parts.ids.new("kst"), by=by, reason=reason, now=now)
    return end_root(session, "key", key.id, cause="key-revoked", by=by)


def _added_by(session: Session, key: Credential) -> Credential | None:
    """Return the owner's key that worked when *key* was registered: nobody who has one is sent a link."""
    for other in credentials_of(session, key.person_id):
        last = session.scalars(
            select(CredentialState.state)
            .where(CredentialState.credential_id == other.id, CredentialState.at <= key.created_at)
            .order_by(CredentialState.at.desc(), CredentialState.id.desc())
            .limit(1)
        ).first()
        if other.id != key.id and other.created_at <= key.created_at and last == "active":
            return other
    return None


def _model(row: TrustAnchor, keys: int) -> Model:
    certificate = x509.load_pem_x509_certificate(row.certificate_pem.encode())
    return Model(row, certificate.subject.rfc4514_string(), certificate.not_valid_after_utc, keys)


def _refused_model(trusted: Trust, aaguid: str, count: int) -> RefusedModel:
    known = trusted.overlays(aaguid) or trusted.model(aaguid) is not None
    return RefusedModel(aaguid, trusted.label(aaguid) if known else "", count, known)


def _sentence(code: str) -> str:
    try:
        return KeyRefusal(code).text.sentence
    except ValueError:
        return "A reason that this version does not know."
