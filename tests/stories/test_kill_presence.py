"""Workers are killed with -9 while they ask people and close rounds: nobody is asked twice or forgotten."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from flows import chain
from flows.presence import CLOSE
from flows.presence_hours import ASK
from models.audit import records_in_order
from models.jobs import Job
from settings import Settings
from tests.flows.asking import checks, declare, jobs, observed, rounds
from tests.stories.test_kill_jobs import Workers
from tests.world import OFFICE, World

PEOPLE = 12
KILLS = 10

pytestmark = pytest.mark.slow


@pytest.fixture
def workers(settings: Settings) -> Iterator[Workers]:
    quick = settings.model_copy(update={"presence_window": timedelta(seconds=1)})
    crew = Workers(quick, "tests.stories.presence_worker")
    yield crew
    for process in list(crew.running):
        crew.kill(process)


def test_kill_9_while_asking_and_closing_asks_once_and_closes_once(world: World, workers: Workers) -> None:
    chance = random.Random(10)
    world.clock.advance(seconds=(datetime.now(UTC) - world.clock.now()).total_seconds())
    people = [world.person(f"p{number}") for number in range(PEOPLE)]
    for person in people:
        world.login(person, address=OFFICE)
        declare(world, person)
    begin = datetime.now(UTC)
    with world.parts.db.write() as session:
        for number, job in enumerate(session.scalars(select(Job).where(Job.kind == ASK))):
            job.due_at = begin + timedelta(seconds=1 + number)
        session.commit()

    for _ in range(KILLS):
        while len(workers.running) < 2:
            workers.start()
        time.sleep(chance.uniform(0.1, 0.8))
        workers.kill(chance.choice(workers.running))
    while len(workers.running) < 2:
        workers.start()
    end = time.monotonic() + 120
    while (len(jobs(world, CLOSE, "done")) < PEOPLE) and time.monotonic() < end:
        time.sleep(0.2)
    for process in list(workers.running):
        workers.kill(process)

    ids = {person.id for person in people}
    assert Counter(check.person_id for check in checks(world)) == dict.fromkeys(ids, 1), "asked once each"
    assert {check.outcome for check in checks(world)} == {"missed"}
    assert Counter(row.person_id for row in observed(world)) == dict.fromkeys(ids, 1), "kept once each"
    assert all(round_.closed_at for round_ in rounds(world))
    assert Counter(job.payload["person"] for job in jobs(world)) == dict.fromkeys(ids, 1), "and asked again"
    with world.parts.db.read() as session:
        told = Counter(record.kind for record, _ in records_in_order(session))
    assert (told["presence.opened"], told["presence.missed"]) == (PEOPLE, PEOPLE)
    assert chain.verify(world.parts).intact
