"""A worker does what is due: each job's effects happen once, whenever the worker is killed.

Who attacks this: nobody from outside; power cuts, kill -9, two workers at once
and clocks that jump do. The handler runs in the transaction that completes its
job and adds what follows, so either all of it happened or nothing did. A
worker that was away for longer than its lease finds the job leased anew, and
commits nothing. A job that fails is tried again, later and later, and given up
after eight attempts, with a record.

What acts outside the database (a fetch) is done by *prepare*, before the
transaction and perhaps more than once; only its result is used once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.errors import DoorwardError, Unavailable
from flows.parts import Parts
from models import jobs
from models.engine import clock_difference
from models.jobs import Claim

log = logging.getLogger("doorward.jobs")

LEASE = timedelta(seconds=30)
"""How long a job is one worker's. Work that takes longer names its own."""
LATE = timedelta(minutes=2)
"""How long a job may wait before operators are warned."""
MAX_ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Task:
    """What a handler is given: its job, the one reading of the clock, and what *prepare* returned."""

    key: str
    payload: Mapping[str, Any]
    due_at: datetime
    now: datetime
    prepared: Any = None


Handler = Callable[[Session, Parts, Task], Sequence[Event]]


@dataclass(frozen=True, slots=True)
class Work:
    """How jobs of one kind are done.

    *run* writes with the session it is given, never commits, and returns what
    to record. *prepare*, if there is one, runs before, without a transaction.
    *every* makes the kind recurring: its jobs follow each other by themselves.
    *lease* must be longer than both together take.
    """

    run: Handler
    prepare: Callable[[Parts, Mapping[str, Any]], Any] | None = None
    every: timedelta | None = None
    lease: timedelta = LEASE


Kinds = Mapping[str, Work]


class LeaseLost(Exception):
    """Another worker has this job now; what was done here is rolled back."""


def schedule(
    session: Session,
    parts: Parts,
    kind: str,
    *,
    key: str,
    payload: Mapping[str, Any],
    due_at: datetime,
    now: datetime,
) -> bool:
    """Add a job in the caller's transaction; False when one of this *key* exists.

    Take all locks before: adding jobs comes last, right before ``parts.commit``.
    """
    return jobs.add(
        session,
        id=parts.ids.new("job"),
        kind=kind,
        key=key,
        payload=dict(payload),
        due_at=due_at,
        now=now,
    )


def ensure_recurring(parts: Parts, kinds: Kinds) -> None:
    """Begin each recurring kind, unless this period's job exists. Any number of workers may call it."""
    now = parts.clock.now()
    with parts.db.write() as session:
        for kind, work in kinds.items():
            if work.every is not None:
                _add_period(session, parts, kind, start=_period(now, work.every), now=now)
        parts.commit(session)


def run_next(parts: Parts, kinds: Kinds) -> bool:
    """Do one job that is due; False when there is none.

    Raises Unavailable when the database cannot be reached, or its clock and ours
    differ: then nothing is late or early that can be told.
    """
    claimed = _claim(parts, kinds)
    if claimed is None:
        return False
    if claimed.attempts > MAX_ATTEMPTS:
        _give_up(parts, kinds, claimed, error="the worker died each time")
        return True
    try:
        _do(parts, kinds, claimed)
    except LeaseLost:
        log.warning("a job was taken over", extra={"kind": claimed.kind})
    except Exception as error:
        # Whatever a handler raises, the worker goes on with the other jobs.
        log.exception("a job failed", extra={"kind": claimed.kind, "attempt": claimed.attempts})
        _try_later(parts, kinds, claimed, error=_words(error))
    return True


def overdue(parts: Parts) -> int:
    """Return how many jobs have waited for too long: more than none means that no worker runs, or too few."""
    with parts.db.read() as session:
        return jobs.count_overdue(session, parts.clock.now() - LATE)


def _claim(parts: Parts, kinds: Kinds) -> Claim | None:
    now = parts.clock.now()
    with parts.db.read() as session:
        if not jobs.is_due(session, kinds, now):
            return None
        if clock_difference(session, now) > parts.limits.clock_difference:
            raise Unavailable("our clock and the database's differ: no job is done")
    with parts.db.write() as session:
        leases = {kind: work.lease for kind, work in kinds.items()}
        claimed = jobs.claim(session, leases, lease=parts.randomness.bytes(16).hex(), now=now)
        parts.commit(session)
        return claimed


def _do(parts: Parts, kinds: Kinds, claimed: Claim) -> None:
    work = kinds[claimed.kind]
    prepared = work.prepare(parts, claimed.payload) if work.prepare is not None else None
    now = parts.clock.now()
    with parts.db.write() as session:
        # INVARIANT: the fence comes first. Its row stays locked until the commit, so nobody
        # can take the job over while the handler writes.
        if not jobs.complete(session, claimed, now):
            raise LeaseLost
        task = Task(claimed.key, claimed.payload, claimed.due_at, now, prepared)
        events = work.run(session, parts, task)
        _add_next_period(session, parts, kinds, claimed, now)
        parts.commit(session, *events)


def _try_later(parts: Parts, kinds: Kinds, claimed: Claim, *, error: str) -> None:
    if claimed.attempts >= MAX_ATTEMPTS:
        _give_up(parts, kinds, claimed, error=error)
        return
    now = parts.clock.now()
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** (claimed.attempts - 1))
    with parts.db.write() as session:
        jobs.retry(session, claimed, now + pause, error=error)
        parts.commit(session)


def _give_up(parts: Parts, kinds: Kinds, claimed: Claim, *, error: str) -> None:
    """End a job as failed, with its record; what recurs goes on with its next period."""
    now = parts.clock.now()
    with parts.db.write() as session:
        if not jobs.fail(session, claimed, now, error=error):
            return
        _add_next_period(session, parts, kinds, claimed, now)
        details = {"kind": claimed.kind, "key": claimed.key, "error": error}
        parts.commit(session, Event(EventKind.JOB_FAILED, "-", "-", details))


def _add_next_period(session: Session, parts: Parts, kinds: Kinds, claimed: Claim, now: datetime) -> None:
    every = kinds[claimed.kind].every
    if every is not None:
        _add_period(session, parts, claimed.kind, start=_period(now, every) + every, now=now)


def _add_period(session: Session, parts: Parts, kind: str, *, start: datetime, now: datetime) -> None:
    schedule(session, parts, kind, key=f"{kind}@{start.isoformat()}", payload={}, due_at=start, now=now)


def _period(now: datetime, every: timedelta) -> datetime:
    """Return when the period that *now* is in began: the same for every worker."""
    return _EPOCH + (now - _EPOCH) // every * every


def _words(error: Exception) -> str:
    """Return what may be stored of an error: our own words, else its name (texts may hold anything)."""
    return f"{error.code}: {error.message}" if isinstance(error, DoorwardError) else type(error).__name__
