"""Codes and tokens under races: parallel redemptions, and issuance against the end of access.

Threads and processes on both kinds of database. An interleaving is forced by
holding one side at a named point until the other has done its work, or is seen
to wait for a lock.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select

from flows import redeem
from flows.end_access import end_everything, end_grant, end_session
from flows.parts import Parts
from flows.services import disable_service
from models.access import Grant, Token
from models.catalog import spend_assertion
from tests.tokens.company import Company, found
from tests.world import World
from tokens.endpoint import Answer

PARALLEL = 64
Ending = Callable[[Company], None]


@pytest.fixture
def company(world: World) -> Company:
    return found(world)


def exchange(company: Company, code: str) -> Answer:
    return redeem.exchange(company.world.parts, company.portal, company.redemption(code))


def tokens(company: Company) -> list[Token]:
    with company.world.parts.db.read() as session:
        return list(session.scalars(select(Token)))


def test_of_many_parallel_redemptions_one_gets_a_token_and_the_others_end_it(company: Company) -> None:
    company.open()
    code = company.code()
    client, fields, parts = company.portal, company.redemption(code), company.world.parts
    start = threading.Barrier(PARALLEL)

    def attempt(_: int) -> Answer:
        start.wait()
        return redeem.exchange(parts, client, fields)

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(attempt, range(PARALLEL)))

    given = [a for a in answers if a.status == 200]
    refused = [a.body["error"] for a in answers if a.status != 200]
    assert len(given) == 1
    assert refused == ["invalid_grant"] * (PARALLEL - 1)
    assert [row.revoked_cause for row in tokens(company)] == ["code-reused"]
    assert company.introspect(given[0].body["access_token"]) == {"active": False}
    assert company.kinds().count("token.issued") == 1
    assert company.kinds().count("code.reused") == PARALLEL - 1


PROCESS = """
import sys, time
from app import Outside, build_parts
from domain.ports import SystemRandomness, TimeOrderedIds
from flows import redeem
from flows.service_auth import client_of
from models.catalog import service_by_name
from settings import read_settings
from tests.world import NOON, TestClock

settings, _ = read_settings()
parts = build_parts(settings, Outside(TestClock(NOON), TimeOrderedIds(), SystemRandomness()))
with parts.db.read() as session:
    client = client_of(service_by_name(session, "portal"))
