"""ASGI applications behind a table of rows, and endpoints of Starlette and FastAPI behind the decorator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from doorward_client import AsyncDoorward, Public, Row
from doorward_client.asgi import ADMITTED, ASGIGuard
from doorward_client.starlette import Guard
from tests.clients.asking import SECRET
from tests.clients.fakes import Fake, reply
from tests.clients.tokens import DENY, UNREADABLE, bearer, token

ROWS: list[Row | Public] = [
    Row("GET", "/logs/{customer}", "read", "data:logs/{customer}"),
    Public("GET", "/healthz"),
    Row("HEAD", "/logs/{customer}", "read", "data:logs/{customer}"),
]
Build = Callable[[AsyncDoorward], Any]


async def _say(request: Request) -> PlainTextResponse:
    admitted = request.scope.get(ADMITTED)
    return PlainTextResponse(f"open to {admitted.subject if admitted else 'everybody'}")


def table(client: AsyncDoorward) -> Starlette:
    """Everything is routed here; only the table closes it."""
    return Starlette(
        routes=[Route("/{path:path}", _say, methods=["GET", "POST", "OPTIONS", "DELETE"])],
        middleware=[Middleware(ASGIGuard, client=client, rows=ROWS)],
    )


def mounted(client: AsyncDoorward) -> Starlette:
    return Starlette(routes=[Mount("/inner", table(client))])


def starlette(client: AsyncDoorward) -> Starlette:
    @Guard(client)("read", lambda request: f"data:logs/{request.path_params['customer']}")
    async def logs(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"open to {request.state.doorward.subject}")

    return Starlette(routes=[Route("/logs/{customer}", logs)])


def fastapi(client: AsyncDoorward) -> FastAPI:
    app = FastAPI()

    @app.get("/logs/{customer}")
    @Guard(client)("read", lambda request: f"data:logs/{request.path_params['customer']}")
    async def logs(customer: str, request: Request) -> str:
        return f"open to {request.state.doorward.subject}, of {customer}"

    return app


def get(fake: Fake, build: Build, path: str, headers: Any = None, method: str = "GET") -> httpx.Response:
    async def asking() -> httpx.Response:
        async with AsyncDoorward(
            fake.url, secret=SECRET, deadline=timedelta(seconds=20), retries=0
        ) as client:
            transport = httpx.ASGITransport(app=build(client))
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
                return await http.request(method, path, headers=headers)

    return asyncio.run(asking())


GUARDED = pytest.mark.parametrize("build", [table, starlette, fastapi])


@GUARDED
def test_a_permitted_request_passes(fake: Fake, build: Build) -> None:
    response = get(fake, build, "/logs/acme?page=%2e", bearer())

    assert response.status_code == 200
    assert "open to prs_1" in response.text
    assert fake.requests[0].asked == {
        "subject": {"type": "person", "id": "prs_1"},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "logs/acme"},
        "context": {"token": token()},
    }


@GUARDED
@pytest.mark.parametrize("name", UNREADABLE)
def test_without_a_readable_token_nobody_is_asked(fake: Fake, build: Build, name: str) -> None:
    response = get(fake, build, "/logs/acme", UNREADABLE[name])

    assert (response.status_code, response.headers["content-type"]) == (401, "application/problem+json")
    assert response.headers["www-authenticate"] == 'Bearer realm="doorward"'
    assert fake.requests == []


@GUARDED
def test_two_authorization_fields_are_none(fake: Fake, build: Build) -> None:
    twice = [*bearer().items(), *bearer({"sub": "prs_2"}).items()]

    assert get(fake, build, "/logs/acme", twice).status_code == 401
    assert fake.requests == []


@GUARDED
@pytest.mark.parametrize(("answer", "status"), [(reply(DENY), 403), (reply(b"", 500), 503)])
def test_a_denial_does_not_pass(fake: Fake, build: Build, answer: bytes, status: int) -> None:
    fake.script = [answer]

    response = get(fake, build, "/logs/acme", bearer())

    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert ("remedy", "Open it again.") in response.json().items() or status == 503
    assert "open to" not in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/admin",
        "/logs",
        "/logs/acme/",
        "/logs//acme",
        "//healthz",
        "/logs/%2e%2e",
        "/logs/%61cme",
        "/logs/a%2fb",
        "/logs/a%00",
        "/logs/a%5cb",
        "/logs/%c3%a4",
        "/%68ealthz",
        "/Healthz",
        "/healthz;x",
        "/healthz%0a",
    ],
)
def test_what_no_row_lists_is_denied(fake: Fake, path: str) -> None:
    response = get(fake, table, "http://service" + path, bearer())

    assert response.status_code == 403
    assert fake.requests == []


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE"])
def test_another_method_is_denied(fake: Fake, method: str) -> None:
    assert get(fake, table, "/logs/acme", bearer(), method).status_code == 403
    assert fake.requests == []


def test_a_public_row_asks_nobody(fake: Fake) -> None:
    response = get(fake, table, "/healthz")

    assert response.text == "open to everybody"
    assert fake.requests == []


def test_below_a_mount_rows_are_compared_with_what_is_routed_there(fake: Fake) -> None:
    inside = get(fake, mounted, "/inner/logs/acme", bearer())
    twice = get(fake, mounted, "/inner/inner/healthz")

    assert inside.text == "open to prs_1"
    assert twice.status_code == 403


def test_an_answer_to_head_has_no_body(fake: Fake) -> None:
    fake.script = [reply(DENY)]

    response = get(fake, table, "/logs/acme", bearer(), "HEAD")

    assert (response.status_code, response.content) == (403, b"")


def test_a_websocket_is_refused_and_a_lifespan_passes(fake: Fake) -> None:
    reached: list[str] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody listens")

    async def asking() -> None:
        async with AsyncDoorward(fake.url, secret=SECRET) as client:
            guarded = ASGIGuard(app, client, ROWS)
            await guarded({"type": "websocket", "path": "/healthz", "headers": []}, receive, send)
            await guarded({"type": "lifespan"}, receive, send)

    asyncio.run(asking())

    assert reached == ["lifespan"]
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_an_endpoint_that_could_not_be_guarded_is_refused_at_the_start() -> None:
    guard = Guard(AsyncDoorward("http://localhost:1", secret=SECRET))

    def not_async(request: Request) -> None: ...

    async def without_request() -> None: ...

    wrong: list[Any] = [not_async, without_request]
    for endpoint in wrong:
        with pytest.raises(TypeError, match="request"):
            guard("read", "data:logs")(endpoint)
