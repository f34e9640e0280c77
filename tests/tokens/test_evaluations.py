"""Many questions at once: each is judged as if it stood alone, and what cannot be answered denies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tokens.company import Company, said
from web.api.authzen.evaluation import MAX_QUESTIONS

LOGS = {"type": "data", "id": "customer-logs"}
READ, EXPORT = {"name": "read"}, {"name": "export"}


def ask(company: Company, *items: Any, **body: Any) -> Any:
    asked = {"subject": {"type": "person", "id": company.imani.id}, "resource": LOGS, **body}
    headers = {"Authorization": f"Bearer {company.logs_secret}"}
    return company.http.post(
        "/access/v1/evaluations", json={**asked, "evaluations": list(items)}, headers=headers
    )


def decisions(response: Any) -> list[bool]:
    assert response.status_code == 200, response.get_data(as_text=True)
    return [one["decision"] for one in said(response)["evaluations"]]


def opened(company: Company) -> dict[str, Any]:
    return {"grant_id": company.open().grant_id}


def test_each_question_is_answered_in_its_order_and_logged(company: Company) -> None:
    context = opened(company)

    response = ask(company, {"action": READ}, {"action": EXPORT}, {"action": READ}, context=context)

    assert decisions(response) == [True, False, True]
    ids = [one["context"]["id"] for one in said(response)["evaluations"]]
    assert sorted(ids) == sorted(row.id for row in company.log("evaluation"))
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_a_semantic_cuts_the_answers_behind_what_it_waits_for(
    company: Company, semantic: str, expected: list[bool]
) -> None:
    items = ({"action": READ}, {"action": EXPORT}, {"action": READ})

    response = ask(company, *items, context=opened(company), options={"evaluations_semantic": semantic})

    assert decisions(response) == expected
    assert len(company.log("evaluation")) == len(expected), "what is not answered is not asked"


def test_an_item_replaces_what_the_body_says_as_a_whole(company: Company) -> None:
    context = opened(company)
    mallory = company.world.person("mallory", "role:support")

    response = ask(
        company,
        {},
        {"subject": {"type": "person", "id": mallory.id}},
        {"context": {}},
        {"resource": {"id": "customer-logs"}},
        action=READ,
        context=context,
    )

    assert decisions(response) == [True, False, False, True]


def test_without_items_it_is_one_question(company: Company) -> None:
    context = opened(company)
    headers = {"Authorization": f"Bearer {company.logs_secret}"}
    body = {"subject": {"type": "person", "id": company.imani.id}, "action": READ, "resource": LOGS}

    neither: list[dict[str, Any]] = [{}, {"evaluations": []}]
    for more in neither:
        response = company.http.post(
            "/access/v1/evaluations", json={**body, "context": context, **more}, headers=headers
        )
        assert said(response)["decision"] is True
        assert "evaluations" not in said(response)


def test_what_cannot_be_read_or_is_out_of_scope_denies_alone_and_says_why(company: Company) -> None:
    items: list[Any] = [
        {"action": READ},
        {},
        7,
        {"action": {"name": "READ"}},
        {"action": {"name": "delete"}},
        {"action": READ, "resource": {"type": "svc", "id": "telemetry"}},
        {"action": READ, "context": {"token": "a", "grant_id": "b"}},
        {"action": READ, "context": 7},
    ]

    response = ask(company, *items, context=opened(company))

    assert decisions(response) == [True] + [False] * 7
    errors = [one["context"].get("error", {}) for one in said(response)["evaluations"]]
    assert [e.get("status") for e in errors] == [None, 400, 400, 400, 403, 403, 400, 400]
    assert company.kinds().count("service.refused") == 2
    assert len(company.log("evaluation")) == 1


def test_an_error_ends_what_waits_for_a_denial_and_not_what_waits_for_a_permit(company: Company) -> None:
    context = opened(company)
    items: list[Any] = [{}, {"action": READ}, {"action": READ}]

    first_deny = ask(company, *items, context=context, options={"evaluations_semantic": "deny_on_first_deny"})
    first_permit = ask(
        company, *items, context=context, options={"evaluations_semantic": "permit_on_first_permit"}
    )

    assert decisions(first_deny) == [False]
    assert decisions(first_permit) == [False, True]


@pytest.mark.parametrize(
    "body",
    [
        {"evaluations": {}},
        {"evaluations": "x"},
        {"evaluations": [{}], "options": 3},
        {"evaluations": [{}], "options": {"evaluations_semantic": "majority"}},
        {"evaluations": [{}], "options": {"evaluations_semantic": ["execute_all"]}},
        {"evaluations": [{}] * (MAX_QUESTIONS + 1)},
        {},
    ],
)
def test_a_body_that_is_wrong_as_a_whole_is_refused(company: Company, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {company.logs_secret}"}

    response = company.http.post("/access/v1/evaluations", json=body, headers=headers)

    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    assert company.log("evaluation") == []


def test_a_denial_that_can_be_cured_says_where(company: Company) -> None:
    opening = company.open("read", "export")
    company.world.clock.advance(seconds=601)
    company.laptop.report(company.viewer)

    response = ask(company, {"action": EXPORT}, {"action": READ}, context={"grant_id": opening.grant_id})

    stale, fine = (one["context"] for one in said(response)["evaluations"])
    assert stale["reason_admin"]["en"] == "touch-stale"
    home = company.world.parts.deployment.public_url
    assert stale["access_request"]["form_url"] == (
        f"{home}/access/why?resource=data%3Acustomer-logs&action=export"
    )
    assert {"type": "step-up", "amr_values": ["hwk", "pin"], "form_url": f"{home}/touch"} in stale[
        "obligations"
    ]
    assert "access_request" not in fine
    shown = company.http
    shown.set_cookie("__Host-doorward-session", company.imani.cookie)
    assert shown.get(stale["access_request"]["form_url"].removeprefix(home)).status_code == 200


def test_who_is_not_a_service_decides_nothing(company: Company) -> None:
    response = company.http.post("/access/v1/evaluations", json={"evaluations": [{}]})

    assert response.status_code == 401
