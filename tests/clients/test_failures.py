"""Whatever goes wrong on the way is a denial with its code, in time: never an exception, never a permit."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from doorward_client import NoAnswer
from tests.clients.asking import SECRET, WORDS, Ask, check
from tests.clients.fakes import PERMIT, Fake, hang_up, reply, serving

FOR_EVER = 30
"""Seconds after which a check has no deadline: a busy machine may take some of them."""
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
BLANKS = b"ffff\r\n" + b" " * 65535 + b"\r\n"
WRONG: dict[str, tuple[bytes, str]] = {
    "bad request": (reply('{"code":"json"}', 400, "application/problem+json"), "question-malformed"),
    "unauthorized": (reply(PERMIT, 401), "broker-refused"),
    "forbidden": (reply('{"code":"outside-scope"}', 403), "broker-refused"),
    "not found": (reply(PERMIT, 404), "broker-refused"),
    "too large": (reply(PERMIT, 413), "question-malformed"),
    "teapot": (reply(PERMIT, 418), "broker-refused"),
    "server error": (reply(PERMIT, 500), "broker-unreachable"),
    "bad gateway": (reply(PERMIT, 502), "broker-unreachable"),
    "created": (reply(PERMIT, 201), "answer-malformed"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", "answer-malformed"),
    "partial content": (reply(PERMIT, 206), "answer-malformed"),
    "no json": (reply("decision: true"), "answer-malformed"),
    "half": (reply(PERMIT[:-1]), "answer-malformed"),
    "empty": (reply(b""), "answer-malformed"),
    "two documents": (reply(PERMIT + PERMIT), "answer-malformed"),
    "byte order mark": (reply(b"\xef\xbb\xbf" + PERMIT), "answer-malformed"),
    "utf-16": (reply('{"decision":true}'.encode("utf-16")), "answer-malformed"),
    "no utf-8": (reply(b'{"decision":true,"x":"\xff"}'), "answer-malformed"),
    "repeated member": (reply('{"decision":false,"decision":true}'), "answer-malformed"),
    "nan": (reply('{"decision":true,"x":NaN}'), "answer-malformed"),
    "too deep": (reply('{"decision":true,"x":' + "[" * 30_000 + "]" * 30_000 + "}"), "answer-malformed"),
    "list": (reply("[true]"), "answer-malformed"),
    "true": (reply("true"), "answer-malformed"),
    "no decision": (reply('{"context":{}}'), "answer-malformed"),
    "decision is a word": (reply('{"decision":"true"}'), "answer-malformed"),
    "decision is one": (reply('{"decision":1}'), "answer-malformed"),
    "decision is an object": (reply('{"decision":{"decision":true}}'), "answer-malformed"),
    "decision in capitals": (reply('{"Decision":true}'), "answer-malformed"),
    "context is a list": (reply('{"decision":true,"context":[]}'), "answer-malformed"),
    "context is null": (reply('{"decision":true,"context":null}'), "answer-malformed"),
    "permit with an error": (reply('{"decision":true,"context":{"error":{"status":500}}}'), "broker-refused"),
    "obligations are an object": (
        reply('{"decision":true,"context":{"obligations":{}}}'),
        "answer-malformed",
    ),
    "html": (reply(PERMIT, content_type="text/html"), "answer-malformed"),
    "problem": (reply(PERMIT, content_type="application/problem+json"), "answer-malformed"),
    "no content type": (reply(PERMIT, content_type=None), "answer-malformed"),
    "two content types": (reply(PERMIT, content_type="application/json\r\nContent-Type: text/html"),
                          "answer-malformed"),
    "encoded": (reply(PERMIT, Content_Encoding="gzip"), "answer-malformed"),
    "answer to another request": (reply(PERMIT, X_Request_ID="another"), "answer-malformed"),
    "too long": (reply(PERMIT[:-1] + b" " * 70_000 + b"}"), "answer-malformed"),
    "too long by chunks": (CHUNKED + BLANKS * 4, "answer-malformed"),
    "no http": (b"decision: true\r\n\r\n", "broker-unreachable"),
    "a head without end": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, "broker-unreachable"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_an_answer_denies(fake: Fake, ask: Ask, name: str) -> None:
    sent, code = WRONG[name]
    fake.script = [sent]

    decision = ask(fake.url, deadline=timedelta(seconds=5), retries=0)

    assert not decision.permitted
    assert (decision.code, decision.answered) == (code, False)
    assert decision.reason
    assert decision.remedy
    assert len(fake.requests) == 1


def test_what_is_an_answer_permits(fake: Fake, ask: Ask) -> None:
    fake.script = [reply(PERMIT, content_type="Application/JSON; charset=utf-8")]

    decision = ask(fake.url, deadline=timedelta(seconds=5))

    assert (decision.permitted, decision.id, decision.max_lifetime) == (True, "dec_1", None)


OBLIGATIONS: list[tuple[Any, str, float | None]] = [
    ([], "permitted", None),
    ([{"type": "max-lifetime", "seconds": 900}], "permitted", 900),
    ([{"type": "max-lifetime", "seconds": 900}, {"type": "max-lifetime", "seconds": 60}], "permitted", 60),
    ([{"type": "record-screen"}], "obligation-unknown", None),
    ([{"type": "max-lifetime", "seconds": 900}, {"type": "x"}], "obligation-unknown", None),
    ([{"type": "step-up"}], "obligation-unknown", None),
    ([{"type": "max-lifetime"}], "obligation-unknown", None),
    ([{"type": "max-lifetime", "seconds": 0}], "obligation-unknown", None),
    ([{"type": "max-lifetime", "seconds": True}], "obligation-unknown", None),
    ([{"type": "max-lifetime", "seconds": 1.5}], "obligation-unknown", None),
    ([{"type": "max-lifetime", "seconds": 10**30}], "obligation-unknown", None),
    (["max-lifetime"], "answer-malformed", None),
]


@pytest.mark.parametrize(("obligations", "code", "seconds"), OBLIGATIONS)
def test_a_permit_under_an_obligation_that_is_not_understood_denies(
    fake: Fake, obligations: Any, code: str, seconds: float | None
) -> None:
    fake.script = [reply(json.dumps({"decision": True, "context": {"obligations": obligations}}))]

    decision = check(fake.url, deadline=timedelta(seconds=5))

    assert (decision.code, decision.permitted) == (code, code == "permitted")
    assert decision.max_lifetime == (None if seconds is None else timedelta(seconds=seconds))


def test_nobody_listens(ask: Ask) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        decision = ask(url, deadline=timedelta(seconds=5))

    assert (decision.permitted, decision.code) == (False, "broker-unreachable")


SLOW: dict[str, Callable[[Fake], Any]] = {
    "silence": lambda fake: fake.silent,
    "a head by drops": lambda fake: fake.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000),
    "a body by drops": lambda fake: fake.drip(reply(PERMIT + b" " * 10_000)),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_check_is_over_at_its_deadline_however_slow_the_broker(fake: Fake, ask: Ask, name: str) -> None:
    fake.script = [SLOW[name](fake)]

    begun = time.monotonic()
    decision = ask(fake.url, deadline=timedelta(seconds=0.4), retries=5)
    lasted = time.monotonic() - begun

    assert (decision.permitted, decision.code) == (False, "broker-unreachable")
    assert 0.35 < lasted < FOR_EVER
    assert len(fake.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(fake: Fake, ask: Ask, status: int) -> None:
    with serving() as elsewhere:
        fake.script = [reply(PERMIT, status, Location=f"{elsewhere.url}/access/v1/evaluation")]

        decision = ask(fake.url, deadline=timedelta(seconds=5))

    assert (decision.permitted, decision.code) == (False, "broker-refused")
    assert elsewhere.requests == []


AGAIN: dict[str, Any] = {
    "busy": reply(b"", 503),
    "too many": reply(b"", 429, Retry_After="0"),
    "hung up": hang_up,
}


@pytest.mark.parametrize("name", AGAIN)
def test_what_may_pass_is_asked_again_as_often_as_told(fake: Fake, ask: Ask, name: str) -> None:
    for retries, permitted in ((1, False), (2, True)):
        fake.script = [AGAIN[name], AGAIN[name], reply(PERMIT)]
        fake.requests.clear()

        decision = ask(fake.url, deadline=timedelta(seconds=5), retries=retries)

        assert decision.permitted is permitted
        assert len(fake.requests) == 1 + retries


def test_the_broker_says_how_long_to_wait(fake: Fake, ask: Ask) -> None:
    fake.script = [reply(b"", 429, Retry_After="1"), reply(PERMIT)]

    begun = time.monotonic()
    decision = ask(fake.url, deadline=timedelta(seconds=10))

    assert decision.permitted
    assert time.monotonic() - begun >= 1.0


@pytest.mark.parametrize("after", ["60", "Wed, 21 Oct 2065 07:28:00 GMT", "-1", "soon"])
def test_nobody_waits_for_what_is_behind_the_deadline(fake: Fake, ask: Ask, after: str) -> None:
    fake.script = [reply(b"", 503, Retry_After=after), reply(PERMIT)]

    begun = time.monotonic()
    decision = ask(fake.url, deadline=timedelta(seconds=FOR_EVER))

    assert (decision.permitted, decision.code) == (False, "broker-unreachable")
    assert time.monotonic() - begun < FOR_EVER
    assert len(fake.requests) == 1


def test_many_retries_end_at_the_deadline_too(fake: Fake, ask: Ask) -> None:
    fake.script = [reply(b"", 503)]

    begun = time.monotonic()
    decision = ask(fake.url, deadline=timedelta(seconds=2), retries=1000)

    assert not decision.permitted
    assert time.monotonic() - begun < FOR_EVER
    assert 1 < len(fake.requests) < 100, "the pauses grow"


@pytest.mark.parametrize(
    ("words", "session"),
    [
        (("", "read", "data:logs"), {}),
        (("prs_1", "", "data:logs"), {}),
        (("prs_1", "read", "logs"), {}),
        (("prs_1", "read", ":logs"), {}),
        (("prs_1", "read", "data:"), {}),
        ((7, "read", "data:logs"), {}),
        ((None, "read", "data:logs"), {}),
        (WORDS, {"token": "a", "grant_id": "b"}),
        (WORDS, {"token": ""}),
        (WORDS, {"token": 7}),
        (WORDS, {"context": {"token": "a"}}),
        (WORDS, {"context": []}),
        (WORDS, {"context": {"x": float("nan")}}),
        (WORDS, {"context": {"x": object()}}),
        (WORDS, {"subject_type": ""}),
    ],
)
def test_what_cannot_be_asked_is_not_asked(fake: Fake, ask: Ask, words: Any, session: Any) -> None:
    decision = ask(fake.url, *words, session=session)

    assert (decision.permitted, decision.code) == (False, "question-malformed")
    assert fake.requests == []


def _fails() -> str:
    raise RuntimeError("the token endpoint is away")


@pytest.mark.parametrize("token", [_fails, lambda: "", lambda: "a b", lambda: "a\r\nX: y", lambda: None])
def test_without_a_credential_nothing_is_asked(fake: Fake, ask: Ask, token: Any) -> None:
    decision = ask(fake.url, secret=None, token=token)

    assert (decision.permitted, decision.code) == (False, "credential-unavailable")
    assert fake.requests == []


def test_neither_secret_nor_token_is_logged_or_told(
    fake: Fake, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.script = [reply(f'{{"code":"{SECRET}","detail":"eyJ.per.son"}}', 403)]

    decision = ask(fake.url, session={"token": "eyJ.per.son"}, deadline=timedelta(seconds=5))

    assert NoAnswer.BROKER_REFUSED.value in caplog.text
    assert fake.requests[0].fields["authorization"] == f"Bearer {SECRET}"
    assert fake.requests[0].asked["context"] == {"token": "eyJ.per.son"}
    for text in (caplog.text, repr(decision)):
        assert SECRET not in text
        assert "per.son" not in text
