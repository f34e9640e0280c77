"""Laptops that report: enrolled by code, approved by an admin, known by their key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, changed_rows


class Device(Base):
    """A laptop with the agent. State is pending, approved or revoked."""

    __tablename__ = "devices"

    id: Mapped[str] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    name: Mapped[str]
    jwk: Mapped[dict[str, Any]]
    thumbprint: Mapped[str] = mapped_column(unique=True)
    platform: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="pending")
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    last_report_at: Mapped[datetime | None]


class ReportNonce(Base):
    """The nonce that the next report of one device for one session must carry; single use."""

    __tablename__ = "report_nonces"

    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    digest: Mapped[str]
    created_at: Mapped[datetime]


def devices_of(session: Session, person_id: str) -> Sequence[Device]:
    return session.scalars(
        select(Device).where(Device.person_id == person_id).order_by(Device.created_at)
    ).all()


def devices(session: Session) -> Sequence[Device]:
    """Return all devices, those that wait for an admin first."""
    rows = session.scalars(select(Device).order_by(Device.created_at.desc())).all()
    return sorted(rows, key=lambda row: row.state != "pending")


def set_nonce(session: Session, device_id: str, session_id: str, digest: str, now: datetime) -> None:
    """Replace the nonce of one device and session; an older one stops working."""
    session.merge(ReportNonce(device_id=device_id, session_id=session_id, digest=digest, created_at=now))
    session.flush()


def spend_nonce(
    session: Session, device_id: str, session_id: str, *, presented: str, replacement: str, now: datetime
) -> bool:
    """Swap the presented nonce digest for a new one; False when it is not the current one."""
    changed = changed_rows(
        session,
        update(ReportNonce)
        .where(
            ReportNonce.device_id == device_id,
            ReportNonce.session_id == session_id,
            ReportNonce.digest == presented,
        )
        .values(digest=replacement, created_at=now)
        .execution_options(synchronize_session=False),
    )
    return changed == 1
