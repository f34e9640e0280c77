"""The token endpoint: who may exchange what, once, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flows import redeem
from flows.end_access import end_everything, end_grant, end_root, end_session
from flows.services import make_secret
from models.access import Token
from tests.tokens.company import REMOTE, RESOURCE, Company, basic, said
from tokens.pkce import s256

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def error(response: Any) -> str:
    return str(said(response)["error"])


def test_a_code_works_once_and_its_second_use_ends_the_token(company: Company) -> None:
    company.open()
    code = company.code()
    token = said(company.redeem(code))["access_token"]
    assert company.introspect(token)["active"] is True

    again = company.redeem(code)

    assert again.status_code == 400
    assert error(again) == "invalid_grant"
    assert company.introspect(token) == {"active": False}
    assert company.details("code.reused")["ended"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "short"},
        {"code_verifier": None},
        {"redirect_uri": "http://localhost:9001/other"},
        {"redirect_uri": None},
    ],
)
def test_a_wrong_guess_about_a_code_burns_it(company: Company, changes: dict[str, str | None]) -> None:
    company.open()
    code = company.code()

    wrong = company.redeem(code, **changes)
    right = company.redeem(code)

    assert wrong.status_code == 400
    assert error(wrong) in {"invalid_grant", "invalid_request"}
    assert error(right) == "invalid_grant"
    assert company.kinds()[-2:] == ["code.reused", "token.refused"]


def test_another_clients_code_is_burnt_and_gives_nothing(company: Company) -> None:
    company.open()
    code = company.code()
    company.add_service("thief", redirect_uris=["http://localhost:9001/callback"])

    stolen = company.post("/oauth/token", {**company.redemption(code), "client_id": "thief"})
    right = company.redeem(code)

    assert error(stolen) == "invalid_grant"
    assert error(right) == "invalid_grant"


def test_a_code_lives_a_minute(company: Company) -> None:
    company.open()
    code = company.code()
    company.world.clock.advance(seconds=60)

    response = company.redeem(code)

    assert error(response) == "invalid_grant"
    assert company.details("token.refused")["reason"] == "code-over"


def test_a_public_client_exchanges_with_its_verifier_alone(company: Company) -> None:
    company.add_service("cli", redirect_uris=["http://localhost:9001/callback"])
    company.open()
    code = company.code(client_id="cli")

    response = company.post("/oauth/token", {**company.redemption(code), "client_id": "cli"})

    assert response.status_code == 200


def test_the_rules_are_asked_again_at_the_exchange(company: Company) -> None:
    company.open()
    code = company.code()
    company.laptop.report(company.viewer, REMOTE)

    response = company.redeem(code)

    assert error(response) == "invalid_grant"
    assert company.details("token.refused")["reason"] == "remote-control-active"
    assert company.log("issuance")[0].effect == "deny"


@pytest.mark.parametrize("how", ["everything", "session", "grant", "person"])
def test_a_code_of_what_has_ended_gives_nothing(company: Company, how: str) -> None:
    opening = company.open()
    code = company.code()
    parts, viewer = company.world.parts, company.viewer
    if how == "everything":
        end_everything(parts, viewer)
    elif how == "session":
        end_session(parts, viewer, viewer.session_id, cause="test")
    elif how == "grant":
        end_grant(parts, viewer, str(opening.grant_id))
    else:
        company.suspend()

    response = company.redeem(code)

    assert error(response) == "invalid_grant"
    assert company.kinds()[-1] == "token.refused"


def test_a_token_lives_no_longer_than_the_laptops_last_report_counts(company: Company) -> None:
    company.world.clock.advance(seconds=100)
    company.open()

    response = company.redeem(company.code())

    assert said(response)["expires_in"] == 80


def test_a_token_lives_no_longer_than_its_grant(company: Company) -> None:
    company.open()
    company.world.clock.advance(minutes=13)
    company.laptop.report(company.viewer)

    response = company.redeem(company.code())

    assert said(response)["expires_in"] == 120


def test_a_token_that_could_not_live_a_second_is_not_made(company: Company) -> None:
    company.open()
    company.world.clock.advance(minutes=14, seconds=59, milliseconds=500)
    company.laptop.report(company.viewer)

    response = company.redeem(company.code())

    assert error(response) == "invalid_grant"
    assert company.details("token.refused")["reason"] == "no-lifetime"


def test_a_token_row_says_what_the_token_says(company: Company) -> None:
    company.open()
    company.token()

    with company.world.parts.db.read() as session:
        row = session.query(Token).one()
        assert row.resource == RESOURCE
        assert row.expires_at - row.issued_at == timedelta(minutes=3)
        assert (row.person_epoch, row.credential_epoch, row.client_epoch) == (1, 1, 1)
        assert row.revoked_at is None


def test_a_wrong_secret_is_refused_and_the_caller_is_slowed_down(company: Company) -> None:
    fields = company.redemption("dwc_x")

    answers = [company.post("/oauth/token", fields, "portal", "wrong") for _ in range(32)]
    still = company.post("/oauth/token", fields, "portal", company.portal_secret)

    assert answers[0].status_code == 401
    assert error(answers[0]) == "invalid_client"
    assert answers[0].headers["WWW-Authenticate"].startswith("Basic")
    assert [a.status_code for a in answers[-2:]] == [429, 429]
    assert answers[-1].headers["Retry-After"] == "60"
    assert error(still) == "invalid_grant"


UNPROVEN: list[tuple[dict[str, str], str]] = [
    ({"client_id": "portal"}, ""),
    ({"client_id": "nobody", "client_secret": "x"}, ""),
    ({"client_id": "portal", "client_secret": "x"}, ""),
    ({}, ""),
    ({}, "Basic !!!"),
    ({}, "Basic " + "AAAA"),
    ({}, "Bearer x"),
    ({}, basic("por%00tal", "x")),
    ({}, basic("portal", "%ff%00")),
    ({"client_assertion": "x.y.z", "client_assertion_type": ASSERTION}, ""),
    ({"client_assertion": "..", "client_assertion_type": "other"}, ""),
]


def test_a_client_that_is_not_proven_is_refused(company: Company) -> None:
    def tried(fields: dict[str, str], authorization: str) -> Any:
        headers = {"Authorization": authorization} if authorization else {}
        body = {**company.redemption("dwc_x"), **fields}
        return company.http.post("/oauth/token", data=body, headers=headers)

    answers = [(case, tried(*case)) for case in UNPROVEN]

    for case, response in answers:
        assert response.status_code == 401, case
        assert error(response) == "invalid_client", case


def test_unknown_codes_cannot_fill_the_record_and_hinder_nobody(company: Company) -> None:
    company.open()
    company.add_service("cli", redirect_uris=["http://localhost:9001/callback"])
    guess = {**company.redemption("dwc_x"), "client_id": "cli"}

    answers = [company.post("/oauth/token", guess) for _ in range(33)]

    assert [a.status_code for a in answers] == [400] * 30 + [429] * 3
    assert company.kinds().count("token.refused") == 30
    assert company.redeem(company.code()).status_code == 200


def test_a_client_that_changed_after_it_was_proven_gets_nothing(company: Company) -> None:
    company.open()
    fields = company.redemption(company.code())
    proven = company.portal
    with company.world.parts.db.write() as session:
        ended = end_root(session, "service", proven.service_id, cause="test", by="host")
        company.world.parts.commit(session, ended)

    answer = redeem.exchange(company.world.parts, proven, fields)

    assert answer.body["error"] == "invalid_grant"
    assert company.details("token.refused")["reason"] == "client-ended"


def test_two_ways_of_authentication_at_once_are_refused(company: Company) -> None:
    fields = {**company.redemption("x"), "client_id": "portal", "client_secret": company.portal_secret}

    response = company.post("/oauth/token", fields, "portal", company.portal_secret)

    assert (response.status_code, error(response)) == (400, "invalid_request")


def test_the_secret_may_be_in_the_body(company: Company) -> None:
    company.open()
    fields = {
        **company.redemption(company.code()),
        "client_id": "portal",
        "client_secret": company.portal_secret,
    }

    assert company.post("/oauth/token", fields).status_code == 200


def test_an_older_secret_works_until_the_overlap_is_over(company: Company) -> None:
    parts = company.world.parts
    with parts.db.write() as session:
        secret, events = make_secret(session, parts, company.portal.service_id, by="host")
        parts.commit(session, *events)

    def tried(with_secret: str) -> str:
        return error(company.post("/oauth/token", company.redemption("x"), "portal", with_secret))

    assert tried(secret) == tried(company.portal_secret) == "invalid_grant"
    company.world.clock.advance(hours=24)
    assert tried(secret) == "invalid_grant"
    assert tried(company.portal_secret) == "invalid_client"


MALFORMED = [
    (b"grant_type=authorization_code&grant_type=authorization_code", "application/x-www-form-urlencoded"),
    (b"{}", "application/json"),
    (b"grant_type=%00", "application/x-www-form-urlencoded"),
    (b"\xff\xfe=\xff", "application/x-www-form-urlencoded"),
    (b"", "text/plain"),
]


def test_a_malformed_body_is_an_invalid_request(company: Company) -> None:
    headers = {"Authorization": basic("portal", company.portal_secret)}

    answers = [
        (body, company.http.post("/oauth/token", data=body, content_type=kind, headers=headers))
        for body, kind in MALFORMED
    ]

    for body, response in answers:
        assert (response.status_code, error(response)) == (400, "invalid_request"), body


def test_parameters_in_the_address_are_refused(company: Company) -> None:
    response = company.post("/oauth/token?code=x", company.redemption("x"), "portal", company.portal_secret)

    assert error(response) == "invalid_request"


def test_no_other_grant_type_exists(company: Company) -> None:
    asked = ("password", "refresh_token", "implicit", 'x"', "")

    answers = [
        company.post("/oauth/token", {"grant_type": name}, "portal", company.portal_secret) for name in asked
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert [error(answer) for answer in answers] == ["unsupported_grant_type"] * 4 + ["invalid_request"]


def test_a_service_with_a_secret_gets_no_token_of_its_own(company: Company) -> None:
    response = company.post(
        "/oauth/token", {"grant_type": "client_credentials"}, "portal", company.portal_secret
    )

    assert error(response) == "unauthorized_client"


def test_the_verifier_of_the_specification_matches_its_challenge() -> None:
    """RFC 7636, appendix B."""
    assert (
        s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )
