"""Authenticator metadata as imported, and what the operator denies whatever it says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from models.base import Base


class MetadataImport(Base):
    """One import of authenticator metadata; the newest one counts.

    *number* is the BLOB's ``no``; *signed* whether a pinned root vouched for
    it. *body* is the compact form (zlib of canonical JSON, anchors once, no
    icons), *digest* its SHA-256. *counts* are entries by outcome, *report*
    what changed for our keys.
    """

    __tablename__ = "metadata_imports"

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    next_update: Mapped[datetime]
    signed: Mapped[bool]
    source: Mapped[str]
    digest: Mapped[str]
    body: Mapped[bytes]
    counts: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]
    imported_by: Mapped[str]
    imported_at: Mapped[datetime]


class KeyDenial(Base):
    """A model (``aaguid``), attestation certificate (``leaf``) or its key (``spki``) that is denied."""

    __tablename__ = "key_denials"
    __table_args__ = (UniqueConstraint("kind", "value"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    value: Mapped[str]
    reason: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


def newest_import(session: Session, *, signed: bool | None = None) -> MetadataImport | None:
    """Return the import that counts, or the newest (un)signed one."""
    query = select(MetadataImport).order_by(MetadataImport.imported_at.desc(), MetadataImport.id.desc())
    if signed is not None:
        query = query.where(MetadataImport.signed == signed)
    return session.scalars(query.limit(1)).first()


def newest_import_id(session: Session) -> str | None:
    """Return the id of the import that counts, without its body."""
    return session.scalar(
        select(MetadataImport.id)
        .order_by(MetadataImport.imported_at.desc(), MetadataImport.id.desc())
        .limit(1)
    )


def imports(session: Session, *, limit: int = 20) -> Sequence[MetadataImport]:
    """Return the newest imports without their bodies, newest first."""
    return session.scalars(
        select(MetadataImport)
        .options(defer(MetadataImport.body))
        .order_by(MetadataImport.imported_at.desc(), MetadataImport.id.desc())
        .limit(limit)
    ).all()


def denials(session: Session) -> Sequence[KeyDenial]:
    return session.scalars(select(KeyDenial).order_by(KeyDenial.kind, KeyDenial.value)).all()
