"""Search says what an evaluation would, neither more nor less; it is a right of its own, and recorded."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select

from flows import people, search
from models.people import Person, person_by_login
from tests.tokens.company import Company, said

RULES = """
p, wiki, role:support, read, data:wiki/*, -, standing, allow
p, wiki-write, role:editor, write, data:wiki/*, -, standing, allow
p, wiki-not, role:editor, read, data:wiki/secret, -, -, deny
p, logs, role:support, read, data:customer-logs, tier >= 2, max 15m, allow
p, everybody, *, read, data:handbook, -, standing, allow
"""
PAGES = ("data:wiki/home", "data:wiki/secret", "data:handbook", "svc:telemetry")
ACTIONS = ("export", "read", "write")


@pytest.fixture
def team(company: Company) -> Company:
    """The company with a wiki, and three more people, one of whom is suspended."""
    company.world.publish(RULES)
    for page in PAGES:
        company.world.resource(page, "read", "write")
    for name, *roles in (
        ("bo", "role:support", "role:editor"),
        ("cy", "role:editor"),
        ("di", "role:support"),
    ):
        company.world.person(name, *roles)
    with company.world.parts.db.write() as session:
        row = session.merge(company.service("logs"))
        row.actions, row.searches = list(ACTIONS), ["subject", "resource", "action"]
        session.commit()
    suspend(company, "di")
    return company


def suspend(company: Company, login: str) -> None:
    with company.world.parts.db.write() as session:
        person = person_by_login(session, login)
        assert person is not None
        events = people.suspend(session, company.world.parts, person.id, reason="test", by="host")
        company.world.parts.commit(session, *events)


def everybody(company: Company) -> list[str]:
    with company.world.parts.db.read() as session:
        return list(session.scalars(select(Person.id)))


def post(company: Company, path: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {company.logs_secret}"}
    return company.http.post(f"/access/v1/{path}", json=body, headers=headers)


def pages(company: Company, what: str, body: dict[str, Any], limit: int = 50) -> list[dict[str, str]]:
    """Return all results, page by page."""
    results: list[dict[str, str]] = []
    token = ""
    while True:
        answer = said(post(company, f"search/{what}", {**body, "page": {"token": token, "limit": limit}}))
        results += answer["results"]
        assert len(answer["results"]) <= limit
        assert answer["page"]["count"] == len(answer["results"])
        token = answer["page"]["next_token"]
        if not token:
            return results


def permitted(company: Company, who: str, action: str, resource: str, context: dict[str, Any]) -> bool:
    kind, _, id_ = resource.partition(":")
    body = {
        "subject": {"type": "person", "id": who},
        "action": {"name": action},
        "resource": {"type": kind, "id": id_},
        "context": context,
    }
    response = post(company, "evaluation", body)
    assert response.status_code == 200, response.get_data(as_text=True)
    return bool(said(response)["decision"])


@pytest.mark.parametrize("session", [False, True])
def test_search_equals_asking_one_by_one(team: Company, session: bool) -> None:
    context = {"grant_id": team.open().grant_id} if session else {}
    who = sorted(everybody(team))
    doors = ["data:customer-logs", *(page for page in PAGES if page.startswith("data:"))]
    truth = {
        (one, action, door)
        for one, action, door in product(who, ACTIONS, doors)
        if permitted(team, one, action, door, context)
    }
    assert ((team.imani.id, "read", "data:customer-logs") in truth) is session
    assert len(truth) >= 4

    for limit, action, door in product((1, 50), ACTIONS, doors):
        resource = {"type": "data", "id": door.removeprefix("data:")}
        body = {"subject": {"type": "person"}, "action": {"name": action}, "resource": resource}
        found = pages(team, "subject", {**body, "context": context}, limit)
        assert found == [{"type": "person", "id": one} for one in who if (one, action, door) in truth]
    for limit, one, action in product((2, 50), who, ACTIONS):
        body = {
            "subject": {"type": "person", "id": one},
            "action": {"name": action},
            "resource": {"type": "data"},
        }
        found = pages(team, "resource", {**body, "context": context}, limit)
        expected = [door for door in sorted(doors) if (one, action, door) in truth]
        assert found == [{"type": "data", "id": door.removeprefix("data:")} for door in expected]
    for limit, one, door in product((1, 50), who, doors):
        resource = {"type": "data", "id": door.removeprefix("data:")}
        body = {"subject": {"type": "person", "id": one}, "resource": resource}
        found = pages(team, "action", {**body, "context": context}, limit)
        assert found == [{"name": name} for name in ACTIONS if (one, name, door) in truth]


def test_a_page_that_looked_at_enough_says_where_to_go_on(team: Company) -> None:
    body = {
        "subject": {"type": "person"},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "handbook"},
    }
    whole = pages(team, "subject", body)

    with patch.object(search, "LOOKED_AT", 1):
        first = said(post(team, "search/subject", body))
        in_parts = pages(team, "subject", body)

    assert len(first["results"]) <= 1
    assert first["page"]["next_token"]
    assert in_parts == whole
    assert len(whole) == 3


def test_what_nobody_knows_is_found_nowhere(team: Company) -> None:
    handbook = {"type": "data", "id": "handbook"}
    nobody = {"type": "person", "id": "nobody"}
    read = {"name": "read"}

    assert (
        pages(team, "subject", {"subject": {"type": "spaceship"}, "action": read, "resource": handbook}) == []
    )
    assert pages(team, "resource", {"subject": nobody, "action": read, "resource": {"type": "data"}}) == []
    assert pages(team, "resource", {"subject": nobody, "action": read, "resource": {"type": "boat"}}) == []
    assert pages(team, "action", {"subject": nobody, "resource": handbook}) == []


def test_an_id_of_what_is_searched_for_is_ignored(team: Company) -> None:
    body = {"action": {"name": "read"}, "resource": {"type": "data", "id": "handbook"}}

    stray = pages(team, "subject", {**body, "subject": {"type": "person", "id": "stray"}})

    assert stray == pages(team, "subject", {**body, "subject": {"type": "person"}})


def test_a_service_searches_only_as_it_may_and_every_search_is_recorded(team: Company) -> None:
    body = {
        "subject": {"type": "person"},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "handbook"},
    }
    pages(team, "subject", body)
    told = team.details("service.searched")
    with team.world.parts.db.write() as session:
        session.merge(team.service("logs")).searches = ["resource"]
        session.commit()

    refused = post(team, "search/subject", body)
    outside = post(
        team,
        "search/resource",
        {
            "subject": {"type": "person", "id": "x"},
            "action": {"name": "delete"},
            "resource": {"type": "data"},
        },
    )

    assert (told["search"], told["resource"], told["found"]) == ("subject", "data:handbook", 3)
    assert (refused.status_code, said(refused)["code"]) == (403, "search-not-allowed")
    assert (outside.status_code, said(outside)["code"]) == (403, "outside-scope")
    assert team.kinds().count("service.refused") == 2


def test_resources_out_of_the_services_reach_are_not_listed(team: Company) -> None:
    with team.world.parts.db.write() as session:
        session.merge(team.service("logs")).prefixes = ["data:wiki/"]
        session.commit()
    body = {"subject": {"type": "person", "id": team.imani.id}, "action": {"name": "read"}}

    found = pages(team, "resource", {**body, "resource": {"type": "data"}})

    assert found == [{"type": "data", "id": "wiki/home"}, {"type": "data", "id": "wiki/secret"}]


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("subject", {"page": {"limit": 0}}),
        ("subject", {"page": {"limit": "many"}}),
        ("subject", {"page": {"token": "nonsense"}}),
        ("subject", {"page": []}),
        ("subject", {"subject": {}}),
        ("subject", {"action": {}}),
        ("subject", {"resource": {"type": "data"}}),
        ("subject", {"resource": {"type": "data", "id": "../x"}}),
        ("resource", {"resource": {"type": "a:b"}}),
        ("resource", {"subject": {"type": "person"}}),
        ("action", {"resource": {"type": "data"}}),
        ("action", {"context": {"token": "a", "grant_id": "b"}}),
    ],
)
def test_a_malformed_search_is_refused_and_finds_nothing(
    team: Company, what: str, changes: dict[str, Any]
) -> None:
    body = {
        "subject": {"type": "person", "id": "x"},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "handbook"},
    }

    response = post(team, f"search/{what}", {**body, **changes})

    assert (response.status_code, response.content_type) == (400, "application/problem+json")
    assert "service.searched" not in team.kinds()


def test_the_next_page_of_another_search_is_refused(team: Company) -> None:
    body = {
        "subject": {"type": "person"},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "handbook"},
    }
    token = said(post(team, "search/subject", {**body, "page": {"limit": 1}}))["page"]["next_token"]

    other = {**body, "resource": {"type": "data", "id": "wiki/home"}, "page": {"token": token}}

    assert post(team, "search/subject", other).status_code == 400
    team.world.clock.advance(seconds=timedelta(days=1).total_seconds())
    assert post(team, "search/subject", {**body, "page": {"token": token}}).status_code == 200


def test_discovery_says_where_everything_is(company: Company) -> None:
    told = said(company.http.get("/.well-known/authzen-configuration"))

    home = company.world.parts.deployment.public_url
    assert told.pop("policy_decision_point") == home
    for address in told.values():
        assert address.startswith(home + "/access/v1/")
        assert company.http.post(address.removeprefix(home), json={}).status_code == 401
    assert len(told) == 5
