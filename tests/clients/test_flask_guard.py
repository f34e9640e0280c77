"""Views of Flask behind the guard: with the real broker once, with a fake one for what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, g, jsonify
from flask.testing import FlaskClient

from doorward_client import Doorward
from doorward_client.flask import Guard
from flows.end_access import end_grant
from tests.clients.asking import SECRET
from tests.clients.fakes import Fake, reply
from tests.clients.tokens import DENY, UNREADABLE, bearer, token
from tests.tokens.company import Company, segments

PATIENT = timedelta(seconds=20)


def application(client: Doorward) -> FlaskClient:
    app = Flask("guarded")
    guard = Guard(client)

    @app.get("/logs")
    @guard("read", "data:customer-logs")
    def logs() -> Any:
        return jsonify(person=g.doorward.subject, decision=g.doorward.decision.id)

    @app.get("/logs/<customer>")
    @guard("read", lambda customer: f"data:customer-logs/{customer}")
    def of(customer: str) -> Any:
        return jsonify(customer=customer)

    return app.test_client()


@pytest.fixture
def http(fake: Fake) -> Iterator[FlaskClient]:
    with Doorward(fake.url, secret=SECRET, deadline=PATIENT, retries=0) as client:
        yield application(client)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_view_opens_with_a_live_token_and_closes_when_the_grant_ends(company: Company, broker: str) -> None:
    opening = company.open()
    headers = {"Authorization": f"Bearer {company.token()}"}

    with Doorward(broker, secret=company.logs_secret, deadline=PATIENT) as client:
        guarded = application(client)
        before = guarded.get("/logs", headers=headers)
        end_grant(company.world.parts, company.viewer, str(opening.grant_id))
        after = guarded.get("/logs", headers=headers)

    rows = company.log("evaluation")
    assert before.get_json() == {"person": company.imani.id, "decision": rows[1].id}
    assert after.status_code == 403
    assert after.get_json()["reference"] == rows[0].id


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_token_whose_person_was_changed_opens_nothing(company: Company, broker: str) -> None:
    company.open()
    header, _, signature = segments(company.token())
    mallory = company.world.person("mallory", "role:support")
    forged = f"{header}.{segments(token({'sub': mallory.id}))[1]}.{signature}"

    with Doorward(broker, secret=company.logs_secret, deadline=PATIENT) as client:
        response = application(client).get("/logs", headers={"Authorization": f"Bearer {forged}"})

    assert response.status_code == 403
    assert company.log("evaluation")[0].subject == mallory.id


def test_the_person_and_the_token_of_the_request_are_asked_about(fake: Fake, http: FlaskClient) -> None:
    response = http.get("/logs/acme", headers=bearer())

    assert response.get_json() == {"customer": "acme"}
    assert fake.requests[0].asked == {
        "subject": {"type": "person", "id": "prs_1"},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "customer-logs/acme"},
        "context": {"token": token()},
    }


@pytest.mark.parametrize("name", UNREADABLE)
def test_without_a_readable_token_nobody_is_asked(fake: Fake, http: FlaskClient, name: str) -> None:
    response = http.get("/logs", headers=UNREADABLE[name])

    assert (response.status_code, response.content_type) == (401, "application/problem+json")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="doorward"'
    assert fake.requests == []


def test_a_denial_tells_the_person_and_not_the_admins_code(fake: Fake, http: FlaskClient) -> None:
    fake.script = [reply(DENY)]

    response = http.get("/logs", headers=bearer())

    assert (response.status_code, response.content_type) == (403, "application/problem+json")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.get_json(force=True) == {
        "type": "urn:doorward:problem:denied",
        "title": "Forbidden",
        "status": 403,
        "code": "denied",
        "detail": "Your access has ended.",
        "remedy": "Open it again.",
        "reference": "dec_2",
        "access_request": "https://door.example/access/why",
    }


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (reply(b"", 500), 503),
        (reply(b"", 401), 503),
        (reply(b"{}"), 503),
        (reply('{"decision":true,"context":{"obligations":[{"type":"x"}]}}'), 503),
        (reply(b"", 400), 403),
    ],
)
def test_without_a_decision_the_view_does_not_run(
    fake: Fake, http: FlaskClient, answer: bytes, status: int
) -> None:
    fake.script = [answer]

    response = http.get("/logs", headers=bearer())

    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert b"person" not in response.data


def test_a_guarded_view_keeps_its_name() -> None:
    with Doorward("http://localhost:1", secret=SECRET) as client:

        @Guard(client)("read", "data:logs")
        def logs() -> None:
            """Say what was logged."""

    assert (logs.__name__, logs.__doc__) == ("logs", "Say what was logged.")
