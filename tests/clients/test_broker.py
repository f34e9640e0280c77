"""The clients against the real broker, over a real socket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from doorward_client import Denied, Doorward, Question, Until
from flows.end_access import end_grant
from tests.clients.asking import Ask, AskAll
from tests.tokens.company import RESOURCE, Company

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
PATIENT = timedelta(seconds=20)
"""The machine of the tests may be busy; how long a check lasts has tests of its own."""


def test_a_live_token_permits_with_its_record_and_its_longest_life(
    company: Company, broker: str, ask: Ask
) -> None:
    company.open()
    token = company.token()

    decision = ask(
        broker, company.imani.id, "read", RESOURCE,
        session={"token": token}, secret=company.logs_secret, deadline=PATIENT,
    )  # fmt: skip

    assert decision.permitted
    assert decision.answered
    assert decision.id == company.log("evaluation")[0].id
    assert decision.max_lifetime == timedelta(minutes=15)


def test_a_denial_has_reason_remedy_and_code(company: Company, broker: str, ask: Ask) -> None:
    decision = ask(broker, company.imani.id, "read", RESOURCE, secret=company.logs_secret, deadline=PATIENT)

    assert not decision.permitted
    assert decision.answered
    assert decision.code == company.log("evaluation")[0].body["reasons"][0]["code"]
    assert decision.reason
    assert decision.remedy
    assert decision.id == company.log("evaluation")[0].id


def test_a_grant_that_ended_denies_at_the_next_check(company: Company, broker: str) -> None:
    opening = company.open()
    asked = company.imani.id, "read", RESOURCE

    with Doorward(broker, secret=company.logs_secret, deadline=PATIENT) as client:
        before = client.require(*asked, grant_id=opening.grant_id)
        end_grant(company.world.parts, company.viewer, str(opening.grant_id))
        with pytest.raises(Denied) as denied:
            client.require(*asked, grant_id=opening.grant_id)

    assert before.permitted
    assert denied.value.decision.code == "grant-ended"


def test_where_to_cure_a_denial_is_told(company: Company, broker: str, ask: Ask) -> None:
    opening = company.open("read", "export")
    company.world.clock.advance(seconds=601)
    company.laptop.report(company.viewer)

    decision = ask(
        broker, company.imani.id, "export", RESOURCE,
        session={"grant_id": opening.grant_id}, secret=company.logs_secret, deadline=PATIENT,
    )  # fmt: skip

    assert decision.code == "touch-stale"
    assert decision.access_request.endswith("/access/why?resource=data%3Acustomer-logs&action=export")
    assert decision.step_up.endswith("/touch")


def test_a_batch_is_answered_in_its_order_and_what_cannot_be_asked_denies_alone(
    company: Company, broker: str, ask_all: AskAll
) -> None:
    grant = company.open().grant_id
    person = company.imani.id
    questions = [
        Question(person, "read", RESOURCE, grant_id=grant),
        Question(person, "export", RESOURCE, grant_id=grant),
        Question(person, "read", "logs", grant_id=grant),
        Question(person, "read", "svc:telemetry", grant_id=grant),
        Question(person, "READ", RESOURCE, grant_id=grant),
        Question(person, "read", RESOURCE, grant_id=grant),
    ]

    decisions = ask_all(broker, questions, secret=company.logs_secret, deadline=PATIENT)

    assert [one.permitted for one in decisions] == [True, False, False, False, False, True]
    assert [one.code for one in decisions[2:5]] == [
        "question-malformed",
        "broker-refused",
        "question-malformed",
    ]
    assert decisions[3].detail == "403 outside-scope"


@pytest.mark.parametrize(
    ("until", "expected"),
    [(Until.DENY, ["", "", "not-asked"]), (Until.PERMIT, ["", "not-asked", "not-asked"])],
)
def test_a_batch_ends_where_it_is_told_and_the_rest_is_denied(
    company: Company, broker: str, ask_all: AskAll, until: Until, expected: list[str]
) -> None:
    grant = company.open().grant_id
    asked = [
        Question(company.imani.id, action, RESOURCE, grant_id=grant) for action in ("read", "export", "read")
    ]

    decisions = ask_all(broker, asked, until=until, secret=company.logs_secret, deadline=PATIENT)

    assert ["not-asked" if one.code == "not-asked" else "" for one in decisions] == expected
    assert [one.permitted for one in decisions] == [True, False, False]


def test_a_wrong_secret_is_refused_and_a_question_out_of_scope_too(
    company: Company, broker: str, ask: Ask
) -> None:
    asked = company.imani.id, "read"

    wrong = ask(broker, *asked, RESOURCE, secret="dwp_wrong", deadline=PATIENT)
    outside = ask(broker, *asked, "svc:telemetry", secret=company.logs_secret, deadline=PATIENT)

    assert (wrong.permitted, wrong.code, wrong.answered) == (False, "broker-refused", False)
    assert (outside.permitted, outside.code, outside.detail) == (False, "broker-refused", "403 outside-scope")


def test_one_client_serves_eight_threads_and_mixes_no_answers(company: Company, broker: str) -> None:
    grant = company.open().grant_id
    permitted = {"read": True, "export": False}

    with (
        Doorward(broker, secret=company.logs_secret, deadline=PATIENT) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        actions = ["read", "export"] * 40
        answers = threads.map(
            lambda action: client.check(company.imani.id, action, RESOURCE, grant_id=grant), actions
        )
        decisions = list(answers)

    assert [one.permitted for one in decisions] == [permitted[action] for action in actions]
    assert len({one.id for one in decisions}) == len(actions)
