"""The door before Flask gives the view's answer, or leaves the request to it."""

from __future__ import annotations

import json
import re
from ipaddress import ip_network
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, EnvironBuilder, TestResponse

from flows.end_access import end_grant
from flows.evaluate import evaluate
from tests.tokens.company import Company, found
from tests.world import HOME, NOON, World
from web.door import PATH, Door


@pytest.fixture
def company(world: World) -> Company:
    return found(world)


def both(company: Company, **request: Any) -> tuple[TestResponse, TestResponse, bool]:
    """Send a request to the door and to the view behind it; say whether the door answered by itself."""
    app = company.world.app()
    outer = app.wsgi_app
    assert isinstance(outer, Door)
    told = {"path": PATH, "method": "POST", "base_url": company.world.origin, **request}
    told["environ_base"] = {"REMOTE_ADDR": HOME}
    with patch.object(outer, "_inner", wraps=outer._inner) as inner:
        first = Client(outer).open(EnvironBuilder(**told).get_request())
    second = Client(outer._inner).open(EnvironBuilder(**told).get_request())
    return first, second, not inner.called


def plain(response: TestResponse) -> tuple[int, list[tuple[str, str]], str]:
    """Return what two answers to the same question share."""
    ids = re.compile(r"(dec_|request:)[0-9a-f]+")
    headers = sorted((k, v) for k, v in response.headers if k not in {"X-Request-ID", "Content-Length"})
    text = ids.sub("", response.get_data(as_text=True))
    return response.status_code, headers, json.dumps(json.loads(text), sort_keys=True)


def question(company: Company, **changes: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "person", "id": company.imani.id},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "customer-logs"},
        "context": {"grant_id": str(company.open().grant_id)},
        **changes,
    }


def test_the_door_answers_as_the_view_does(company: Company) -> None:
    permitted = question(company)
    denied = question(company, action={"name": "export"})
    proof = {"Authorization": f"Bearer {company.logs_secret}", "X-Request-ID": "r-1"}

    for body in (permitted, denied):
        first, second, alone = both(company, json=body, headers=proof)
        assert alone
        assert plain(first) == plain(second)
        assert first.headers["X-Request-ID"] == second.headers["X-Request-ID"] == "r-1"
        assert len(first.get_data()) == int(first.headers["Content-Length"])
    assert len(company.log("evaluation")) == 4


def test_the_same_question_is_answered_again_with_a_record_of_its_own(company: Company) -> None:
    body, proof = question(company), {"Authorization": f"Bearer {company.logs_secret}"}
    outer = company.world.app().wsgi_app
    assert isinstance(outer, Door)
    with patch("web.door.evaluate", wraps=evaluate) as anew:
        told = [both(company, json=body, headers=proof)[0] for _ in range(3)]
        company.world.clock.advance(seconds=1)
        told.append(both(company, json=body, headers=proof)[0])
        end_grant(company.world.parts, company.viewer, body["context"]["grant_id"])
        ended = both(company, json=body, headers=proof)[0]

    assert anew.call_count == 3  # the first, a second later, and after the end
    ids = [response.get_json()["context"]["id"] for response in told]
    assert len(set(ids)) == 4
    assert all(plain(response) == plain(told[0]) for response in told)
    assert ended.get_json()["decision"] is False
    rows = {row.id: row for row in company.log("evaluation")}
    assert set(ids) <= set(rows)
    assert [rows[id_].body["attributes"]["touch_age"] for id_ in ids] == [0, 0, 0, 1]
    assert [rows[id_].at for id_ in ids[:3]] == [NOON] * 3


UNUSUAL: dict[str, dict[str, Any]] = {
    "another host": {"base_url": "http://elsewhere.example"},
    "another type": {"content_type": "text/plain"},
    "a query": {"query_string": "a=%00"},
    "no proof": {"headers": {}},
    "a wrong proof": {"headers": {"Authorization": "Bearer wrong"}},
    "another scheme": {"headers": {"Authorization": "Digest x"}},
    "a member twice": {"data": b'{"subject":{"type":"person","id":"a","id":"b"}}'},
    "no object": {"data": b"[]"},
    "nothing": {"data": b""},
    "too much": {"data": b" " * 70_000},
    "another method": {"method": "PUT"},
}


@pytest.mark.parametrize("what", UNUSUAL)
def test_whatever_is_unusual_is_left_to_the_view(company: Company, what: str) -> None:
    usual = {
        "data": json.dumps(question(company)).encode(),
        "content_type": "application/json",
        "headers": {"Authorization": f"Bearer {company.logs_secret}"},
    }

    first, second, alone = both(company, **{**usual, **UNUSUAL[what]})

    assert not alone
    assert plain(first) == plain(second)
    assert first.status_code >= 400
    assert company.log("evaluation") == []


def test_what_is_out_of_scope_is_recorded_once(company: Company) -> None:
    body = question(company, resource={"type": "app", "id": "payroll"})
    proof = {"Authorization": f"Bearer {company.logs_secret}"}

    first, second, alone = both(company, json=body, headers=proof)

    assert not alone
    assert plain(first) == plain(second)
    assert company.kinds().count("service.refused") == 2


def test_a_proxy_that_does_not_say_who_the_client_is_is_refused_as_by_the_view(company: Company) -> None:
    app = company.world.app()
    outer = app.wsgi_app
    assert isinstance(outer, Door)
    trusted = (ip_network("203.0.113.0/24"),)
    app.extensions["doorward_proxies"] = (trusted, "x-forwarded-for")
    proof = {"Authorization": f"Bearer {company.logs_secret}"}
    with patch.object(outer, "_trusted", trusted):
        without = both(company, json=question(company), headers=proof)
        named = both(company, json=question(company), headers={**proof, "X-Forwarded-For": "192.0.2.1"})

    assert (without[0].status_code, without[2]) == (400, False)
    assert (named[0].status_code, named[2]) == (200, True)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "subject": ANY | st.just({"type": "person", "id": "prs_1"}),
        "action": ANY | st.just({"name": "read"}),
        "resource": ANY | st.just({"type": "data", "id": "x"}),
        "context": ANY,
        "extra": ANY,
    },
)


def test_no_body_makes_door_and_view_differ(company: Company) -> None:
    proof = {"Authorization": f"Bearer {company.logs_secret}"}

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(body=PARTS.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
    def check(body: bytes) -> None:
        first, second, _ = both(company, data=body, content_type="application/json", headers=proof)

        assert plain(first) == plain(second)
        assert first.status_code in {200, 400, 403}
        assert b'"decision":true' not in first.get_data()

    check()
