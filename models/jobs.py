"""Work that is done later: claimed by conditional update, leased, done once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, case, delete, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, UtcDateTime, changed_rows


class Job(Base):
    """One piece of work. State is ready, done or failed; leased while *lease_until* is ahead.

    *key* makes it one: a second job of the same key is not made. *lease* is
    the claim's own secret: who lost it can finish nothing. Lock order: the
    claimed job first of all; jobs are added last, right before the record.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_due", "state", "due_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    key: Mapped[str] = mapped_column(unique=True)
    payload: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="ready")
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that is ours until the lease ends. *attempts* counts this one."""

    id: str
    kind: str
    key: str
    payload: dict[str, Any]
    due_at: datetime
    attempts: int
    lease: str


def add(
    session: Session,
    *,
    id: str,
    kind: str,
    key: str,
    payload: dict[str, Any],
    due_at: datetime,
    now: datetime,
) -> bool:
    """Add a job; False, and nothing changed, when one of this *key* was ever added and is still known."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(Job)
        .values(id=id, kind=kind, key=key, payload=payload, due_at=due_at, created_at=now)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Job.id)
    )
    return session.execute(statement).scalar_one_or_none() is not None


def is_due(session: Session, kinds: Collection[str], now: datetime) -> bool:
    """Whether a job of *kinds* can be claimed now. Reads only: an idle worker writes nothing."""
    query = select(Job.id).where(Job.kind.in_(kinds), _claimable(now)).limit(1)
    return session.execute(query).first() is not None


def claim(session: Session, leases: Mapping[str, timedelta], *, lease: str, now: datetime) -> Claim | None:
    """Lease the job that is due longest, of the kinds in *leases*, for as long as its kind says.

    One conditional UPDATE: of any number of parallel callers each gets another
    job. A lease that ran out is taken over; the attempt is counted here, so
    that a job which kills its worker cannot try for ever.
    """
    oldest = (
        select(Job.id)
        .where(Job.kind.in_(leases), _claimable(now))
        .order_by(Job.due_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    until = case({kind: literal(now + life, UtcDateTime()) for kind, life in leases.items()}, value=Job.kind)
    row = session.execute(
        update(Job)
        .where(Job.id == oldest)
        .values(lease=lease, lease_until=until, attempts=Job.attempts + 1)
        .returning(Job.id, Job.kind, Job.key, Job.payload, Job.due_at, Job.attempts, Job.lease)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else Claim(*row)


def complete(session: Session, claimed: Claim, now: datetime) -> bool:
    """Mark the job done; False when the lease was lost, and then nothing may be committed."""
    return _finish(session, claimed, state="done", finished_at=now, error=None)


def fail(session: Session, claimed: Claim, now: datetime, *, error: str) -> bool:
    """Give the job up for good; False when the lease was lost."""
    return _finish(session, claimed, state="failed", finished_at=now, error=error)


def retry(session: Session, claimed: Claim, due_at: datetime, *, error: str) -> bool:
    """Give the job back, to be done at *due_at*; False when the lease was lost."""
    return _finish(session, claimed, due_at=due_at, error=error)


def _finish(session: Session, claimed: Claim, **values: Any) -> bool:
    """Let go of the lease if it is still this one: the fence around everything a worker does."""
    statement = (
        update(Job)
        .where(Job.id == claimed.id, Job.lease == claimed.lease, Job.state == "ready")
        .values(lease=None, lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(session, statement) == 1


def _claimable(now: datetime) -> Any:
    free = or_(Job.lease_until.is_(None), Job.lease_until <= now)
    return (Job.state == "ready") & (Job.due_at <= now) & free


def count_overdue(session: Session, before: datetime) -> int:
    """Return how many jobs were due before *before* and have not been done."""
    query = select(func.count()).select_from(Job).where(Job.state == "ready", Job.due_at < before)
    return session.scalar(query) or 0


def any_ready(session: Session) -> bool:
    return session.execute(select(Job.id).where(Job.state == "ready").limit(1)).first() is not None


def forget_finished(session: Session, before: datetime) -> None:
    session.execute(delete(Job).where(Job.state != "ready", Job.finished_at < before))
