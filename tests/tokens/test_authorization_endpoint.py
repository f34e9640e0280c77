"""The authorization endpoint: who is told what, and where."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from werkzeug.test import TestResponse

from tests.tokens.company import REDIRECT, REMOTE, RESOURCE, Company, query


def press(company: Company, page: TestResponse) -> TestResponse:
    """Press the button of the page, as its form says."""
    html = page.get_data(as_text=True)
    form = html[html.index('action="/oauth/authorize"') :]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    fields = {unescape(name): unescape(value) for name, value in hidden}
    return company.http.post("/oauth/authorize", data=fields, headers={"Origin": company.world.origin})


UNTRUSTED: list[dict[str, str | None]] = [
    {"client_id": "nobody"},
    {"client_id": None},
    {"redirect_uri": None},
    {"redirect_uri": REDIRECT + "/"},
    {"redirect_uri": REDIRECT + "?next=x"},
    {"redirect_uri": REDIRECT.replace("9001", "9002")},
    {"redirect_uri": "https://evil.example/callback"},
    {"redirect_uri": 'https://evil.example/"<script>'},
    {"client_id": "port\x00al"},
]


def test_an_unknown_client_or_address_is_told_on_a_page_and_redirected_nowhere(company: Company) -> None:
    company.open()

    answers = [(changes, company.authorize(**changes)) for changes in UNTRUSTED]

    for changes, response in answers:
        assert response.status_code == 400, changes
        assert "cannot be trusted" in response.get_data(as_text=True), changes
        assert "Location" not in response.headers, changes


WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": 'code"\\'}, "unsupported_response_type"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "read read"}, "invalid_scope"),
    ({"scope": "read  export"}, "invalid_scope"),
    ({"scope": "READ"}, "invalid_scope"),
    ({"resource": None}, "invalid_target"),
    ({"resource": "customer-logs"}, "invalid_target"),
    ({"resource": "data:../x"}, "invalid_target"),
    ({"resource": "svc:nobody-guards-this"}, "invalid_target"),
    ({"nonce": "\x00"}, "invalid_request"),
    ({"nonce": "ü"}, "invalid_request"),
]


def test_what_is_wrong_with_a_known_clients_request_goes_back_to_it_with_state_and_issuer(
    company: Company,
) -> None:
    company.open()

    answers = [(changes, error, query(company.authorize(**changes))) for changes, error in WRONG]

    for changes, error, told in answers:
        assert told["error"] == error, changes
        assert told["state"] == "st-1", changes
        assert told["iss"] == company.world.origin, changes
        assert "code" not in told, changes


def test_two_resources_are_refused(company: Company) -> None:
    company.open()
    company.authorize()
    pairs = [*company.ask().items(), ("resource", RESOURCE)]

    told = query(company.http.get("/oauth/authorize", query_string=pairs))

    assert told["error"] == "invalid_target"


def test_a_repeated_redirect_address_is_never_followed(company: Company) -> None:
    pairs = [*company.ask().items(), ("redirect_uri", REDIRECT)]

    response = company.http.get("/oauth/authorize", query_string=pairs)

    assert response.status_code == 400
    assert "Location" not in response.headers


def test_a_stranger_logs_in_first_and_comes_back(company: Company) -> None:
    response = company.http.get("/oauth/authorize", query_string=company.ask())

    target = urlsplit(response.location)
    back = parse_qs(target.query)["next"][0]
    assert response.status_code == 303
    assert target.path == "/login"
    assert parse_qs(urlsplit(back).query)["resource"] == [RESOURCE]


def test_what_is_not_open_is_offered_and_the_button_opens_it_and_goes_on(company: Company) -> None:
    page = company.authorize()

    pressed = press(company, page)

    assert page.status_code == 200
    assert "Support portal" in page.get_data(as_text=True)
    assert "form-action 'self' http://localhost:9001;" in page.headers["Content-Security-Policy"]
    assert company.redeem(query(pressed)["code"]).status_code == 200
    assert company.kinds()[-3:] == ["grant.issued", "code.issued", "token.issued"]


def test_the_button_of_another_site_opens_nothing(company: Company) -> None:
    company.authorize()

    response = company.http.post(
        "/oauth/authorize", data=company.ask(), headers={"Origin": "https://evil.example"}
    )

    assert response.status_code == 403
    assert "grant.issued" not in company.kinds()


def test_a_denial_says_why_what_to_do_and_its_reference(company: Company) -> None:
    company.laptop.report(company.viewer, REMOTE)

    page = company.authorize()

    html = unescape(page.get_data(as_text=True))
    assert page.status_code == 403
    assert "Remote-control software is running on your laptop." in html
    assert "Quit it" in html
    assert company.log("authorize")[0].id in html
    assert company.details("code.refused")["reason"] == "remote-control-active"
    back = re.search(r'href="(http://localhost:9001/callback\?[^"]+)"', html)
    assert back is not None
    assert "error=access_denied" in back[1]


def test_an_action_that_was_not_opened_gives_no_code(company: Company) -> None:
    company.open("read")

    page = company.authorize(scope="read export")

    assert page.status_code == 200
    assert "code.issued" not in company.kinds()


def test_what_another_session_opened_gives_no_code_here(company: Company) -> None:
    company.open()
    elsewhere = company.viewer
    company.viewer = company.world.login(company.imani)
    company.laptop.report(company.viewer)

    page = company.authorize()

    assert elsewhere.session_id != company.viewer.session_id
    assert page.status_code == 200
    assert "code.issued" not in company.kinds()


def test_a_live_grant_gives_no_code_when_the_rules_deny_the_use_now(company: Company) -> None:
    company.open()
    company.laptop.report(company.viewer, REMOTE)

    page = company.authorize()

    assert page.status_code == 403
    assert "code.issued" not in company.kinds()


def test_a_code_is_kept_by_digest_only(company: Company) -> None:
    company.open()

    code = company.code()

    with company.world.parts.db.read() as session:
        stored = session.connection().exec_driver_sql("SELECT * FROM authorization_codes").all()
    assert len(stored) == 1
    assert code not in str(stored)
