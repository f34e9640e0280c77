"""Processes that answer are killed with -9, and their disk is full: what was answered is in the log."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select

from flows.decision_import import import_decisions
from models.access import DecisionRow
from models.uses import RuleUse
from tests.tokens.company import RESOURCE, Company, found
from tests.world import World

ROOT = Path(__file__).parents[2]
ROUNDS = 4

pytestmark = pytest.mark.slow


@pytest.fixture
def company(world: World) -> Company:
    return found(world)


class Process:
    """A process that answers; *told* is what it said, whoever heard it."""

    def __init__(self, company: Company) -> None:
        settings = company.world.settings.model_dump_json(exclude={"trusted_proxies", "metrics_from"})
        command = [sys.executable, "-m", "tests.stories.checking_worker", settings]
        command += [company.logs.service_id, company.imani.id, RESOURCE]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.told: list[list[str]] = []
        self.heard = threading.Semaphore(0)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append(line.split())
            self.heard.release()

    def say(self, *lines: str, answers: int) -> None:
        """Send *lines*, and wait for so many answers."""
        assert self.process.stdin is not None
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()
        for _ in range(answers):
            assert self.heard.acquire(timeout=120)

    def end(self, *, kill: bool) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if kill:
            self.process.kill()
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self._reader.join()
        self.process.stdout.close()
        self.process.wait()


def logged(company: Company) -> list[str]:
    with company.world.parts.db.read() as session:
        rows = session.scalars(select(DecisionRow.id).where(DecisionRow.door == "evaluation"))
        return sorted(rows)


def test_kill_9_while_answering_loses_no_answer_and_counts_none_twice(company: Company) -> None:
    grant = str(company.open().grant_id)
    told: list[str] = []

    for _ in range(ROUNDS):
        process = Process(company)
        process.say(*[grant] * 300, answers=100)
        importer = threading.Thread(target=import_decisions, args=(company.world.parts,))
        importer.start()  # amid the answers
        process.end(kill=True)
        importer.join()
        told += [id_ for _, id_ in process.told]
    import_decisions(company.world.parts)

    rows = logged(company)
    assert len(told) >= 100 * ROUNDS
    assert set(told) <= set(rows)
    assert len(rows) == len(set(rows))
    assert company.kinds().count("decisions.unclosed") == ROUNDS
    assert "decisions.gap" not in company.kinds()
    with company.world.parts.db.read() as session:
        assert session.scalar(select(RuleUse.uses)) == len(rows)
    assert list(company.world.parts.log.folder.glob("*.jsonl")) == []


def test_a_full_disk_denies_and_mends_itself(company: Company) -> None:
    grant = str(company.open().grant_id)
    process = Process(company)

    process.say(grant, grant, answers=2)
    process.say("full", *[grant] * 5, answers=5)
    process.say("room", grant, answers=1)
    process.end(kill=False)
    import_decisions(company.world.parts)

    assert [said for said, _ in process.told] == ["permit"] * 2 + ["log-unavailable"] * 5 + ["permit"]
    assert logged(company) == sorted(id_ for said, id_ in process.told if said == "permit")
    assert not {"decisions.gap", "decisions.unclosed"} & set(company.kinds())
