"""The decision point: who may ask about what, and what is answered."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from flows.end_access import end_grant
from tests.tokens.company import RESOURCE, Company, basic, said


def decided(response: Any) -> tuple[int, bool | None, str]:
    body = said(response)
    reason = body["context"]["reason_admin"]["en"] if "context" in body else body["code"]
    return response.status_code, body.get("decision"), reason


def test_a_live_token_permits_and_the_answer_names_its_record(company: Company) -> None:
    company.open()
    token = company.token()

    response = company.check({"token": token})

    body = said(response)
    assert body["decision"] is True
    assert body["context"]["id"] == company.log("evaluation")[0].id
    assert body["context"]["obligations"] == [{"type": "max-lifetime", "seconds": 900}]
    assert response.headers["Cache-Control"] == "no-store"


def test_a_grant_names_the_session_too(company: Company) -> None:
    opening = company.open()

    assert decided(company.check({"grant_id": opening.grant_id}))[:2] == (200, True)


def test_a_denial_is_an_answer_with_reason_and_remedy(company: Company) -> None:
    response = company.check()

    context = said(response)["context"]
    assert decided(response)[:2] == (200, False)
    assert context["reason_user"]["en"]
    assert context["remedy"]["en"]
    assert company.log("evaluation")[0].effect == "deny"


def test_a_question_without_a_session_has_no_evidence(company: Company) -> None:
    company.open()

    assert decided(company.check())[:2] == (200, False)


def test_a_token_that_is_not_ours_denies_even_where_a_standing_rule_would_permit(company: Company) -> None:
    company.world.publish("p, all, role:support, read, data:*, -, standing, allow\n")

    without = company.check()
    with_forged = company.check({"token": "a.b.c"})

    assert decided(without)[:2] == (200, True)
    assert decided(with_forged) == (200, False, "session-missing")


def test_another_persons_token_denies(company: Company) -> None:
    company.open()
    token = company.token()
    mallory = company.world.person("mallory", "role:support")

    response = company.check({"token": token}, subject={"type": "person", "id": mallory.id})

    assert decided(response) == (200, False, "session-missing")


def test_a_token_of_another_resource_or_action_denies(company: Company) -> None:
    company.world.resource("data:other", "read")
    company.open()
    token = company.token()

    other = company.check({"token": token}, resource={"type": "data", "id": "other"})
    export = company.check({"token": token}, action={"name": "export"})

    assert decided(other) == (200, False, "grant-needed")
    assert decided(export) == (200, False, "grant-needed")


def test_a_token_for_another_service_denies(company: Company) -> None:
    company.open()
    token = company.token()
    company.add_service("other", auth_method="client_secret", prefixes=["data:customer-logs/"])
    with company.world.parts.db.write() as session:
        row = company.service("logs")
        session.merge(row).audience = "https://renamed.example.org"
        session.commit()

    assert decided(company.check({"token": token})) == (200, False, "session-missing")


def test_what_ended_denies_at_once(company: Company) -> None:
    opening = company.open()
    token = company.token()
    end_grant(company.world.parts, company.viewer, str(opening.grant_id))

    assert decided(company.check({"token": token})) == (200, False, "grant-ended")
    assert decided(company.check({"grant_id": opening.grant_id})) == (200, False, "grant-ended")
    assert decided(company.check({"grant_id": "grt_unknown"})) == (200, False, "grant-ended")


def test_a_service_asks_only_within_its_scope_and_the_attempt_is_recorded(company: Company) -> None:
    outside: list[tuple[str, dict[str, Any]]] = [
        ("resource", {"resource": {"type": "svc", "id": "telemetry"}}),
        ("resource", {"resource": {"type": "doorward", "id": "policy"}}),
        ("action", {"action": {"name": "delete"}}),
        ("subject", {"subject": {"type": "service", "id": company.imani.id}}),
        ("subject", {"subject": {"type": "robot", "id": "r2"}}),
    ]

    answers = [(part, company.check(**changes)) for part, changes in outside]

    for part, response in answers:
        assert response.status_code == 403, part
        assert response.content_type == "application/problem+json"
        assert (said(response)["code"], said(response)["outside"]) == ("outside-scope", part)
    assert company.kinds().count("service.refused") == len(outside)
    assert company.log("evaluation") == []


def test_a_service_that_may_ask_about_services_learns_nothing_of_a_person_of_that_name(
    company: Company,
) -> None:
    with company.world.parts.db.write() as session:
        session.merge(company.service("logs")).subject_types = ["person", "service"]
        session.commit()
    opening = company.open()

    subject = {"type": "service", "id": company.imani.id}
    response = company.check({"grant_id": opening.grant_id}, subject=subject)

    assert decided(response) == (200, False, "person-unknown")


def test_who_is_not_a_service_is_told_how_to_prove_itself(company: Company) -> None:
    tried = [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Bearer " + company.imani.cookie},
        {"Authorization": basic("portal", company.logs_secret)},
        {"Authorization": "Basic !"},
        {"Authorization": "Digest x"},
    ]

    answers = [company.http.post("/access/v1/evaluation", json={}, headers=headers) for headers in tried]

    assert [a.status_code for a in answers] == [401] * len(tried)
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")
    assert answers[0].content_type == "application/problem+json"


def test_a_persons_access_token_is_no_service_credential(company: Company) -> None:
    company.open()
    headers = {"Authorization": "Bearer " + company.token()}

    assert company.http.post("/access/v1/evaluation", json={}, headers=headers).status_code == 401


def test_name_and_secret_serve_too(company: Company) -> None:
    company.open()
    body = {
        "subject": {"type": "person", "id": company.imani.id},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "customer-logs"},
        "context": {"token": company.token()},
    }
    headers = {"Authorization": basic("logs", company.logs_secret)}

    response = company.http.post("/access/v1/evaluation", json=body, headers=headers)

    assert decided(response)[:2] == (200, True)


MALFORMED: list[bytes] = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"{",
    b'{"subject":{"type":"person","id":"a"},"action":{"name":"read"}}',
    b'{"subject":{"type":"person","id":"a","id":"b"},"action":{"name":"read"},'
    b'"resource":{"type":"data","id":"x"}}',
    b'{"subject":{"type":"person","id":"\\ud800"},"action":{"name":"read"},"resource":{"type":"data","id":"x"}}',
    b'{"subject":{"type":"person","id":"a\\u0000"},"action":{"name":"read"},"resource":{"type":"data","id":"x"}}',
    b'{"subject":{"type":"person","id":7},"action":{"name":"read"},"resource":{"type":"data","id":"x"}}',
    b'{"subject":{"type":"person","id":"a"},"action":{"name":"read"},"resource":{"type":"data","id":"../x"}}',
    b'{"subject":{"type":"person","id":"a"},"action":{"name":"READ"},"resource":{"type":"data","id":"x"}}',
    b'{"subject":{"type":"person","id":"a"},"action":{"name":"read"},"resource":{"type":"data","id":"x"},'
    b'"context":[]}',
    b'{"subject":{"type":"person","id":"a"},"action":{"name":"read"},"resource":{"type":"data","id":"x"},'
    b'"context":{"token":7}}',
    b'{"subject":{"type":"person","id":"a"},"action":{"name":"read"},"resource":{"type":"data","id":"x"},'
    b'"context":{"token":"a","grant_id":"b"}}',
    b'{"subject":{"type":"person","id":"a"},"action":{"name":"read"},"resource":{"type":"data","id":"x"},'
    b'"context":{"n":NaN}}',
    b"[" * 10_000,
]


def test_a_malformed_question_is_refused_and_decides_nothing(company: Company) -> None:
    headers = {"Authorization": f"Bearer {company.logs_secret}"}

    answers = [
        (body, company.http.post("/access/v1/evaluation", data=body, headers=headers, content_type=kind))
        for body in MALFORMED
        for kind in ("application/json", "application/json; charset=utf-8")
    ]
    other_type = company.http.post(
        "/access/v1/evaluation", data=b"{}", headers=headers, content_type="text/plain"
    )
    too_large = company.http.post(
        "/access/v1/evaluation", data=b" " * 70_000, headers=headers, content_type="application/json"
    )

    for body, response in answers:
        assert (response.status_code, response.content_type) == (400, "application/problem+json"), body
    assert other_type.status_code == 400
    assert too_large.status_code == 413
    assert company.log("evaluation") == []


def test_unknown_members_are_ignored_and_the_request_id_is_echoed(company: Company) -> None:
    company.open()
    headers = {"Authorization": f"Bearer {company.logs_secret}", "X-Request-ID": "r-1"}
    body = {
        "subject": {"type": "person", "id": company.imani.id, "properties": {"x": [1]}},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "customer-logs"},
        "context": {"token": company.token(), "unheard_of": True},
        "options": 3,
    }

    response = company.http.post("/access/v1/evaluation", json=body, headers=headers)

    assert decided(response)[:2] == (200, True)
    assert response.headers["X-Request-ID"] == "r-1"


def test_without_the_decision_log_there_is_no_answer(company: Company) -> None:
    opening = company.open()
    with patch("os.write", side_effect=OSError(28, "no space left on device")):
        response = company.check({"grant_id": opening.grant_id})

    assert (response.status_code, said(response)["code"]) == (503, "log-unavailable")
    assert "decision" not in said(response)
    assert decided(company.check({"grant_id": opening.grant_id}))[1] is True
    assert [row.resource for row in company.log("evaluation")] == [RESOURCE]


def test_where_no_segment_can_be_begun_there_is_no_answer(company: Company) -> None:
    opening = company.open()
    folder = company.world.parts.log.folder
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("in the way")

    response = company.check({"grant_id": opening.grant_id})

    assert (response.status_code, said(response)["code"]) == (503, "log-unavailable")
    folder.unlink()
    assert decided(company.check({"grant_id": opening.grant_id}))[1] is True
