"""A job is done once: claimed by one, fenced by its lease, tried again, given up with a record."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import worker
from domain.errors import Unavailable
from flows.jobs import LEASE, MAX_ATTEMPTS, Kinds, Task, Work, run_next, schedule
from flows.parts import Event, EventKind, Parts
from models.audit import AuditRecord, records
from models.jobs import Claim, Job, claim, complete, retry
from models.sessions import count_try, tries
from tests.world import World

FAR = timedelta(days=3650)


def done(session: Session, _parts: Parts, task: Task) -> Sequence[Event]:
    """Leave a mark that counts how often the job was done."""
    count_try(session, "done:" + task.key, task.now, FAR)
    return (Event(EventKind.DOCUMENT_LOADED, "-", "-", {"key": task.key}),)


def broken(_session: Session, _parts: Parts, _task: Task) -> Sequence[Event]:
    raise ValueError("somebody's name")


def half(session: Session, parts: Parts, task: Task) -> Sequence[Event]:
    """Do everything, then fail."""
    done(session, parts, task)
    schedule(session, parts, "mark", key="half-successor", payload={}, due_at=task.now, now=task.now)
    raise ValueError("after the effect")


KINDS: Kinds = {"mark": Work(done), "broken": Work(broken), "half": Work(half)}


def add(world: World, key: str, kind: str = "mark", *, after: timedelta = timedelta(0)) -> bool:
    now = world.clock.now()
    with world.parts.db.write() as session:
        added = schedule(session, world.parts, kind, key=key, payload={}, due_at=now + after, now=now)
        world.parts.commit(session)
    return added


def job(world: World, key: str) -> Job:
    with world.parts.db.read() as session:
        return session.scalars(select(Job).where(Job.key == key)).one()


def count(world: World, key: str) -> int:
    with world.parts.db.read() as session:
        return tries(session, "done:" + key, world.clock.now(), FAR)


def take(world: World, lease: str = "l") -> Claim | None:
    with world.parts.db.write() as session:
        taken = claim(session, {"mark": LEASE}, lease=lease, now=world.clock.now())
        session.commit()
    return taken


def test_a_job_is_done_once_with_its_record(world: World) -> None:
    add(world, "one")

    assert run_next(world.parts, KINDS)
    assert not run_next(world.parts, KINDS)

    assert count(world, "one") == 1
    assert job(world, "one").state == "done"
    with world.parts.db.read() as session:
        record, _detail = records(session, kind="document.loaded")[0]
    assert record.kind == "document.loaded"


def test_nothing_is_done_before_it_is_due_and_the_oldest_first(world: World) -> None:
    add(world, "later", after=timedelta(seconds=20))
    add(world, "sooner", after=timedelta(seconds=10))

    assert not run_next(world.parts, KINDS)
    world.clock.advance(seconds=30)
    run_next(world.parts, KINDS)

    assert (count(world, "sooner"), count(world, "later")) == (1, 0)


def test_a_key_makes_one_job_also_after_it_was_done(world: World) -> None:
    assert add(world, "same")
    assert not add(world, "same")
    run_next(world.parts, KINDS)

    assert not add(world, "same")


def test_a_key_added_by_64_at_once_makes_one_job(world: World) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _: add(world, "same"), range(64))) == 1


def test_of_64_parallel_claims_of_one_job_one_gets_it(world: World) -> None:
    add(world, "one")

    with ThreadPoolExecutor(16) as pool:
        taken = [found for found in pool.map(lambda n: take(world, str(n)), range(64)) if found]

    assert len(taken) == 1
    assert job(world, "one").lease == taken[0].lease
    assert taken[0].attempts == 1


def test_64_parallel_workers_do_each_of_40_jobs_once(world: World) -> None:
    for number in range(40):
        add(world, f"j{number}")

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _: run_next(world.parts, KINDS), range(64))) == 40

    assert [count(world, f"j{number}") for number in range(40)] == [1] * 40


def test_a_lease_that_ran_out_is_taken_over_and_the_loser_finishes_nothing(world: World) -> None:
    add(world, "one")
    slow = take(world, "slow")
    assert slow is not None
    assert take(world, "too early") is None
    world.clock.advance(seconds=LEASE.total_seconds())

    quick = take(world, "quick")

    assert quick is not None
    assert (quick.id, quick.attempts) == (slow.id, 2)
    with world.parts.db.write() as session:
        assert not complete(session, slow, world.clock.now())
        assert not retry(session, slow, world.clock.now(), error="")
        assert complete(session, quick, world.clock.now())
        session.commit()
    assert job(world, "one").state == "done"


def test_a_worker_that_slept_past_its_lease_leaves_no_effect(world: World) -> None:
    """It prepared, was stopped, and came back when another had done the job."""

    def sleep(parts: Parts, _payload: object) -> None:
        world.clock.advance(seconds=LEASE.total_seconds() + 1)
        run_next(parts, KINDS)

    add(world, "one")

    run_next(world.parts, {"mark": replace(KINDS["mark"], prepare=sleep)})

    assert count(world, "one") == 1
    assert job(world, "one").attempts == 2


def test_what_a_failing_handler_wrote_is_rolled_back(world: World) -> None:
    add(world, "h", "half")
    with world.parts.db.read() as session:
        before = session.scalar(select(func.count()).select_from(AuditRecord))

    run_next(world.parts, KINDS)

    assert count(world, "h") == 0
    with world.parts.db.read() as session:
        assert session.scalars(select(Job).where(Job.key == "half-successor")).all() == []
        assert session.scalar(select(func.count()).select_from(AuditRecord)) == before
    assert job(world, "h").state == "ready"


def test_a_failing_job_is_tried_later_and_later_then_given_up_with_a_record(world: World) -> None:
    add(world, "bad", "broken")
    pauses = []
    for _ in range(MAX_ATTEMPTS):
        assert run_next(world.parts, KINDS)
        assert not run_next(world.parts, KINDS), "it is not tried again at once"
        pauses.append(job(world, "bad").due_at - world.clock.now())
        world.clock.advance(seconds=3600)

    assert not run_next(world.parts, KINDS)
    assert pauses[:3] == [timedelta(seconds=s) for s in (10, 40, 160)]
    assert pauses[:-1] == sorted(pauses[:-1])
    failed = job(world, "bad")
    assert (failed.state, failed.error) == ("failed", "ValueError")
    with world.parts.db.read() as session:
        ((record, detail),) = records(session, kind="job.failed")
    assert record.kind == "job.failed"
    assert detail is not None
    assert detail.details == {"kind": "broken", "key": "bad", "error": "ValueError"}


def test_a_failing_job_holds_up_no_other(world: World) -> None:
    add(world, "bad", "broken")
    world.clock.advance(seconds=1)
    add(world, "good")

    run_next(world.parts, KINDS)
    run_next(world.parts, KINDS)

    assert count(world, "good") == 1


def test_a_job_that_kills_its_worker_each_time_is_given_up(world: World) -> None:
    """Nobody could report the failure; the claims alone have counted."""
    add(world, "one")
    for attempt in range(MAX_ATTEMPTS):
        assert take(world, str(attempt)) is not None
        world.clock.advance(seconds=LEASE.total_seconds())

    assert run_next(world.parts, KINDS)

    assert job(world, "one").state == "failed"
    assert count(world, "one") == 0
    with world.parts.db.read() as session:
        assert len(records(session, kind="job.failed")) == 1


def test_a_kind_that_a_worker_does_not_know_is_left_to_one_that_does(world: World) -> None:
    """During an upgrade old and new workers run side by side."""
    add(world, "new", "kind-of-tomorrow")

    assert not run_next(world.parts, KINDS)
    assert run_next(world.parts, {"kind-of-tomorrow": Work(done)})


def test_what_is_prepared_outside_is_handed_in(world: World) -> None:
    seen = []

    def run(_session: Session, _parts: Parts, task: Task) -> Sequence[Event]:
        seen.append(task.prepared)
        return ()

    add(world, "one")

    run_next(world.parts, {"mark": Work(run, prepare=lambda _parts, _payload: "fetched")})

    assert seen == ["fetched"]


def test_no_job_is_done_while_the_clocks_differ(world: World) -> None:
    """A worker in the wrong year would find everything overdue, or nothing."""
    if world.parts.db.is_sqlite:
        pytest.skip("one machine, one clock")
    add(world, "one")
    strict = replace(world.parts, limits=replace(world.parts.limits, clock_difference=timedelta(seconds=2)))

    with pytest.raises(Unavailable):
        run_next(strict, KINDS)


def test_jobs_are_done_though_nothing_can_be_taken_over(world: World) -> None:
    stopping = threading.Event()

    def stop(session: Session, parts: Parts, task: Task) -> Sequence[Event]:
        stopping.set()
        return done(session, parts, task)

    add(world, "k")
    with (
        patch.object(worker, "import_decisions", side_effect=PermissionError),
        patch.object(worker, "TROUBLE_SECONDS", 0.0),
    ):
        worker.work(world.parts, {"mark": Work(stop)}, stopping)

    assert count(world, "k") == 1
