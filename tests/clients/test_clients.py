"""One client for long: connections, threads, forks, tasks; and what it refuses to begin with."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from doorward_client import AsyncDoorward, Decision, Denied, Doorward, Question, Until
from tests.clients.asking import SECRET, WORDS, AskAll
from tests.clients.fakes import PERMIT, Fake, reply

PATIENT = timedelta(seconds=10)
LIBRARY = Path(__file__).parents[2] / "clients" / "python"


def test_a_decision_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="permitted"):
        bool(Decision(True, "permitted"))


def test_checks_of_one_client_share_a_connection(fake: Fake) -> None:
    async def ask() -> None:
        async with AsyncDoorward(fake.url, secret=SECRET, deadline=PATIENT) as client:
            for _ in range(10):
                await client.require(*WORDS)

    with Doorward(fake.url, secret=SECRET, deadline=PATIENT) as client:
        for _ in range(10):
            client.require(*WORDS)
    asyncio.run(ask())

    assert (len(fake.requests), fake.connections) == (20, 2)
    assert len({request.fields["x-request-id"] for request in fake.requests}) == 20


def test_a_connection_that_the_broker_closed_meanwhile_is_replaced(fake: Fake) -> None:
    closing = reply(PERMIT, Connection="close")
    fake.script = [closing]

    with Doorward(fake.url, secret=SECRET, deadline=PATIENT, retries=0) as client:
        answers = [client.check(*WORDS).permitted for _ in range(3)]

    assert answers == [True] * 3


def test_of_several_addresses_of_the_broker_one_that_answers_is_enough(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup = socket.getaddrinfo

    def two(host: Any, *rest: Any, **options: Any) -> Any:
        addresses = ("127.0.0.2", "127.0.0.1") if host == "localhost" else (host,)
        return [entry for address in addresses for entry in lookup(address, *rest, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with Doorward(f"http://localhost:{fake.port}", secret=SECRET, deadline=PATIENT, retries=0) as client:
        decision = client.check(*WORDS)

    assert decision.permitted


def test_eight_threads_use_one_client(fake: Fake) -> None:
    with Doorward(fake.url, secret=SECRET, deadline=PATIENT) as client, ThreadPoolExecutor(8) as threads:
        decisions = list(threads.map(lambda _: client.check(*WORDS), range(400)))

    assert all(one.permitted for one in decisions)
    assert fake.connections <= 8


def test_tasks_that_ran_out_of_time_or_were_cancelled_leave_the_client_as_it_was(fake: Fake) -> None:
    async def ask() -> tuple[list[Decision], list[Decision]]:
        async with AsyncDoorward(fake.url, secret=SECRET, deadline=timedelta(seconds=0.5)) as client:
            late = await asyncio.gather(*(client.check(*WORDS) for _ in range(120)))
            cancelled = [asyncio.create_task(client.check(*WORDS)) for _ in range(120)]
            await asyncio.sleep(0.05)
            for task in cancelled:
                task.cancel()
            await asyncio.gather(*cancelled, return_exceptions=True)
            assert any(task.cancelled() for task in cancelled)
            fake.script = [reply(PERMIT)]
            return late, [await client.check(*WORDS) for _ in range(5)]

    fake.script = [fake.silent]
    late, after = asyncio.run(ask())

    assert {one.code for one in late} == {"broker-unreachable"}
    assert any(one.permitted for one in after), "a busy machine may be late, but not each time"


def test_threads_that_ran_out_of_time_leave_the_client_as_it_was(fake: Fake) -> None:
    fake.script = [fake.silent]

    with (
        Doorward(fake.url, secret=SECRET, deadline=timedelta(seconds=0.5)) as client,
        ThreadPoolExecutor(120) as threads,
    ):
        late = list(threads.map(lambda _: client.check(*WORDS), range(120)))
        fake.script = [reply(PERMIT)]
        after = [client.check(*WORDS) for _ in range(5)]

    assert {one.code for one in late} == {"broker-unreachable"}
    assert any(one.permitted for one in after), "a busy machine may be late, but not each time"


FORKING = """
import os, sys
from datetime import timedelta
from doorward_client import Doorward
client = Doorward(sys.argv[1], secret="s", deadline=timedelta(seconds=10))
client.require("prs_1", "read", "data:logs")
child = os.fork()
client.require("prs_1", "read", "data:logs")
if child:
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_opens_a_connection_of_its_own(fake: Fake) -> None:
    subprocess.run(
        [sys.executable, "-c", FORKING, fake.url], check=True, env={**os.environ, "PYTHONPATH": str(LIBRARY)}
    )

    assert (len(fake.requests), fake.connections) == (3, 2)


