"""A whole WSGI application behind a table of rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import Client

from doorward_client import Doorward, Public, Row
from doorward_client.wsgi import ADMITTED, WSGIGuard
from tests.clients.asking import SECRET
from tests.clients.fakes import Fake, reply
from tests.clients.tokens import DENY, UNREADABLE, bearer

ROWS: list[Row | Public] = [
    Row("GET", "/logs/{customer}", "read", "data:logs/{customer}"),
    Public("GET", "/healthz"),
    Row("HEAD", "/logs/{customer}", "read", "data:logs/{customer}"),
]


def application(environ: Any, start_response: Any) -> list[bytes]:
    """Open everything, and say who was let in."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    admitted = environ.get(ADMITTED)
    return [b"open to " + (admitted.subject if admitted else "everybody").encode()]


@pytest.fixture
def http(fake: Fake) -> Iterator[Client]:
    with Doorward(fake.url, secret=SECRET, deadline=timedelta(seconds=20), retries=0) as client:
        yield Client(WSGIGuard(application, client, ROWS))


def test_a_permitted_request_passes_as_its_row(fake: Fake, http: Client) -> None:
    response = http.get("/logs/acme?page=%2e%2e", headers=bearer())

    assert response.get_data(as_text=True) == "open to prs_1"
    assert fake.requests[0].asked["action"] == {"name": "read"}
    assert fake.requests[0].asked["resource"] == {"type": "data", "id": "logs/acme"}


def test_a_public_row_asks_nobody_and_lets_nobody_in_by_name(fake: Fake, http: Client) -> None:
    response = http.get("/healthz", environ_overrides={ADMITTED: "mallory"})

    assert response.get_data(as_text=True) == "open to everybody"
    assert fake.requests == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/admin",
        "/logs",
        "/logs/acme/",
        "/logs//acme",
        "/healthz/../logs/acme",
        "/logs/%2e%2e",
        "/logs/%61cme",
        "/logs/a%2fb",
        "/logs/a%00",
        "/logs/a%5cb",
        "/logs/%c3%a4",
        "/%68ealthz",
        "/Healthz",
        "/healthz;x",
    ],
)
def test_what_no_row_lists_is_denied(fake: Fake, http: Client, path: str) -> None:
    response = http.get(path, headers=bearer())

    assert (response.status_code, response.content_type) == (403, "application/problem+json")
    assert fake.requests == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_denied(fake: Fake, http: Client, method: str) -> None:
    assert http.open("/logs/acme", method=method, headers=bearer()).status_code == 403
    assert fake.requests == []


@pytest.mark.parametrize("name", UNREADABLE)
def test_without_a_readable_token_nobody_is_asked(fake: Fake, http: Client, name: str) -> None:
    response = http.get("/logs/acme", headers=UNREADABLE[name])

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert fake.requests == []


@pytest.mark.parametrize(("answer", "status"), [(reply(DENY), 403), (reply(b"", 500), 503)])
def test_a_denial_does_not_pass(fake: Fake, http: Client, answer: bytes, status: int) -> None:
    fake.script = [answer]

    asked = http.get("/logs/acme", headers=bearer())
    head = http.head("/logs/acme", headers=bearer())

    assert (asked.status_code, head.status_code) == (status, status)
    assert b"open to" not in asked.data
    assert head.data == b""
