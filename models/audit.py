"""The audit chain: records, their erasable details, and the one head row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base


class AuditRecord(Base):
    """One chained record. It holds pseudonymous ids and a salted digest of its details only."""

    __tablename__ = "audit_records"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(index=True)
    details_digest: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class AuditDetail(Base):
    """The details of one record; erasing the row leaves the chain whole."""

    __tablename__ = "audit_details"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    salt: Mapped[str]
    details: Mapped[dict[str, Any]]


class AuditHead(Base):
    """The end of the chain: one row, locked last before commit."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    hash: Mapped[str]


def lock_head(session: Session) -> AuditHead:
    """Lock the end of the chain. Nothing but records may be written after it in the transaction."""
    query = select(AuditHead).where(AuditHead.id == 1).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def head(session: Session) -> AuditHead:
    return session.scalars(select(AuditHead).where(AuditHead.id == 1)).one()


def records_in_order(session: Session) -> Iterator[tuple[AuditRecord, AuditDetail | None]]:
    """Read the whole chain with its details, oldest first, without holding it in memory."""
    query = (
        select(AuditRecord, AuditDetail)
        .outerjoin(AuditDetail, AuditDetail.sequence == AuditRecord.sequence)
        .order_by(AuditRecord.sequence)
        .execution_options(yield_per=500)
    )
    return ((record, detail) for record, detail in session.execute(query))


def records(
    session: Session, *, before: int | None = None, kind: str = "", who: str = "", limit: int = 50
) -> Sequence[tuple[AuditRecord, AuditDetail | None]]:
    """Return a page of records, newest first, below the cursor *before*."""
    query = (
        select(AuditRecord, AuditDetail)
        .outerjoin(AuditDetail, AuditDetail.sequence == AuditRecord.sequence)
        .order_by(AuditRecord.sequence.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(AuditRecord.sequence < before)
    if kind:
        query = query.where(AuditRecord.kind.startswith(kind, autoescape=True))
    if who:
        query = query.where((AuditRecord.actor == who) | (AuditRecord.subject == who))
    return [(record, detail) for record, detail in session.execute(query)]
