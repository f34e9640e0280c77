"""The chain of custody of physical keys, and what is needed when one is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from domain.custody import item_name
from models.base import Base


class KeyItem(Base):
    """One physical key from its batch to its end.

    *state* and *level* follow from the steps (``authn.custody``). *serial* is
    what the maker printed on it, unique. *address_digest* is keyed: equal
    addresses have equal digests, and no address is kept. *approval* is the
    digest of recipient, address and serial that a second person approved.
    """

    __tablename__ = "key_items"

    id: Mapped[str] = mapped_column(primary_key=True)
    batch: Mapped[str] = mapped_column(index=True)
    model: Mapped[str]
    aaguid: Mapped[str | None]
    serial: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    credential_id: Mapped[str | None] = mapped_column(ForeignKey("credentials.id"), unique=True)
    address_digest: Mapped[str | None] = mapped_column(index=True)
    carrier: Mapped[str | None]
    carrier_reference: Mapped[str | None]
    approval: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]

    @property
    def name(self) -> str:
        return item_name(self.id, self.serial)


class CustodyStep(Base):
    """One step of a key's life: who did it, who agreed, and what was true then. Append-only.

    *number* counts the steps of one item: a clock that was set back reorders nothing.
    """

    __tablename__ = "custody_steps"
    __table_args__ = (UniqueConstraint("item_id", "number"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("key_items.id"))
    number: Mapped[int]
    step: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    signature_id: Mapped[str | None] = mapped_column(ForeignKey("signatures.id"))
    details: Mapped[dict[str, Any]]


class StopCode(Base):
    """The code that its owner was given at enrolment and that can do one thing: stop one key."""

    __tablename__ = "stop_codes"

    digest: Mapped[str] = mapped_column(primary_key=True)
    credential_id: Mapped[str] = mapped_column(ForeignKey("credentials.id"), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Reissue(Base):
    """A new key for somebody who lost theirs: proven anew, touched for by sponsor and admin, after a wait.

    *proofing* says how the person was proven again, by whom, under which
    reference. State is open, used or withdrawn; *ready_at* is set by the
    second touch.
    """

    __tablename__ = "key_reissues"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    reason: Mapped[str]
    proofing: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="open")
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    admin_id: Mapped[str | None]
    admin_signature: Mapped[str | None] = mapped_column(ForeignKey("signatures.id"))
    sponsor_id: Mapped[str | None]
    sponsor_signature: Mapped[str | None] = mapped_column(ForeignKey("signatures.id"))
    ready_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


def lock_item(session: Session, item_id: str) -> KeyItem | None:
    """Lock one key of the inventory (after person and credential)."""
    query = select(KeyItem).where(KeyItem.id == item_id).execution_options(populate_existing=True)
    return session.scalar(query.with_for_update())


def item_of_key(session: Session, credential_id: str) -> KeyItem | None:
    return session.scalar(select(KeyItem).where(KeyItem.credential_id == credential_id))


def items_of(session: Session, person_id: str) -> Sequence[KeyItem]:
    return session.scalars(select(KeyItem).where(KeyItem.person_id == person_id).order_by(KeyItem.id)).all()


def steps_of(session: Session, item_id: str) -> Sequence[CustodyStep]:
    """Return the steps of one key, first one first."""
    return session.scalars(
        select(CustodyStep).where(CustodyStep.item_id == item_id).order_by(CustodyStep.number)
    ).all()
