"""A web application and the API behind it, registered in a world; HTTP through Flask's own client."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crypto.jws import Signer
from flows import access, people
from flows.decision_import import import_decisions
from flows.service_auth import client_of
from flows.services import ServiceForm, create_service, make_secret
from flows.session import Viewer
from models.access import DecisionRow, decisions
from models.audit import records_in_order
from models.catalog import Service, service_by_name
from tests.world import CLEAN, HOME, Contractor, World
from tokens.client import Client
from tokens.pkce import s256

RESOURCE = "data:customer-logs"
RULES = """
p, logs-read, role:support, read, data:*, tier >= 2, max 15m, allow
p, logs-export, role:support, export, data:*, touch_age < 10m, max 15m, allow
p, logs-remote, *, *, data:*, remote_control, -, deny
"""
REDIRECT = "http://localhost:9001/callback"
AUDIENCE = "https://logs.example.org"
VERIFIER = "v" * 43
REMOTE: dict[str, Any] = {
    **CLEAN,
    "remote_control": [{"name": "AnyDesk", "process": "anydesk", "pid": 1, "evidence": "process"}],
}


@dataclass
class Company:
    """A world with a client (`portal`), the service that guards the logs (`logs`), and a contractor."""

    world: World
    imani: Contractor
    viewer: Viewer
    laptop: Any
    http: FlaskClient
    portal_secret: str
    logs_secret: str

    @property
    def portal(self) -> Client:
        return client_of(self.service("portal"))

    @property
    def logs(self) -> Client:
        return client_of(self.service("logs"))

    def service(self, name: str) -> Service:
        with self.world.parts.db.read() as session:
            row = service_by_name(session, name)
            assert row is not None
            return row

    def add_service(self, name: str, **fields: Any) -> Service:
        form = ServiceForm(
            **{"title": name.title(), "audience": f"https://{name}.example.org", "auth_method": "none"}
            | fields
        )
        with self.world.parts.db.write() as session:
            row, events = create_service(session, self.world.parts, name=name, form=form, by="host")
            self.world.parts.commit(session, *events)
            return row

    def another_contractor(self, name: str) -> Company:
        """Return the same company with a new contractor, logged in and reported for."""
        newcomer = self.world.person(name, "role:support")
        viewer = self.world.login(newcomer)
        laptop = self.world.laptop(viewer)
        laptop.report(viewer)
        return replace(self, imani=newcomer, viewer=viewer, laptop=laptop, http=client(self.world))

    def open(self, *actions: str, resource: str = RESOURCE) -> access.Opening:
        opening = self.world.open(self.viewer, resource, *(actions or ("read",)))
        assert opening.grant_id is not None, opening.decision
        return opening

    def ask(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of an authorization request; None leaves one out."""
        fields: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "portal",
            "redirect_uri": REDIRECT,
            "scope": "read",
            "resource": RESOURCE,
            "state": "st-1",
            "code_challenge": s256(VERIFIER),
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def authorize(self, **changes: str | None) -> TestResponse:
        """Go to the authorization endpoint as the contractor's browser."""
        self.http.set_cookie("__Host-doorward-session", self.imani.cookie)
        return self.http.get("/oauth/authorize", query_string=self.ask(**changes))

    def code(self, **changes: str | None) -> str:
        """Return a code for what is open."""
        told = query(self.authorize(**changes))
        assert "code" in told, told
        return told["code"]

    def redemption(self, code: str, **changes: str | None) -> dict[str, str]:
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            **changes,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def redeem(self, code: str, **changes: str | None) -> TestResponse:
        return self.post("/oauth/token", self.redemption(code, **changes), "portal", self.portal_secret)

    def token(self, **changes: str | None) -> str:
        """Return an access token for what is open."""
        response = self.redeem(self.code(**changes))
        assert response.status_code == 200, response.get_data(as_text=True)
        return str(said(response)["access_token"])

    def post(
        self, path: str, fields: dict[str, str], name: str | None = None, secret: str = ""
    ) -> TestResponse:
        headers = {"Authorization": basic(name, secret)} if name else {}
        return self.http.post(path, data=fields, headers=headers)

    def introspect(self, token: str) -> dict[str, Any]:
        response = self.post("/oauth/introspect", {"token": token}, "logs", self.logs_secret)
        assert response.status_code == 200, response.get_data(as_text=True)
        return said(response)

    def post_introspection(self, token: str) -> tuple[int, dict[str, Any]]:
        response = self.post("/oauth/introspect", {"token": token}, "logs", self.logs_secret)
        return response.status_code, said(response)

    def kinds(self) -> list[str]:
        """Return what was recorded, oldest first."""
        with self.world.parts.db.read() as session:
            return [record.kind for record, _ in records_in_order(session)]

    def details(self, kind: str) -> dict[str, Any]:
        """Return the details of the newest record of *kind*."""
        with self.world.parts.db.read() as session:
            found = [detail for record, detail in records_in_order(session) if record.kind == kind]
            assert found, kind
            assert found[-1] is not None
            return found[-1].details

    def log(self, door: str) -> list[DecisionRow]:
        import_decisions(self.world.parts)
        with self.world.parts.db.read() as session:
            return [row for row in decisions(session, limit=500) if row.door == door]

    def suspend(self) -> None:
        with self.world.parts.db.write() as session:
            events = people.suspend(session, self.world.parts, self.imani.id, reason="test", by="host")
            self.world.parts.commit(session, *events)

    def check(self, context: dict[str, Any] | None = None, **changes: Any) -> TestResponse:
        """Ask the decision point as the logs service."""
        body: dict[str, Any] = {
            "subject": {"type": "person", "id": self.imani.id},
            "action": {"name": "read"},
            "resource": {"type": "data", "id": "customer-logs"},
            "context": context or {},
            **changes,
        }
        headers = {"Authorization": f"Bearer {self.logs_secret}"}
        return self.http.post("/access/v1/evaluation", json=body, headers=headers)


