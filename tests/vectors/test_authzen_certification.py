"""The certification scenario of AuthZEN, as its conformance suite asks it.

The fixture's users are people here, so that a question's `user` `alice` is
written as `person` with her id before it is sent, and back in what is
expected. What the fixture says of `role` and `status` Doorward knows itself:
bob has a role, record-2 is in a group of resources; what a request claims of
them is not believed. Of the action's properties nothing is kept or believed:
two cases rest on those and are named below.

Disputed (`EvaluationsBatchWithDefaultValueMerging`): the scenario's text
replaces an entity as a whole, the suite fills up one that is incomplete. Both
are followed: whole where it is complete, filled up where it is not.
"""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.tokens.company import Company, found, said
from tests.vectors.source import vectors
from tests.world import World

RULES = """
p, alice-1, role:alice, read, record:record-1, -, standing, allow
p, alice-2, role:alice, read, record:record-2, -, standing, allow
p, alice-3, role:alice, write, record:record-1, -, standing, allow
p, alice-4, role:alice, write, group:archived, -, -, deny
p, bob-1, role:bob, read, record:record-1, -, standing, allow
p, bob-2, role:records-admin, write, group:archived, -, standing, allow
g2, record:record-2, group:archived
"""
RESTS_ON_PROPERTIES_OF_THE_ACTION = {
    "EvaluationFixtureRequestPermitBasedOnActionProperties",
    "EvaluationFixtureRequestDenyBasedOnActionProperties",
}
CASES = 127


@pytest.fixture
def company(world: World) -> Company:
    """The fixture of the scenario, and a service that may ask about all of it."""
    made = found(world)
    for name in ("record-1", "record-2"):
        world.resource(f"record:{name}", "read", "write", "delete")
    world.publish(RULES)
    with world.parts.db.write() as session:
        row = session.merge(made.service("logs"))
        row.prefixes, row.actions = ["record:"], ["delete", "read", "write"]
        row.searches = ["action", "resource", "subject"]
        session.commit()
    return made


def test_every_case_of_the_certification_is_answered_as_it_wants(company: Company) -> None:
    cases = vectors("authzen_certification.json")["cases"]
    world = company.world
    ids = {
        "alice": world.person("alice", "role:alice").id,
        "bob": world.person("bob", "role:bob", "role:records-admin").id,
    }
    assert len(cases) == CASES

    wrong = [
        f"{case['id']}: {problem}"
        for case in cases
        if case["id"] not in RESTS_ON_PROPERTIES_OF_THE_ACTION and (problem := _problem(company, case, ids))
    ]

    assert wrong == []


def _problem(company: Company, case: dict[str, Any], ids: dict[str, str]) -> str:
    """Return how the answers to *case* differ from what it wants; empty if they do not."""
    for _ in range(case.get("repeat", 1)):
        answer = _ask(company, case, _here(case.get("request"), ids))
        if answer.status_code not in case["expect_status"]:
            return f"{answer.status_code} {answer.get_data(as_text=True)[:200]}"
        if case.get("x_request_id") and answer.headers["X-Request-ID"] != "r-1":
            return "the request id is not echoed"
        if answer.status_code != 200:
            continue
        if "expect_search" in case:
            found = _all_pages(company, case, said(answer), ids)
            wanted = _here(case["expect_search"]["results"], ids)
            if not all(one in found for one in wanted) or (case.get("exact_set") and found != wanted):
                return f"found {found}, wanted {wanted}"
        wanted = case.get("expect_decision") or case.get("expect_evaluations")
        if wanted is not None and (given := _decisions(said(answer))) != _decisions(wanted):
            return f"answered {given}, wanted {_decisions(wanted)}"
    return ""


def _ask(company: Company, case: dict[str, Any], body: Any) -> TestResponse:
    proof = {None: f"Bearer {company.logs_secret}", "invalid": "Bearer wrong"}.get(case.get("auth"), "")
    headers = {"Authorization": proof} if proof else {}
    headers |= {"X-Request-ID": "r-1"} if case.get("x_request_id") else {}
    sent: dict[str, Any] = {"json": body}
    if "raw_body" in case:
        sent = {"data": case["raw_body"], "content_type": "application/json"}
    if "content_type" in case:
        sent["content_type"] = case["content_type"]
    method = case.get("method", "POST")
    return company.http.open(f"/access/v1/{case['endpoint']}", method=method, headers=headers, **sent)


def _all_pages(company: Company, case: dict[str, Any], first: Any, ids: dict[str, str]) -> list[Any]:
    found, page = list(first["results"]), first["page"]
    while case.get("paginate") and page["next_token"]:
        body = _here(case["request"], ids)
        body["page"] = {**body.get("page", {}), "token": page["next_token"]}
        more = said(_ask(company, case, body))
        assert len(more["results"]) <= body["page"]["limit"]
        found, page = found + more["results"], more["page"]
    return found


def _decisions(answer: dict[str, Any]) -> list[bool]:
    return [one["decision"] for one in answer.get("evaluations", [answer])]


def _here(value: Any, ids: dict[str, str]) -> Any:
    """Return *value* with the scenario's users written as the people that they are here."""
    if isinstance(value, list):
        return [_here(one, ids) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: _here(one, ids) for name, one in value.items()}
    if made.get("type") == "user":
        made["type"] = "person"
        made |= {"id": ids.get(made["id"], made["id"])} if isinstance(made.get("id"), str) else {}
    return made
