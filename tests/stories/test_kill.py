"""Processes are killed with -9 amid 1,400 grants, and PostgreSQL is stopped at once.

Whatever was committed has its record, nothing else exists, and the chain is
intact: a grant or token and its audit record live in one transaction.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from demo.softkey import AttestationAuthority
from flows import chain
from models.access import Grant, Token
from models.audit import records_in_order
from models.engine import Database
from settings import Settings
from tests.conftest import initialise, make_settings
from tests.postgres import Server, serving
from tests.tokens.company import REDIRECT, RESOURCE, Company, found
from tests.world import World, build_world

ROOT = Path(__file__).parents[2]
GRANTS = {"sqlite": 1_000, "postgresql": 400}

pytestmark = pytest.mark.slow


class Workers:
    """Processes that redeem as fast as they can; what they printed was promised to a client."""

    def __init__(self, settings: Settings, company: Company) -> None:
        self.command = [
            sys.executable,
            "-m",
            "tests.stories.grant_worker",
            settings.model_dump_json(exclude={"trusted_proxies", "metrics_from"}),
            company.imani.cookie,
            "portal",
            RESOURCE,
            REDIRECT,
        ]
        self.promised: list[str] = []
        self.waiting: list[subprocess.Popen[str]] = []
        self.running: list[subprocess.Popen[str]] = []

    def prepare(self, count: int) -> None:
        """Have *count* processes load what they need while others work: they begin when told."""
        for _ in range(count):
            process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self.waiting.append(process)
            threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def start(self) -> None:
        for process in self.waiting:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.close()
        self.running += self.waiting
        self.waiting = []

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            self.promised.extend(line.strip() for line in process.stdout)

    def kill(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.running.clear()


def grants(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Grant)) or 0


def assert_all_recorded(world: World, promised: list[str]) -> None:
    with world.parts.db.read() as session:
        issued = set(session.scalars(select(Grant.id)))
        tokens = dict(session.execute(select(Token.jti, Token.grant_id)).all())
        details = [(record.kind, detail) for record, detail in records_in_order(session)]
    recorded = {d.details["grant"] for kind, d in details if d and kind == "grant.issued"}
    recorded_tokens = {d.details["token"] for kind, d in details if d and kind == "token.issued"}
    assert issued == recorded
    assert set(tokens) == recorded_tokens
    assert set(promised) <= set(tokens.values()) | issued
    report = chain.verify(world.parts)
    assert report.intact, report.breaks


@pytest.fixture
def workers(settings: Settings, world: World) -> Iterator[Workers]:
    crew = Workers(settings, found(world))
    yield crew
    crew.start()
    crew.kill()


def test_no_grant_or_token_lacks_its_record_after_kill_9(world: World, workers: Workers) -> None:
    chance = random.Random(9)
    goal = GRANTS[world.parts.db.engine.dialect.name]
    workers.prepare(2)
    while grants(world.parts.db) < goal:
        workers.start()
        workers.prepare(2)
        time.sleep(chance.uniform(4.0, 9.0))
        workers.kill()

    assert_all_recorded(world, workers.promised)
    assert len(workers.promised) > goal // 2


@pytest.mark.postgres
def test_nothing_promised_is_lost_when_postgresql_stops_at_once(
    tmp_path: Path, root_folder: Path, authority: AttestationAuthority
) -> None:
    """With durability on: what a client was told survives an immediate stop."""
    with serving(options="-c max_connections=100") as server:
        settings = make_settings(server.create("doorward"), root_folder)
        initialise(settings)
        world = build_world(settings, authority)
        world.furnish()
        workers = Workers(settings, found(world))
        workers.prepare(2)
        workers.start()
        for _ in range(2):
            wait_for_more(server, world, 60)
            server.stop("immediate")
            world.parts.db.dispose()
            server.start("-c max_connections=100")
        wait_for_more(server, world, 20)
        workers.kill()

        assert_all_recorded(world, workers.promised)
        assert workers.promised
        world.parts.db.dispose()


def wait_for_more(server: Server, world: World, more: int) -> None:
    goal = grants(world.parts.db) + more
    end = time.monotonic() + 120
    while grants(world.parts.db) < goal:
        assert time.monotonic() < end, f"too slow at port {server.port}, pid {os.getpid()}"
        time.sleep(0.2)
