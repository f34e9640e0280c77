"""What this deployment is: fixed facts, signing keys, and the one revision of its state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base


class Instance(Base):
    """One row, written when the database is created.

    *rp_id* is fixed for ever: another would orphan every key. *demo* cannot be
    changed. *first_admin_at* closes the bootstrap for good.
    """

    __tablename__ = "instance"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_url: Mapped[str]
    rp_id: Mapped[str]
    demo: Mapped[bool]
    organisation: Mapped[str]
    created_at: Mapped[datetime]
    first_admin_at: Mapped[datetime | None]
    trust_revision: Mapped[int]


class SigningKey(Base):
    """A signing key, its private part wrapped by the root key. Purpose is token or checkpoint."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(index=True)
    public_jwk: Mapped[dict[str, Any]]
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class StateRevision(Base):
    """One row that rises with every change that a decision may depend on."""

    __tablename__ = "state_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]


def instance(session: Session) -> Instance:
    return session.scalars(select(Instance).where(Instance.id == 1)).one()


def lock_instance(session: Session) -> None:
    """Lock the one instance row: what asks "is this the last?" must ask alone."""
    session.execute(select(Instance.id).where(Instance.id == 1).with_for_update())


def close_bootstrap(session: Session, now: datetime) -> None:
    """Remember that an admin exists, so that no bootstrap link works ever again."""
    session.execute(
        update(Instance).where(Instance.id == 1, Instance.first_admin_at.is_(None)).values(first_admin_at=now)
    )


def raise_trust_revision(session: Session) -> int:
    return session.execute(
        update(Instance)
        .where(Instance.id == 1)
        .values(trust_revision=Instance.trust_revision + 1)
        .returning(Instance.trust_revision)
    ).scalar_one()


def raise_state_revision(session: Session) -> int:
    """Count one change of state that decisions depend on; return the new revision."""
    return session.execute(
        update(StateRevision)
        .where(StateRevision.id == 1)
        .values(revision=StateRevision.revision + 1)
        .returning(StateRevision.revision)
    ).scalar_one()


def state_revision(session: Session) -> int:
    return session.scalars(select(StateRevision.revision).where(StateRevision.id == 1)).one()


def signing_keys(session: Session, purpose: str) -> Sequence[SigningKey]:
    """Return the keys of one purpose, newest first; the first unretired one signs."""
    return session.scalars(
        select(SigningKey).where(SigningKey.purpose == purpose).order_by(SigningKey.created_at.desc())
    ).all()
