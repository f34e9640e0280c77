"""Recurring work goes on by itself: whoever starts, dies, or has the wrong time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from flows import jobs
from flows.health import health
from flows.jobs import MAX_ATTEMPTS, Kinds, Task, Work, ensure_recurring, run_next, schedule
from flows.parts import Event, Parts
from models.jobs import Job
from tests.world import World


def done(_session: Session, _parts: Parts, _task: Task) -> Sequence[Event]:
    return ()


def broken(_session: Session, _parts: Parts, _task: Task) -> Sequence[Event]:
    raise ValueError


def add(world: World, kind: str) -> None:
    now = world.clock.now()
    with world.parts.db.write() as session:
        schedule(session, world.parts, kind, key=kind, payload={}, due_at=now, now=now)
        world.parts.commit(session)


EVERY = timedelta(minutes=10)
RECURRING: Kinds = {"mark": Work(done, every=EVERY)}


def ready(world: World) -> list[str]:
    with world.parts.db.read() as session:
        return sorted(session.scalars(select(Job.key).where(Job.state == "ready")))


def test_recurring_work_begins_once_however_many_workers_start(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ensure_recurring(world.parts, RECURRING), range(16)))

    assert ready(world) == ["mark@2026-11-18T12:00:00+00:00"]
    assert run_next(world.parts, RECURRING)
    ensure_recurring(world.parts, RECURRING)
    assert ready(world) == ["mark@2026-11-18T12:10:00+00:00"]


def test_recurring_work_goes_on_after_the_worker_was_away(world: World) -> None:
    ensure_recurring(world.parts, RECURRING)
    run_next(world.parts, RECURRING)
    world.clock.advance(hours=5, minutes=3)
    ensure_recurring(world.parts, RECURRING)

    while run_next(world.parts, RECURRING):
        pass

    assert ready(world) == ["mark@2026-11-18T17:10:00+00:00"]


def test_recurring_work_goes_on_when_one_period_is_given_up(world: World) -> None:
    kinds: Kinds = {"broken": Work(broken, every=timedelta(hours=12))}
    ensure_recurring(world.parts, kinds)
    for _ in range(MAX_ATTEMPTS):
        run_next(world.parts, kinds)
        world.clock.advance(seconds=3600)

    assert ready(world) == ["broken@2026-11-19T00:00:00+00:00"]


def test_a_clock_that_was_set_back_does_not_stop_recurring_work(world: World) -> None:
    world.clock.advance(days=400)
    ensure_recurring(world.parts, RECURRING)
    run_next(world.parts, RECURRING)
    world.clock.advance(days=-400)

    ensure_recurring(world.parts, RECURRING)

    assert run_next(world.parts, RECURRING)


def test_a_clock_that_stands_still_does_each_job_once_and_nothing_again(world: World) -> None:
    ensure_recurring(world.parts, RECURRING)
    add(world, "once")
    add(world, "broken")

    rounds = sum(
        run_next(world.parts, {**RECURRING, "once": Work(done), "broken": Work(broken)}) for _ in range(20)
    )

    assert rounds == 3


def test_operators_are_warned_when_nobody_works(world: World) -> None:
    assert "no worker has run" in health(world.parts).checks["jobs"]
    ensure_recurring(world.parts, RECURRING)
    assert health(world.parts).checks["jobs"] == "ok"
    world.clock.advance(seconds=121)

    found = health(world.parts)

    assert "1 jobs are overdue" in found.checks["jobs"]
    assert found.ready, "a worker that is away takes no broker out of service"
    assert jobs.overdue(world.parts) == 1
