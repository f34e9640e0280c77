"""A law of the clients: nothing but an exact answer permits, whatever is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward_client import Doorward
from tests.clients.asking import SECRET, WORDS
from tests.clients.fakes import Fake, reply, serving

PERMIT = b'{"decision":true,"context":{"id":"dec_1","obligations":[{"type":"max-lifetime","seconds":9}]}}'
words = st.sampled_from(
    ["decision", "context", "obligations", "type", "seconds", "true", "max-lifetime", "error"]
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
answers = st.fixed_dictionaries({"decision": values}, optional={"context": values})
spoilt = st.tuples(st.integers(0, len(PERMIT) - 1), st.binary(max_size=3), st.integers(0, 3)).map(
    lambda cut: PERMIT[: cut[0]] + cut[1] + PERMIT[cut[0] + cut[2] :]
)
bodies = st.binary(max_size=60) | (values | answers).map(lambda value: json.dumps(value).encode()) | spoilt
statuses = st.sampled_from([200] * 6 + [201, 202, 203, 206, 301, 302, 400, 401, 403, 404, 429, 500, 503])
kinds = st.sampled_from(
    ["application/json"] * 6 + ["text/json", "application/jsonx", "text/html", "", "json"]
)


@pytest.fixture(scope="module")
def broker() -> Iterator[Fake]:
    with serving() as fake:
        yield fake


@pytest.fixture(scope="module")
def client(broker: Fake) -> Iterator[Doorward]:
    with Doorward(broker.url, secret=SECRET, deadline=timedelta(seconds=20), retries=0) as asking:
        yield asking


def permits(status: int, kind: str, body: bytes) -> bool:
    """Whether this is an exact permit, by the words of `docs/tokens.md` alone."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs)
        return dict(pairs)

    def never(_: str) -> None:
        raise AssertionError

    try:
        said = json.loads(body.decode(), object_pairs_hook=once, parse_constant=never)
        context = said.get("context", {})
        obligations = context.get("obligations", [])
        assert (status, kind) == (200, "application/json")
        assert said["decision"] is True
        assert "error" not in context
        assert isinstance(obligations, list)
        for one in obligations:
            assert one["type"] == "max-lifetime"
            assert isinstance(one["seconds"], int)
            assert not isinstance(one["seconds"], bool)
            assert 0 < one["seconds"] <= 366 * 86_400
    except (AssertionError, ValueError, KeyError, AttributeError, TypeError):
        return False
    return True


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(status=statuses, kind=kinds, body=bodies)
def test_nothing_but_an_exact_answer_permits(
    broker: Fake, client: Doorward, status: int, kind: str, body: bytes
) -> None:
    broker.script = [reply(body, status, kind)]

    decision = client.check(*WORDS)

    assert decision.permitted is permits(status, kind, body)
    assert decision.code


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(context=st.dictionaries(words | st.text(max_size=5), values, max_size=4), verdict=st.booleans())
def test_of_an_object_as_context_nothing_but_obligations_and_errors_turns_a_decision(
    broker: Fake, client: Doorward, context: dict[str, Any], verdict: bool
) -> None:
    body = json.dumps({"decision": verdict, "context": context}).encode()
    broker.script = [reply(body)]

    decision = client.check(*WORDS)

    assert decision.permitted is permits(200, "application/json", body)
    assert verdict or not decision.permitted


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_no_bytes_without_http_permit(broker: Fake, client: Doorward, data: bytes) -> None:
    def talk(connection: Any) -> None:
        connection.sendall(data)

    broker.script = [talk]

    decision = client.check(*WORDS)

    assert (decision.permitted, decision.code) == (False, "broker-unreachable")
