"""The daily fetch: what is served is bounded, stays on its scheme, and counts only when FIDO signed it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from domain.errors import Unavailable
from flows.jobs import ensure_recurring, overdue, run_next
from flows.metadata_fetch import _require_safe, fetch
from flows.metadata_jobs import NOT_FETCHING, REASSESS, fetching
from models.jobs import Job
from models.metadata import newest_import
from settings import read_settings
from tests.authn.metadata.authority import house
from tests.flows.metadata_desk import REVOKED, blob, model, recorded, state_of, take
from tests.world import World
from worker import kinds_of


@dataclass
class Publisher:
    """A server that publishes a file, or does what an attacker would."""

    url: str = ""
    body: bytes = b""
    status: int = 200
    location: str = ""
    chunk_pause: float = 0.0
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    served = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            self.send_response(served.status if self.path == "/mds" else 200)
            if served.location and self.path == "/mds":
                self.send_header("Location", served.location)
            self.end_headers()
            for start in range(0, len(served.body), 1 << 16):
                try:
                    self.wfile.write(served.body[start : start + (1 << 16)])
                except OSError:
                    return
                time.sleep(served.chunk_pause)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}/mds"
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def refused(url: str, *, limit: int = 1 << 24, seconds: float = 20) -> str:
    with pytest.raises(Unavailable) as caught:
        fetch(url, limit=limit, seconds=seconds)
    return caught.value.message


def test_what_is_served_is_returned(publisher: Publisher) -> None:
    publisher.body = b"x" * 200_000

    assert fetch(publisher.url) == publisher.body


def test_more_than_the_limit_is_not_read(publisher: Publisher) -> None:
    publisher.body = b"x" * 200_000

    assert "larger than 100000 bytes" in refused(publisher.url, limit=100_000)


def test_a_server_that_drips_is_left(publisher: Publisher) -> None:
    publisher.body, publisher.chunk_pause = b"x" * (1 << 22), 0.2

    assert "slowly" in refused(publisher.url, seconds=0.5)


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://example.org/", "data:,x"]
)
def test_a_redirect_leads_to_no_other_scheme(publisher: Publisher, status: int, place: str) -> None:
    publisher.status, publisher.location = status, place

    refused(publisher.url)

    assert publisher.asked == ["/mds"]


def test_a_redirect_to_where_we_would_go_is_followed(publisher: Publisher) -> None:
    publisher.status, publisher.location, publisher.body = 302, publisher.url + "/next", b"new"

    assert fetch(publisher.url) == b"new"


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_error_is_no_metadata(publisher: Publisher, status: int) -> None:
    publisher.status, publisher.body = status, b"not here"

    assert str(status) in refused(publisher.url)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://example.org/mds", "ftp://localhost/", "", "https://", "mds"]
)
def test_other_addresses_are_not_asked(url: str) -> None:
    assert "https only" in refused(url)


def test_nobody_there() -> None:
    assert "cannot be fetched" in refused("http://127.0.0.1:9/mds")


def test_the_job_fetches_imports_and_stops_keys(world: World, publisher: Publisher) -> None:
    imani = world.person("imani")
    publisher.body = blob(model(world, statuses=REVOKED))
    kinds = {"metadata.fetch": fetching(publisher.url, roots=house().roots)}
    ensure_recurring(world.parts, kinds)

    assert run_next(world.parts, kinds)

    assert state_of(world, imani) == "suspended"
    with world.parts.db.read() as session:
        row = newest_import(session)
        assert row is not None
        assert (row.source, row.imported_by, row.signed) == (publisher.url, "-", True)


def test_what_is_served_and_not_signed_is_recorded_once_a_day(world: World, publisher: Publisher) -> None:
    take(world, blob(model(world), no=9))
    kinds = {"metadata.fetch": fetching(publisher.url, roots=house().roots)}
    ensure_recurring(world.parts, kinds)

    for body in (b"<html>", blob(model(world), no=8), blob(model(world), no=9)):
        publisher.body = body
        world.clock.advance(days=1)
        while run_next(world.parts, kinds):
            pass

    codes = [told["code"] for told in recorded(world, "metadata.refused")]
    assert codes == ["metadata-signature", "metadata-older"]
    with world.parts.db.read() as session:
        row = newest_import(session)
        assert row is not None
        assert row.number == 9
        assert session.scalars(select(Job.error).where(Job.error.is_not(None))).all() == []


def test_a_fetch_that_fails_is_tried_again(world: World) -> None:
    kinds = {"metadata.fetch": fetching("http://127.0.0.1:9/mds", roots=house().roots)}
    ensure_recurring(world.parts, kinds)

    run_next(world.parts, kinds)

    with world.parts.db.read() as session:
        job = session.scalars(select(Job)).one()
        assert (job.state, job.attempts) == ("ready", 1)
        assert "metadata-fetch" in str(job.error)


def test_the_daily_judgement_stops_what_begins_today(world: World) -> None:
    imani = world.person("imani")
    later = [{"status": "REVOKED", "effectiveDate": "2026-11-19"}]
    take(world, blob(model(world, statuses=later)))
    world.clock.advance(days=1)
    kinds = {"keys.reassess": REASSESS}
    ensure_recurring(world.parts, kinds)

    assert run_next(world.parts, kinds)

    assert state_of(world, imani) == "suspended"


def test_a_worker_fetches_only_if_it_is_told_where() -> None:
    without, _ = read_settings({})
    told, _ = read_settings({"DOORWARD_METADATA_URL": "https://mds.example.org/"})

    assert kinds_of(without)["metadata.fetch"] is NOT_FETCHING
    assert kinds_of(told)["metadata.fetch"].prepare is not None
    assert "keys.reassess" in kinds_of(without)


def test_nothing_stays_overdue_once_the_address_is_taken_away(world: World) -> None:
    told, _ = read_settings({"DOORWARD_METADATA_URL": "https://mds.example.org/"})
    ensure_recurring(world.parts, kinds_of(told))
    world.clock.advance(days=2)
    assert overdue(world.parts) > 0
    without, _ = read_settings({})

    ensure_recurring(world.parts, kinds_of(without))
    while run_next(world.parts, kinds_of(without)):
        pass

    assert overdue(world.parts) == 0
    with world.parts.db.read() as session:
        assert (
            session.scalars(select(Job).where(Job.kind == "metadata.fetch", Job.state == "ready")).all() == []
        )


RAW = {
    "a dripped body": (b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", True),
    "a dripped header": (b"HTTP/1.1 200 OK\r\nX-A: ", True),
    "a body cut off": (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nxx", False),
    "no HTTP at all": (b"garbage\r\n\r\n", False),
    "too many headers": (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n", False),
}


@pytest.mark.parametrize("name", RAW)
def test_a_server_that_breaks_off_or_never_ends_is_left_behind(name: str) -> None:
    """A byte now and then kept the one worker busy for days: each of them reset the socket's time-out."""
    answer, drips = RAW[name]
    left = threading.Event()

    def serve() -> None:
        asked, _ = listening.accept()
        with asked:
            asked.recv(4096)
            asked.sendall(answer)
            while drips and not left.wait(0.05):
                asked.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=serve)
        server.start()
        refused(f"http://127.0.0.1:{listening.getsockname()[1]}/", seconds=1)
        left.set()
        server.join()


def test_a_redirect_from_outside_does_not_lead_to_this_machine() -> None:
    with pytest.raises(Unavailable):
        _require_safe("http://localhost:9/", come_from="https://mds.example/")
