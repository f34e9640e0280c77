"""Published bundles (content-addressed, immutable), their publications, and drafts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base


class BundleRow(Base):
    """The text of one bundle, by the digest of its content."""

    __tablename__ = "bundles"

    digest: Mapped[str] = mapped_column(primary_key=True)
    schema: Mapped[int] = mapped_column("schema_number")
    text: Mapped[str]
    created_at: Mapped[datetime]


class Publication(Base):
    """One bundle in force from *published_at* until the next. Revisions count from 1 without a gap."""

    __tablename__ = "publications"

    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(ForeignKey("bundles.digest"))
    author: Mapped[str]
    note: Mapped[str]
    signature_id: Mapped[str | None] = mapped_column(ForeignKey("signatures.id"))
    published_at: Mapped[datetime]


class Draft(Base):
    """One author's unpublished rules and the publication they started from."""

    __tablename__ = "drafts"

    author: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    base_revision: Mapped[int]
    text: Mapped[str]
    saved_at: Mapped[datetime]


def newest_publication(session: Session) -> Publication | None:
    return session.scalar(select(Publication).order_by(Publication.revision.desc()).limit(1))


def publications(session: Session, *, before: int | None = None, limit: int = 50) -> Sequence[Publication]:
    query = select(Publication).order_by(Publication.revision.desc()).limit(limit)
    if before is not None:
        query = query.where(Publication.revision < before)
    return session.scalars(query).all()


def bundle_text(session: Session, digest: str) -> str | None:
    return session.scalar(select(BundleRow.text).where(BundleRow.digest == digest))
