"""Authenticator metadata as imported, and what the operator denies whatever it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, case, delete, select, text
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from models.base import Base, changed_rows


class MetadataImport(Base):
    """One import of authenticator metadata.

    The signed one with the highest number counts; of the same number, and
    while none is signed, the newest.

    *number* is the BLOB's ``no``; *signed* whether a pinned root vouched for
    it. *body* is the compact form (zlib of canonical JSON, anchors once, no
    icons), *digest* the SHA-256 of the text in it. *counts* are entries by outcome, *report*
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


_WHAT_COUNTS = (
    MetadataImport.signed.desc(),
    case((MetadataImport.signed, MetadataImport.number), else_=0).desc(),
    MetadataImport.imported_at.desc(),
    MetadataImport.id.desc(),
)


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


def newest_import(session: Session) -> MetadataImport | None:
    """Return the import that counts."""
    return session.scalars(select(MetadataImport).order_by(*_WHAT_COUNTS).limit(1)).first()


def newest_import_id(session: Session) -> str | None:
    """Return the id of the import that counts, without its body."""
    return session.scalar(select(MetadataImport.id).order_by(*_WHAT_COUNTS).limit(1))


@dataclass(frozen=True, slots=True)
class Due:
    """When the import that counts was made, and when a newer one is due."""

    imported_at: datetime
    next_update: datetime


def newest_dates(session: Session) -> Due | None:
    """Return the dates of the import that counts, without its body."""
    query = select(MetadataImport.imported_at, MetadataImport.next_update).order_by(*_WHAT_COUNTS).limit(1)
    row = session.execute(query).first()
    return None if row is None else Due(row.imported_at, row.next_update)


def lock_imports(session: Session) -> None:
    """Have imports, and whatever else changes which models are accepted, go one after the other.

    Taken before any other lock; reading goes on. It is a lock on the table: one
    on a row that others lock late would deadlock with them.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE metadata_imports IN EXCLUSIVE MODE"))


def hold_imports(session: Session) -> None:
    """Have no import begin until this transaction ends: what it stores was judged by what counts now.

    Taken before any other lock. Many can hold it at once.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE metadata_imports IN ROW SHARE MODE"))


def imports(session: Session, *, limit: int = 20) -> Sequence[MetadataImport]:
    """Return imports without their bodies; the one that counts is first."""
    return session.scalars(
        select(MetadataImport).options(defer(MetadataImport.body)).order_by(*_WHAT_COUNTS).limit(limit)
    ).all()


def denials(session: Session) -> Sequence[KeyDenial]:
    return session.scalars(select(KeyDenial).order_by(KeyDenial.kind, KeyDenial.value)).all()


def denial(session: Session, kind: str, value: str) -> KeyDenial | None:
    return session.scalar(select(KeyDenial).where(KeyDenial.kind == kind, KeyDenial.value == value))


def remove_denial(session: Session, kind: str, value: str) -> bool:
    """Delete one denial; False when there is none."""
    statement = delete(KeyDenial).where(KeyDenial.kind == kind, KeyDenial.value == value)
    return changed_rows(session, statement) == 1
