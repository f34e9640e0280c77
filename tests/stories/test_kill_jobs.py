"""Workers are killed with -9 amid hundreds of jobs: each effect is there once, none is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from flows import chain
from flows.jobs import schedule
from models.audit import records_in_order
from models.jobs import Job
from models.sessions import RateCounter
from settings import Settings
from tests.world import World

ROOT = Path(__file__).parents[2]
CHAINS, LENGTH = 20, 20
KILLS = 12

pytestmark = pytest.mark.slow


class Workers:
    """Processes that do jobs until they are killed."""

    def __init__(self, settings: Settings, module: str, *more: str) -> None:
        asked = settings.model_dump_json(exclude={"trusted_proxies", "metrics_from"})
        self.command = [sys.executable, "-m", module, asked, *more]
        self.running: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        process = subprocess.Popen(
            self.command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    def kill(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.running.remove(process)


@pytest.fixture
def workers(settings: Settings) -> Iterator[Workers]:
    crew = Workers(settings, "tests.stories.job_worker", str(LENGTH))
    yield crew
    for process in list(crew.running):
        crew.kill(process)


def count(world: World, *, state: str) -> int:
    with world.parts.db.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state == state)) or 0


def test_kill_9_amid_400_jobs_loses_nothing_and_repeats_nothing(world: World, workers: Workers) -> None:
    chance = random.Random(9)
    now = datetime.now(UTC)
    with world.parts.db.write() as session:
        for number in range(CHAINS):
            first = {"chain": f"c{number}", "step": 0}
            schedule(session, world.parts, "step", key=f"c{number}:0", payload=first, due_at=now, now=now)
        world.parts.commit(session)

    taken_over = 0
    for _ in range(KILLS):
        while len(workers.running) < 2:
            workers.start()
        time.sleep(chance.uniform(0.05, 0.4))
        workers.kill(chance.choice(workers.running))
    while len(workers.running) < 2:
        workers.start()
    end = time.monotonic() + 120
    while count(world, state="ready") and time.monotonic() < end:
        time.sleep(0.2)

    expected = {f"c{number}:{step}" for number in range(CHAINS) for step in range(LENGTH)}
    with world.parts.db.read() as session:
        states = dict(session.execute(select(Job.key, Job.state)).all())
        taken_over = session.scalar(select(func.sum(Job.attempts))) or 0
        marks = dict(
            session.execute(
                select(RateCounter.key, RateCounter.count).where(RateCounter.key.startswith("mark:"))
            ).all()
        )
        recorded = [
            detail.details["mark"]
            for _, detail in records_in_order(session)
            if detail and "mark" in detail.details
        ]
    assert states == dict.fromkeys(expected, "done"), "none is lost"
    assert marks == {f"mark:{key}": 1 for key in expected}, "each effect is there once"
    assert sorted(recorded) == sorted(expected), "and each record"
    assert taken_over > len(expected), "a kill met a job in hand, or this test shows nothing"
    assert chain.verify(world.parts).intact
