"""The real broker behind a real socket, a fake one, and both clients."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.clients.asking import Ask, AskAll, async_check, async_check_all, check, check_all
from tests.clients.fakes import Fake, serving
from tests.tokens.company import Company, found
from tests.world import HOME, World


@pytest.fixture
def fake() -> Iterator[Fake]:
    with serving() as running:
        yield running


@pytest.fixture(params=[check, async_check], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    asking: Ask = request.param
    return asking


@pytest.fixture(params=[check_all, async_check_all], ids=["sync", "async"])
def ask_all(request: pytest.FixtureRequest) -> AskAll:
    asking: AskAll = request.param
    return asking


@pytest.fixture
def company(world: World) -> Company:
    return found(world)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def broker(company: Company) -> Iterator[str]:
    """The address of the company's broker. It is served on another port than its own, and says its own."""
    app = company.world.app()

    def at_home(environ: Any, start_response: Any) -> Any:
        return app({**environ, "HTTP_HOST": "localhost:8080", "REMOTE_ADDR": HOME}, start_response)

    server = make_server("127.0.0.1", 0, at_home, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
