"""Hardware keys: trust anchors, credentials, challenges, and every tap that signed an action."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import NOBODY, Base, changed_rows


class TrustAnchor(Base):
    """The operator's trust overlay: keys of this AAGUID chain to this certificate."""

    __tablename__ = "trust_anchors"
    __table_args__ = (UniqueConstraint("aaguid", "sha256"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    aaguid: Mapped[str] = mapped_column(index=True)
    label: Mapped[str]
    certificate_pem: Mapped[str]
    sha256: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class Credential(Base):
    """A registered key. State is pending, active, suspended, lost or revoked; ids stay taken for ever.

    *serial* is what an enterprise attestation said, as ``authn.serials`` writes it. *metadata_import* and
    *metadata_statuses* are what the model's metadata was at registration.
    *min_pin_length* and *cred_protect* are what the key reported, if it did.
    """

    __tablename__ = "credentials"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    algorithm: Mapped[int]
    sign_count: Mapped[int]
    backup_eligible: Mapped[bool]
    aaguid: Mapped[str]
    label: Mapped[str]
    attestation_object: Mapped[bytes]
    leaf: Mapped[bytes]
    leaf_sha256: Mapped[str]
    trust_revision: Mapped[int]
    transports: Mapped[list[str]]
    nickname: Mapped[str] = mapped_column(default="")
    serial: Mapped[str | None] = mapped_column(unique=True, index=True)
    metadata_import: Mapped[str | None]
    metadata_statuses: Mapped[list[str]] = mapped_column(default=list)
    min_pin_length: Mapped[int | None]
    cred_protect: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="active")
    epoch: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class CredentialState(Base):
    """History of a key's states: who changed it, when and why."""

    __tablename__ = "credential_states"

    id: Mapped[str] = mapped_column(primary_key=True)
    credential_id: Mapped[str] = mapped_column(ForeignKey("credentials.id"), index=True)
    state: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    reason: Mapped[str]


class Challenge(Base):
    """One open ceremony: purpose is register, login or sign. Deleted before verification.

    *browser* binds it to the browser it was issued to. *action* is the exact
    action a tap will sign; the challenge itself is a digest over purpose,
    action and *nonce*. *sign_counts* are the counters at issue, by credential
    id; *facts* hold what else the finish needs (code, names).
    """

    __tablename__ = "challenges"

    id: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    nonce: Mapped[str]
    browser: Mapped[str]
    session_id: Mapped[str | None]
    person_id: Mapped[str | None] = mapped_column(index=True)
    action: Mapped[dict[str, Any] | None]
    sign_counts: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Signature(Base):
    """One tap in full: what was signed, by which key, with which bytes."""

    __tablename__ = "signatures"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    credential_id: Mapped[str] = mapped_column(ForeignKey("credentials.id"))
    session_id: Mapped[str | None]
    action: Mapped[dict[str, Any]]
    action_digest: Mapped[str] = mapped_column(index=True)
    client_data: Mapped[bytes]
    authenticator_data: Mapped[bytes]
    signature: Mapped[bytes]
    signed_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def anchors(session: Session) -> Sequence[TrustAnchor]:
    return session.scalars(select(TrustAnchor).order_by(TrustAnchor.aaguid, TrustAnchor.label)).all()


def credentials_of(session: Session, person_id: str, *, state: str | None = None) -> Sequence[Credential]:
    query = select(Credential).where(Credential.person_id == person_id).order_by(Credential.created_at)
    if state is not None:
        query = query.where(Credential.state == state)
    return session.scalars(query).all()


def credential_by_raw_id(session: Session, raw_id: bytes) -> Credential | None:
    return session.scalar(select(Credential).where(Credential.credential_id == raw_id))


def credential_by_serial(session: Session, serial: str) -> Credential | None:
    return session.scalar(select(Credential).where(Credential.serial == serial))


def key_id_lengths(session: Session) -> Sequence[int]:
    """Return the lengths that credential ids have here, each once."""
    return session.scalars(select(func.length(Credential.credential_id)).distinct()).all()


def lock_credential(session: Session, credential_id: str, *, share: bool = False) -> Credential | None:
    """Lock one key's row (second in the lock order)."""
    query = select(Credential).where(Credential.id == credential_id).execution_options(populate_existing=True)
    return session.scalar(query.with_for_update(read=share))


def advance_counter(
    session: Session, credential_id: str, *, seen: int, new: int, now: datetime, state: str = "active"
) -> bool:
    """Store *new* if counter and state are still *seen* and *state*; False when another answer came first."""
    changed = changed_rows(
        session,
        update(Credential)
        .where(Credential.id == credential_id, Credential.sign_count == seen, Credential.state == state)
        .values(sign_count=new, last_used_at=now)
        .execution_options(synchronize_session=False, concerns=NOBODY),
    )
    return changed == 1


def set_key_state(
    session: Session, key: Credential, state: str, *, id: str, by: str, reason: str, now: datetime
) -> None:
    """Bring a locked key to *state*, and add that to its history under *id*."""
    key.state = state
    session.add(CredentialState(id=id, credential_id=key.id, state=state, at=now, by=by, reason=reason))
    session.flush()


def take_challenge(session: Session, challenge_id: str, browser: str, purpose: str) -> Challenge | None:
    """Delete and return one challenge: of parallel callers exactly one gets it."""
    return session.scalars(
        delete(Challenge)
        .where(Challenge.id == challenge_id, Challenge.browser == browser, Challenge.purpose == purpose)
        .returning(Challenge)
    ).one_or_none()


def forget_old_challenges(session: Session, now: datetime) -> None:
    session.execute(delete(Challenge).where(Challenge.expires_at <= now))


def use_signature(session: Session, signature_id: str, action_digest: str, now: datetime) -> bool:
    """Spend a tap on the one action it signed; False when it is spent or signed another."""
    changed = changed_rows(
        session,
        update(Signature)
        .where(
            Signature.id == signature_id,
            Signature.action_digest == action_digest,
            Signature.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False),
    )
    return changed == 1
