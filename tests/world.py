"""A small company for tests: people with soft keys, resources, rules, a clock that is set by hand.

Real flows on a real database; only the clock and the key's hardware are ours.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app import Outside, build_parts, compose
from crypto.jws import Signer
from demo.softkey import AttestationAuthority, SoftKey
from domain.ports import SystemRandomness, TimeOrderedIds
from evidence.networks import NetworkKind
from flows import access, activate, catalog, devices, end_access, login, people, policy, register, tap
from flows.enter import LoggedIn
from flows.parts import Parts
from flows.session import Viewer, current
from models.catalog import Resource
from settings import Settings
from tests.templates import COMPILED
from web.door import Door

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
AAGUID = "d0042a2d-0000-4000-8000-000000000001"
HOME = "203.0.113.7"
OFFICE = "198.51.100.9"
HOSTED = "192.0.2.66"
NETWORKS: tuple[tuple[str, str, NetworkKind, int], ...] = (
    ("203.0.113.0/24", "home ISP", "residential", 64500),
    ("198.51.100.0/24", "office VPN", "corporate", 64501),
    ("192.0.2.0/24", "rented servers", "hosting", 64502),
)
CLEAN: dict[str, Any] = {
    "disk_encrypted": True,
    "os": {"id": "debian", "version": "12.7"},
    "remote_control": [],
    "remote_logons": [],
}


class HomeClient(FlaskClient):
    """A test client whose requests come from the address that contractors log in from."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environ_base["REMOTE_ADDR"] = HOME


class TestClock:
    """A clock that stands still until it is advanced."""

    __test__ = False

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, **delta: float) -> datetime:
        self._now += timedelta(**delta)
        return self._now


@dataclass
class Contractor:
    """A person with a soft key and, once logged in, a cookie."""

    id: str
    name: str
    key: SoftKey
    cookie: str = ""


_FREE: dict[Hashable, list[Flask]] = {}
"""Applications that no world uses any more. To make one takes a quarter of a second: routes are compiled."""


def _what_matters(settings: Settings) -> Hashable:
    """Return what an application is composed of besides the parts that it serves."""
    return settings.trusted_proxies, settings.proxy_header, settings.metrics_from


def _serving(app: Flask, settings: Settings, parts: Parts) -> Flask:
    """Have *app*, composed for the same settings, serve *parts*, whatever a test did with it."""
    app.extensions["doorward"] = parts
    app.extensions["doorward_proxies"] = (tuple(settings.trusted_proxies), settings.proxy_header)
    door = app.wsgi_app
    assert isinstance(door, Door)
    proxies, header = settings.trusted_proxies, settings.proxy_header
    app.wsgi_app = Door(door._inner, parts, trusted=proxies, proxy_header=header)  # type: ignore[method-assign]
    return app