fields = dict(line.split("=", 1) for line in sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
print(redeem.exchange(parts, client, fields).status, flush=True)
"""


def test_of_two_processes_one_gets_a_token(company: Company) -> None:
    company.open()
    fields = [f"{name}={value}" for name, value in company.redemption(company.code()).items()]
    settings = company.world.settings
    environment = {
        "DOORWARD_DATABASE_URL": settings.database_url,
        "DOORWARD_ROOT_KEY_FILE": str(settings.root_key),
        "DOORWARD_CHECKPOINT_FILE": str(settings.checkpoints),
        "DOORWARD_DECISION_LOG": str(settings.decisions),
        "DOORWARD_MAX_CLOCK_DIFFERENCE": "P36500D",
        "PYTHONPATH": ".",
    }

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, *fields],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].strip() for process in processes]

    assert sorted(told) == ["200", "400"]
    assert [row.revoked_cause for row in tokens(company)] == ["code-reused"]


ENDINGS: dict[str, Ending] = {
    "everything": lambda c: end_everything(c.world.parts, c.viewer),
    "session": lambda c: end_session(c.world.parts, c.viewer, c.viewer.session_id, cause="test"),
    "grant": lambda c: _end_the_grant(c),
    "person": lambda c: c.suspend(),
    "client": lambda c: _disable_the_client(c),
}


def _end_the_grant(company: Company) -> None:
    with company.world.parts.db.read() as session:
        grant = session.scalars(select(Grant.id).where(Grant.person_id == company.imani.id)).one()
    assert end_grant(company.world.parts, company.viewer, grant)


def _disable_the_client(company: Company) -> None:
    with company.world.parts.db.write() as session:
        events = disable_service(session, company.portal.service_id, by="host")
        company.world.parts.commit(session, *events)


POINTS = {
    "before its locks": "lock_all",
    "after its locks, before the code is used up": "consume_authorization_code",
    "before the rules are asked": "know",
    "before the guard is looked up": "guard_of",
    "before the lifetime is known": "token_end",
    "before the commit": "commit",
}


@contextmanager
def held_at(point: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Hold the first redemption that comes to *point*: it says that it is there, and waits to go on."""
    there, go_on = threading.Event(), threading.Event()
    owner: Any = Parts if point == "commit" else redeem
    real = getattr(owner, point)

    def holding(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread().name.startswith("redeem") and not there.is_set():
            there.set()
            assert go_on.wait(30)
        return real(*args, **kwargs)

    with patch.object(owner, point, holding):
        yield there, go_on


@pytest.mark.parametrize("point", POINTS)
def test_no_token_lives_once_the_end_has_returned(company: Company, point: str) -> None:
    """The redemption stands at *point* while the end begins; whoever waits for whom, the token is dead."""
    for ending, end in ENDINGS.items():
        newcomer = company.another_contractor("of-" + ending)

        answer, code = race(newcomer, POINTS[point], end)

        assert answer.status in {200, 400}, ending
        if answer.status == 200:
            assert newcomer.introspect(answer.body["access_token"]) == {"active": False}, ending
        else:
            assert answer.body["error"] == "invalid_grant", ending
        assert exchange(newcomer, code).status == 400, ending


def race(company: Company, point: str, end: Ending) -> tuple[Answer, str]:
    """Redeem a code and end access at once, the redemption held at *point* until the end had its chance."""
    company.open()
    code = company.code()
    client, fields, parts = company.portal, company.redemption(code), company.world.parts
    answers: list[Answer] = []
    ended = threading.Event()

    def finish() -> None:
        end(company)
        ended.set()

    with held_at(point) as (there, go_on):
        issuing = threading.Thread(
            target=lambda: answers.append(redeem.exchange(parts, client, fields)), name="redeem-1"
        )
        issuing.start()
        assert there.wait(30)
        finishing = threading.Thread(target=finish)
        finishing.start()
        ended.wait(0.2)
        go_on.set()
        issuing.join(60)
        finishing.join(60)
    assert ended.is_set()
    assert len(answers) == 1
    return answers[0], code


def test_a_redemption_that_begins_while_the_end_is_uncommitted_waits_and_gives_nothing(
    company: Company,
) -> None:
    """The end has locked its rows and stands before its commit."""
    for ending, end in ENDINGS.items():
        newcomer = company.another_contractor("of-" + ending)

        answer, waited = redeem_during(newcomer, end)

        assert waited, ending
        assert answer.body.get("error") == "invalid_grant", ending
    assert tokens(company) == []


def redeem_during(company: Company, end: Ending) -> tuple[Answer, bool]:
    """Redeem a code while the end stands before its commit; return the answer and whether it waited."""
    company.open()
    code = company.code()
    client, fields, parts = company.portal, company.redemption(code), company.world.parts
    there, go_on = threading.Event(), threading.Event()
    real = Parts.commit
    answers: list[Answer] = []

    def holding(self: Parts, *args: Any) -> None:
        if threading.current_thread().name == "ending":
            there.set()
            assert go_on.wait(30)
        real(self, *args)

    with patch.object(Parts, "commit", holding):
        finishing = threading.Thread(target=lambda: end(company), name="ending")
        finishing.start()
        assert there.wait(30)
        issuing = threading.Thread(target=lambda: answers.append(redeem.exchange(parts, client, fields)))
        issuing.start()
        issuing.join(0.3)
        waited = issuing.is_alive()
        go_on.set()
        issuing.join(60)
        finishing.join(60)
    return answers[0], waited


def test_a_reuse_that_overtakes_the_first_use_finds_its_token(company: Company) -> None:
    """The first use stands before its commit: the second waits for it, and ends what it gave."""
    company.open()
    code = company.code()
    client, fields, parts = company.portal, company.redemption(code), company.world.parts
    answers: list[Answer] = []

    with held_at("commit") as (there, go_on):
        first = threading.Thread(
            target=lambda: answers.append(redeem.exchange(parts, client, fields)), name="redeem-1"
        )
        first.start()
        assert there.wait(30)
        second = threading.Thread(target=lambda: answers.append(redeem.exchange(parts, client, fields)))
        second.start()
        time.sleep(0.2)
        assert second.is_alive()
        go_on.set()
        first.join(60)
        second.join(60)

    assert sorted(a.status for a in answers) == [200, 400]
    assert [row.revoked_cause for row in tokens(company)] == ["code-reused"]


def test_a_crash_before_the_commit_leaves_neither_token_nor_used_code(company: Company) -> None:
    company.open()
    code = company.code()

    with patch.object(Parts, "commit", side_effect=RuntimeError("killed")), pytest.raises(RuntimeError):
        exchange(company, code)

    assert tokens(company) == []
    assert exchange(company, code).status == 200


def test_parallel_uses_of_one_assertion_let_one_in(company: Company) -> None:
    parts = company.world.parts
    until = parts.clock.now()
    start = threading.Barrier(16)

    def spend(_: int) -> bool:
        start.wait()
        with parts.db.write() as session:
            first = spend_assertion(session, "svc_1", "digest", until)
            parts.commit(session)
            return first

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(spend, range(16)))

    assert outcomes.count(True) == 1
