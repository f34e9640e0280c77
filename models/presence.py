"""When people may be asked for a touch unannounced, and how each asking ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class DeclaredHours(Base):
    """The hours in which a person said they work; *days* are 0 (Monday) to 6, times minutes of the day.

    *mean_gap* is the mean time between two askings, in minutes of declared
    hours; 0 asks nothing.
    """

    __tablename__ = "declared_hours"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    zone: Mapped[str]
    days: Mapped[list[int]] = mapped_column(JSON())
    starts: Mapped[int]
    ends: Mapped[int]
    mean_gap: Mapped[int]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class PresenceRound(Base):
    """One asking: of one person (``presence``) or of several at the same moment (``contention``)."""

    __tablename__ = "presence_rounds"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    deadline: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class PresenceCheck(Base):
    """One person's part of a round. *outcome* is open, answered, missed, refused or absent (no session)."""

    __tablename__ = "presence_checks"

    id: Mapped[str] = mapped_column(primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("presence_rounds.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.id"))
    credential_id: Mapped[str | None] = mapped_column(ForeignKey("credentials.id"))
    outcome: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    deadline: Mapped[datetime]
    shown_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