@dataclass
class World:
    """One deployment under test."""

    settings: Settings
    parts: Parts
    clock: TestClock
    authority: AttestationAuthority
    people: dict[str, Contractor] = field(default_factory=dict)
    _app: tuple[Settings, Flask] | None = field(default=None, init=False, repr=False)

    @property
    def origin(self) -> str:
        return self.parts.deployment.public_url

    def app(self) -> Flask:
        """Return the application of these settings; its test clients come from the contractors' home."""
        if self._app is None or self._app[0] is not self.settings:
            free = _FREE.get(_what_matters(self.settings))
            app = (
                _serving(free.pop(), self.settings, self.parts)
                if free
                else compose(self.settings, self.parts)
            )
            app.test_client_class = HomeClient
            app.jinja_env.bytecode_cache = COMPILED
            self._app = self.settings, app
        return self._app[1]

    def close(self) -> None:
        """Give up the deployment, and the application to the next one."""
        if self._app is not None:
            _FREE.setdefault(_what_matters(self._app[0]), []).append(self._app[1])
            self._app = None
        self.parts.close()

    def furnish(self) -> None:
        """Trust the soft keys' maker, and say which networks the documentation ranges are."""
        with self.parts.db.write() as session:
            networks = [
                catalog.name_network(
                    session, self.parts, cidr=cidr, label=label, kind=kind, country="DE", asn=asn, by="host"
                )
                for cidr, label, kind, asn in NETWORKS
            ]
            trusted = catalog.trust_key_model(
                session,
                self.parts,
                aaguid=AAGUID,
                certificate_pem=self.authority.certificate_pem,
                label="Test key",
                by="host",
            )
            self.parts.commit(session, *networks, trusted)

    def person(self, name: str, *roles: str, engaged: bool = True) -> Contractor:
        """Enter a person, give them roles and an engagement, register a soft key and activate it.

        They are logged out again.
        """
        with self.parts.db.write() as session:
            row, created = people.create_person(
                session, self.parts, name=name, display_name=name.title(), by="host"
            )
            events = [created]
            if engaged:
                events.append(
                    people.add_engagement(
                        session, self.parts, row.id,
                        vendor="Northlight", sponsor="Asha Raman", project="Gripper",
                        starts_at=self.clock.now() - timedelta(days=1),
                        ends_at=self.clock.now() + timedelta(days=60), by="host",
                    )
                )  # fmt: skip
            events += [
                people.assign(session, self.parts, row.id, role, not_after=None, by="host") for role in roles
            ]
            secret, invited = people.invite(session, self.parts, row.id, by="host")
            code, made = activate.make_code(session, self.parts, row.id, by="host")
            self.parts.commit(session, *events, invited, made)
        contractor = Contractor(row.id, name, SoftKey.create(self.authority, AAGUID, now=self.clock.now()))
        begun = register.begin(self.parts, secret=secret, browser="b-" + name, address=HOME)
        register.finish(
            self.parts,
            ceremony=begun["ceremony"],
            credential=contractor.key.register(begun["publicKey"], self.origin),
            browser="b-" + name,
            address=HOME,
        )
        self.people[name] = contractor
        # From a place of its own: nobody is in the company of anybody because of it.
        viewer = self.activate(contractor, code, address=f"10.9.0.{len(self.people)}")
        end_access.end_session(self.parts, viewer, viewer.session_id, cause="signed-out")
        return contractor

    def activate(self, contractor: Contractor, code: str, *, address: str = HOME) -> Viewer:
        """Activate the key of *contractor* with *code* by the real flow; return the viewer."""
        browser = "b-" + contractor.name
        begun = activate.begin(
            self.parts, login_name=contractor.name, code=code, browser=browser, address=address
        )
        done = activate.finish(
            self.parts,
            ceremony=begun["ceremony"],
            credential=contractor.key.sign(begun["publicKey"], self.origin),
            browser=browser,
            address=address,
        )
        return self._arrived(contractor, done, address)

    def login(self, contractor: Contractor, *, address: str = HOME) -> Viewer:
        """Log *contractor* in by the real flow; return the viewer."""
        browser = "b-" + contractor.name
        begun = login.begin(self.parts, login_name=contractor.name, browser=browser, address=address)
        done = login.finish(
            self.parts,
            ceremony=begun["ceremony"],
            credential=contractor.key.sign(begun["publicKey"], self.origin),
            browser=browser,
            address=address,
        )
        return self._arrived(contractor, done, address)

    def _arrived(self, contractor: Contractor, done: LoggedIn, address: str) -> Viewer:
        contractor.cookie = done.cookie
        viewer = current(self.parts, done.cookie, address)
        assert viewer is not None
        return viewer

    def tap(self, viewer: Viewer, contractor: Contractor, action: dict[str, Any]) -> tap.Tap:
        """Have *contractor* touch their key over *action*."""
        browser = "b-" + contractor.name
        begun = tap.begin(self.parts, viewer, action=action, browser=browser)
        return tap.finish(
            self.parts,
            viewer,
            ceremony=begun["ceremony"],
            credential=contractor.key.sign(begun["publicKey"], self.origin),
            browser=browser,
        )

    def resource(self, id: str, *actions: str, service: str | None = None) -> Resource:
        with self.parts.db.write() as session:
            event = catalog.save_resource(
                session, self.parts, id=id, title=id.partition(":")[2].replace("-", " ").capitalize(),
                description="", actions=actions or ("read",), service_id=service, by="host",
            )  # fmt: skip
            self.parts.commit(session, event)
        with self.parts.db.read() as session:
            row = session.get(Resource, id)
            assert row is not None
            return row

    def publish(self, rules: str) -> None:
        """Publish *rules* as the command line does."""
        with self.parts.db.write() as session:
            self.parts.commit(session, policy.publish_from_host(session, self.parts, rules))

    def laptop(self, viewer: Viewer, *, approved: bool = True) -> Laptop:
        """Enrol a laptop of *viewer* by the real protocol's flows, and approve it."""
        signer = Signer.generate("new")
        code = devices.enrolment_code(self.parts, viewer)
        jwk = {k: v for k, v in signer.public_jwk().items() if k in {"kty", "crv", "x", "y"}}
        device = devices.enrol(
            self.parts, code=code, jwk=jwk, name="NL-2291", platform={"os": "debian", "version": "12"}
        )
        if approved:
            with self.parts.db.write() as session:
                event = devices.settle(session, self.parts, device.id, state="approved", by="host")
                self.parts.commit(session, event)
        return Laptop(self, Signer(device.id, signer.key))

    def open(self, viewer: Viewer, resource: str, *actions: str) -> access.Opening:
        return access.open_resource(self.parts, viewer, resource=resource, actions=actions or ("read",))


@dataclass
class Laptop:
    """An enrolled laptop that signs polls and reports."""

    world: World
    signer: Any

    @property
    def id(self) -> str:
        return str(self.signer.kid)

    def claims(self, life: int) -> dict[str, Any]:
        now = int(self.world.clock.now().timestamp())
        return {"iss": self.id, "aud": self.world.origin, "iat": now, "exp": now + life, "jti": "j"}

    def poll(self) -> dict[str, str]:
        """Return the nonce of each open session."""
        token = self.signer.sign(self.claims(60), typ=devices.POLL_TYPE)
        answer = devices.poll(self.world.parts, token)
        return {item["session"]: item["nonce"] for item in answer["sessions"]}

    def sign_report(self, session: str, nonce: str, facts: dict[str, Any]) -> str:
        body = {**self.claims(120), "nonce": nonce, "sid": session, "facts": facts}
        return str(self.signer.sign(body, typ=devices.REPORT_TYPE))

    def report(
        self, viewer: Viewer, facts: dict[str, Any] = CLEAN, *, address: str = HOME
    ) -> devices.Accepted:
        """Poll, then report *facts* for *viewer*'s session."""
        nonce = self.poll()[viewer.session_id]
        token = self.sign_report(viewer.session_id, nonce, facts)
        return devices.report(self.world.parts, token, address=address)


def build_world(settings: Settings, authority: AttestationAuthority) -> World:
    clock = TestClock()
    outside = Outside(clock, TimeOrderedIds(), SystemRandomness())
    return World(settings, build_parts(settings, outside), clock, authority)
