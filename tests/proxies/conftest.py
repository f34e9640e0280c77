"""The broker and the proxies that all tests with real ones share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.children import free_port
from demo.softkey import AttestationAuthority
from domain.sites import Site
from flows.services import ServiceForm, create_service, make_secret
from flows.session import Viewer
from settings import Settings, read_settings
from tests.conftest import initialise
from tests.proxies.gate import PROXIES, Answer, Gate, Header, require_proxies, send, serving
from tests.proxies.wiki import ROOT, RULES
from tests.world import Contractor, World, build_world

HERE = "127.0.0.1"


@dataclass
class Street:
    """A world whose clock stands two minutes ago, its broker, and three proxies before one application."""

    world: World
    gate: Gate
    imani: Contractor
    viewer: Viewer

    def send(
        self, proxy: str, path: str = "/docs/a", method: str = "GET", *headers: Header, **more: str
    ) -> Answer:
        port = self.gate.ports[proxy]
        return send(port, f"{proxy}.localhost:{port}", path, method, *headers, **more)

    def enter(self, proxy: str) -> Header:
        """Log in through the proxy as a browser does; return the cookies that it then sends."""
        assert self.world.open(self.viewer, ROOT, "read").grant_id
        start = self.send(proxy, "/.doorward/start?to=/docs/a")
        assert start.status == 303, start
        broker = f"localhost:{self.gate.broker_port}"
        session = ("Cookie", f"__Host-doorward-session={self.imani.cookie}")
        asked = send(self.gate.broker_port, broker, _path(start), "GET", session)
        assert asked.status == 303, asked
        done = self.send(proxy, _path(asked), "GET", ("Cookie", start.headers["set-cookie"].split(";")[0]))
        cookie = next(
            c for c in done.headers["set-cookie"].split(", ") if c.startswith("__Host-doorward-site=")
        )
        kept = ("Cookie", cookie.split(";")[0])
        checked = self.send(proxy, _path(done), "GET", kept)
        assert checked.headers["location"] == f"{self.gate.origin(proxy)}/docs/a"
        return kept


def _path(answer: Answer) -> str:
    """Return where an answer leads, without the host."""
    return "/" + answer.headers["location"].split("/", 3)[3]


@pytest.fixture(scope="package")
def street(root_folder: Path) -> Iterator[Street]:
    require_proxies()
    # Apache's children are nobody of ours: they must get at their script.
    folder = Path(tempfile.mkdtemp(prefix="doorward-street-"))
    folder.chmod(0o755)
    port = free_port()
    environment = {
        "DOORWARD_PUBLIC_URL": f"http://localhost:{port}",
        "DOORWARD_DATABASE_URL": f"sqlite:///{folder / 'doorward.sqlite'}",
        "DOORWARD_ROOT_KEY_FILE": str(root_folder / "root.key"),
        "DOORWARD_CHECKPOINT_FILE": str(folder / "checkpoints"),
        "DOORWARD_LISTEN": f"127.0.0.1:{port}",
        "DOORWARD_MAX_CLOCK_DIFFERENCE": "PT10M",
    }
    settings = read_settings(environment)[0]
    initialise(settings)
    gate = Gate(folder, port)
    with serving(folder, environment, gate):
        built = furnish(settings, gate)
        gate.start()
        yield built
        built.world.parts.db.dispose()
    shutil.rmtree(folder, ignore_errors=True)


def furnish(settings: Settings, gate: Gate) -> Street:
    """Enter what the wiki needs, and let the contractor open it."""
    now = datetime.now(UTC) - timedelta(minutes=2)
    world = build_world(settings, AttestationAuthority.create(now=now - timedelta(days=1)))
    world.clock.advance(seconds=(now - world.clock.now()).total_seconds())
    world.furnish()
    enter_services(world, gate)
    world.resource(ROOT, "read", "write")
    world.publish(RULES)
    imani = world.person("imani", "role:support", "role:editor")
    return Street(world, gate, imani, world.login(imani, address=HERE))


@pytest.fixture(scope="package")
def cookies(street: Street) -> dict[str, Header]:
    """The cookie of each site, got by logging in through its proxy."""
    return {proxy: street.enter(proxy) for proxy in PROXIES}


def enter_services(world: World, gate: Gate) -> None:
    """Enter a service for each proxy: the same wiki, under a host of its own."""
    with world.parts.db.write() as session:
        events = []
        for name in PROXIES:
            form = ServiceForm(
                f"Wiki by {name}", gate.origin(name), "client_secret", prefixes=(ROOT,),
                actions=("read", "write"), dialect=name, sites=(Site(gate.origin(name), ROOT),),
            )  # fmt: skip
            row, entered = create_service(session, world.parts, name=f"wiki-{name}", form=form, by="host")
            session.flush()
            gate.secrets[name], made = make_secret(session, world.parts, row.id, by="host")
            events += [*entered, *made]
        world.parts.commit(session, *events)
