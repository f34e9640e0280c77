"""Browser sessions and the counters that slow guessing down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import NOBODY, Base


class BrowserSession(Base):
    """A logged-in browser, found by the digest of its random cookie.

    It stores the epochs it was born under: it is live only while they equal
    those of its person and key.
    """

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    credential_id: Mapped[str] = mapped_column(ForeignKey("credentials.id"))
    engagement_id: Mapped[str | None] = mapped_column(ForeignKey("engagements.id"))
    person_epoch: Mapped[int]
    credential_epoch: Mapped[int]
    address: Mapped[str]
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_cause: Mapped[str | None]


class RateCounter(Base):
    """Tries of one kind by one caller in one window."""

    __tablename__ = "rate_counters"

    key: Mapped[str] = mapped_column(primary_key=True)
    window: Mapped[datetime] = mapped_column("window_start", primary_key=True)
    count: Mapped[int]


def session_by_digest(session: Session, digest: str) -> BrowserSession | None:
    return session.scalar(select(BrowserSession).where(BrowserSession.digest == digest))


def lock_session(session: Session, session_id: str, *, share: bool = False) -> BrowserSession | None:
    """Lock one session's row (fourth in the lock order)."""
    query = (
        select(BrowserSession)
        .where(BrowserSession.id == session_id)
        .execution_options(populate_existing=True)
    )
    return session.scalar(query.with_for_update(read=share))


def sessions_of(session: Session, person_id: str, now: datetime) -> Sequence[BrowserSession]:
    """Return the sessions of one person that have neither ended nor run out, newest first."""
    return session.scalars(
        select(BrowserSession)
        .where(
            BrowserSession.person_id == person_id,
            BrowserSession.ended_at.is_(None),
            BrowserSession.expires_at > now,
        )
        .order_by(BrowserSession.created_at.desc())
    ).all()


def touch_last_seen(session: Session, session_id: str, now: datetime) -> None:
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.id == session_id, BrowserSession.last_seen_at < now)
        .values(last_seen_at=now)
        .execution_options(concerns=NOBODY)
    )


def count_try(session: Session, key: str, now: datetime, window: timedelta) -> int:
    """Add one try and return how many there were in the current window, this one included."""
    start = now - timedelta(seconds=now.timestamp() % window.total_seconds())
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(RateCounter)
        .values(key=key, window=start, count=1)
        .on_conflict_do_update(index_elements=["key", "window_start"], set_={"count": RateCounter.count + 1})
        .returning(RateCounter.count)
    )
    return int(session.execute(statement).scalar_one())


def tries(session: Session, key: str, now: datetime, window: timedelta) -> int:
    """Return how many tries were counted in the current window."""
    start = now - timedelta(seconds=now.timestamp() % window.total_seconds())
    return (
        session.scalar(select(RateCounter.count).where(RateCounter.key == key, RateCounter.window == start))
        or 0
    )


def forget_old_counters(session: Session, before: datetime) -> None:
    session.execute(delete(RateCounter).where(RateCounter.window < before))
