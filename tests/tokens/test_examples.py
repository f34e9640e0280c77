"""The example services against the real broker, in one process: what a user of both sees."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from examples.api.app import Config as ApiConfig
from examples.api.app import make_app as make_api
from examples.webapp.app import make_app as make_webapp
from examples.webapp.oauth import Config as WebConfig
from flows.end_access import end_everything
from tests.tokens.company import AUDIENCE, Company, said

ROOT = Path(__file__).parents[2] / "examples"


class Network(httpx.BaseTransport):
    """Reaches applications of this process by their address, without a socket."""

    def __init__(self, applications: dict[str, Flask]) -> None:
        self.transports = {
            host: httpx.WSGITransport(app=app, remote_addr="198.51.100.1")
            for host, app in applications.items()
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.netloc.decode() not in self.transports:
            raise httpx.ConnectError("nothing is there")
        return self.transports[request.url.netloc.decode()].handle_request(request)


@pytest.fixture
def portal(company: Company) -> FlaskClient:
    applications = {"localhost:8080": company.world.app()}
    http = httpx.Client(transport=Network(applications))
    origin = company.world.origin
    now = lambda: company.world.clock.now().timestamp()  # noqa: E731
    api = make_api(ApiConfig(origin, AUDIENCE, company.logs_secret), http=http, now=now)
    applications["localhost:9002"] = api
    http._transport = Network(applications)
    config = WebConfig(
        origin, "portal", company.portal_secret, "http://localhost:9001", "http://localhost:9002"
    )
    app = make_webapp(config, http=http, now=now)
    return app.test_client()


def travel(company: Company, portal: FlaskClient) -> None:
    """Start at the portal, pass Doorward as the contractor's browser, and come back."""
    away = portal.get("/start").location
    company.http.set_cookie("__Host-doorward-session", company.imani.cookie)
    back = company.http.get(f"{urlsplit(away).path}?{urlsplit(away).query}").location
    portal.get(f"{urlsplit(back).path}?{urlsplit(back).query}")


def test_both_doors_open_with_a_token_and_only_the_live_one_closes_at_once(
    company: Company, portal: FlaskClient
) -> None:
    company.open()
    assert "Open the customer logs" in portal.get("/").get_data(as_text=True)

    travel(company, portal)
    before = said(portal.get("/status"))
    end_everything(company.world.parts, company.viewer)
    after = said(portal.get("/status"))
    company.world.clock.advance(minutes=3)
    later = said(portal.get("/status"))

    assert (before["live"]["open"], before["offline"]["open"]) == (True, True)
    assert before["left"] == 180
    assert (after["live"]["open"], after["offline"]["open"]) == (False, True)
    assert after["live"]["why"] == "Your session has ended."
    assert (later["live"]["open"], later["offline"]["open"]) == (False, False)
    assert "This token has run out." in portal.get("/").get_data(as_text=True)


def test_giving_the_token_back_ends_it(company: Company, portal: FlaskClient) -> None:
    company.open()
    travel(company, portal)

    portal.post("/forget")

    assert said(portal.get("/status")) == {"held": False}
    assert company.kinds()[-1] == "token.revoked"


def test_an_answer_that_nobody_waits_for_gives_no_token(company: Company, portal: FlaskClient) -> None:
    company.open()
    code = company.code()

    portal.get("/start")
    for query in (f"code={code}&state=x&iss={company.world.origin}", f"code={code}"):
        portal.get(f"/callback?{query}")

    assert said(portal.get("/status")) == {"held": False}
    assert "token.issued" not in company.kinds()


def test_an_answer_of_another_issuer_gives_no_token(company: Company, portal: FlaskClient) -> None:
    company.open()
    away = portal.get("/start").location
    state = re.search(r"state=([^&]+)", away)
    assert state is not None

    portal.get(f"/callback?code=dwc_x&state={state[1]}&iss=https://evil.example")

    assert "came from somebody else" in portal.get("/").get_data(as_text=True)


def test_the_examples_import_nothing_of_the_broker() -> None:
    product = {"app", "settings", "cli", "domain", "crypto", "models", "authn", "evidence", "policies",
               "tokens", "audit", "flows", "web", "demo"}  # fmt: skip

    imported = {
        name.partition(".")[0]
        for path in ROOT.rglob("*.py")
        for name in re.findall(r"^(?:from|import) (\S+)", path.read_text(), re.MULTILINE)
    }

    assert not imported & product