def test_require_raises_the_denial_and_returns_the_permit(fake: Fake) -> None:
    fake.script = [reply(PERMIT), reply('{"decision":false,"context":{"reason_admin":{"en":"grant-ended"}}}')]

    with Doorward(fake.url, secret=SECRET, deadline=PATIENT) as client:
        permit = client.require(*WORDS)
        with pytest.raises(Denied) as denied:
            client.require(*WORDS)

    assert permit.permitted
    assert denied.value.decision.code == "grant-ended"


def test_the_token_is_asked_for_before_each_check(fake: Fake) -> None:
    tokens = iter(["one", "two", "three"])

    async def fetch() -> str:
        return next(tokens)

    async def ask() -> None:
        async with AsyncDoorward(fake.url, token=fetch, deadline=PATIENT) as client:
            await client.require(*WORDS)

    with Doorward(fake.url, token=lambda: next(tokens), deadline=PATIENT) as client:
        client.require(*WORDS)
        client.require(*WORDS)
    asyncio.run(ask())

    sent = [request.fields["authorization"] for request in fake.requests]
    assert sent == ["Bearer one", "Bearer two", "Bearer three"]


@pytest.mark.parametrize(
    "url",
    [
        "http://broker.example", "http://localhost.example", "http://127.0.0.1.example", "http://127.0.0.2",
        "http://10.0.0.1", "http://[::2]", "http://localhost@evil.example", "https://me:pw@broker.example",
        "ftp://localhost", "localhost:8080", "//broker.example", "https://", "https://broker.example?x",
        "https://broker.example#x", "https://broker.example:0", "https://broker.example:99999",
        "https://bröker.example", "",
        "https://broker.example/\nX: y", "https://broker.example/a b",
    ],
)  # fmt: skip
def test_an_unsafe_address_is_refused(url: str) -> None:
    for client in (Doorward, AsyncDoorward):
        with pytest.raises(ValueError, match=r"."):
            client(url, secret=SECRET)


@pytest.mark.parametrize(
    "url",
    ["https://broker.example", "https://broker.example:8443/doorward/", "http://localhost:8080", "http://127.0.0.1:8080",
     "http://[::1]:8080"],
)  # fmt: skip
def test_https_and_this_computer_are_fine(url: str) -> None:
    Doorward(url, secret=SECRET).close()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"secret": "a", "token": lambda: "b"},
        {"secret": ""},
        {"secret": "a b"},
        {"secret": "a\r\nX: y"},
        {"secret": "a", "deadline": timedelta(0)},
        {"secret": "a", "retries": -1},
        {"secret": "a", "ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)},
    ],
)
def test_what_cannot_be_meant_is_refused_at_the_start(options: dict[str, Any]) -> None:
    for client in (Doorward, AsyncDoorward):
        with pytest.raises(ValueError, match=r"."):
            client("https://broker.example", **options)


QUESTIONS = [Question(*WORDS)] * 3
YES, NO = {"decision": True}, {"decision": False}


@pytest.mark.parametrize(
    ("until", "answers"),
    [
        (None, [YES, YES]),
        (None, [YES] * 4),
        (None, []),
        (None, [YES, YES, True]),
        (None, {"decision": True}),
        (None, "YES"),
        (Until.DENY, []),
        (Until.DENY, [YES, YES]),
        (Until.DENY, [NO, YES]),
        (Until.DENY, [YES, NO, YES]),
        (Until.PERMIT, [NO, NO]),
        (Until.PERMIT, [YES, YES]),
    ],
)
def test_where_answers_are_missing_or_too_many_all_are_denied(
    fake: Fake, ask_all: AskAll, until: Until | None, answers: Any
) -> None:
    fake.script = [reply(json.dumps({"evaluations": answers}))]

    decisions = ask_all(fake.url, QUESTIONS, until=until, deadline=PATIENT)

    assert [(one.permitted, one.code) for one in decisions] == [(False, "answer-malformed")] * 3


def test_a_permit_for_what_could_not_be_asked_counts_for_nothing(fake: Fake, ask_all: AskAll) -> None:
    fake.script = [reply('{"evaluations":[{"decision":true},{"decision":true}]}')]

    decisions = ask_all(fake.url, [Question("prs_1", "read", "logs"), Question(*WORDS)], deadline=PATIENT)

    assert [one.permitted for one in decisions] == [False, True]
    assert fake.requests[0].asked["evaluations"][0] == {}


def test_nothing_is_sent_for_no_question_or_too_many(fake: Fake, ask_all: AskAll) -> None:
    assert ask_all(fake.url, []) == ()
    many = ask_all(fake.url, [Question(*WORDS)] * 101)

    assert [one.code for one in many] == ["question-malformed"] * 101
    assert fake.requests == []


def test_a_batch_that_fails_is_denied_whole(fake: Fake, ask_all: AskAll) -> None:
    fake.script = [reply(PERMIT, 500)]

    decisions = ask_all(fake.url, QUESTIONS, deadline=PATIENT)

    assert [one.code for one in decisions] == ["broker-unreachable"] * 3