def found(world: World) -> Company:
    """Put the company together: the contractor is logged in, her laptop reports, nothing is open yet."""
    imani = world.person("imani", "role:support")
    parts = world.parts
    secrets = {}
    with parts.db.write() as session:
        forms = {
            "portal": ServiceForm(
                "Support portal", "https://portal.example.org", "client_secret", redirect_uris=(REDIRECT,)
            ),
            "logs": ServiceForm(
                "Log service", AUDIENCE, "client_secret", prefixes=("data:",), actions=("read", "export")
            ),
        }
        for name, form in forms.items():
            row, events = create_service(session, parts, name=name, form=form, by="host")
            session.flush()
            secrets[name], made = make_secret(session, parts, row.id, by="host")
            parts.commit(session, *events, *made)
    world.resource(RESOURCE, "read", "export")
    world.publish(RULES)
    viewer = world.login(imani)
    laptop = world.laptop(viewer)
    laptop.report(viewer)
    http = client(world)
    return Company(world, imani, viewer, laptop, http, secrets["portal"], secrets["logs"])


class _AtHome(FlaskClient):
    """Flask's client, at the deployment's own address."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", "http://localhost:8080")
        return super().open(*args, **kwargs)


def client(world: World) -> FlaskClient:
    """Return a new browser or program that speaks to *world*."""
    app = world.app()
    app.test_client_class = _AtHome
    http = app.test_client()
    http.environ_base["REMOTE_ADDR"] = HOME
    return http


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def said(response: TestResponse) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    body = response.get_json()
    assert isinstance(body, dict), response.get_data(as_text=True)
    return body


def query(response: TestResponse) -> dict[str, str]:
    """Return the parameters of a redirect to the client."""
    assert response.status_code == 303, response.get_data(as_text=True)[:500]
    assert response.location.startswith(REDIRECT), response.location
    return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}


def segments(token: str) -> tuple[str, str, str]:
    header, payload, signature = token.split(".")
    return header, payload, signature


def public(signer: Signer) -> dict[str, str]:
    return {name: signer.public_jwk()[name] for name in ("kty", "crv", "x", "y")}
