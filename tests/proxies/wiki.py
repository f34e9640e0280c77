"""A wiki behind a proxy, registered in a world; HTTP through Flask's own client, which plays the proxy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crypto.jws import Signer
from domain.sites import Site
from flows.decision_import import import_decisions
from flows.services import ServiceForm, create_service, make_secret, update_service
from flows.session import Viewer
from models.access import DecisionRow, decisions
from models.audit import records_in_order
from models.catalog import service_by_name
from tests.tokens.company import VERIFIER, client
from tests.world import Contractor, World
from tokens.access_token import TYPE
from tokens.pkce import s256

ORIGIN, ROOT = "https://wiki.example.org", "web:wiki"
RULES = """
p, wiki, role:support, read, web:wiki, -, max 15m, allow
p, wiki-docs, role:support, read, web:wiki/docs/*, -, max 15m, allow
p, wiki-edit, role:editor, write, web:wiki/docs/*, -, max 15m, allow
p, wiki-clean, role:support, read, web:wiki/clean, tier >= 2, max 15m, allow
p, wiki-pay, role:support, read, web:wiki/payroll, touch_age < 60s, max 15m, allow
p, wiki-closed, *, *, web:wiki/docs/secret, -, -, deny
"""
BROWSER = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}


@dataclass
class Wiki:
    """The broker's side of it: *secrets* of the services by name, and who may read."""

    world: World
    imani: Contractor
    viewer: Viewer
    http: FlaskClient
    secrets: dict[str, str]
    dialect: str = "nginx"
    origin: str = ORIGIN
    cookies: dict[str, str] = field(default_factory=dict)

    def passed(self, path: str = "/docs/a", method: str = "GET", **headers: str | None) -> dict[str, str]:
        """Return what the proxy sends for a request; None leaves a header out."""
        scheme, _, host = self.origin.partition("://")
        sent: dict[str, str | None] = {
            "DoorwardCredential": f"Bearer {self.secrets['wiki']}",
            "DoorwardMethod": method,
            "DoorwardUri": path,
            "DoorwardHost": host,
            "DoorwardProto": scheme,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()) or None,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return {name: value for name, value in sent.items() if value is not None}

    def ask(self, path: str = "/docs/a", method: str = "GET", **headers: str | None) -> TestResponse:
        """Ask for a request as the proxy does."""
        return self.http.get(f"/authz/{self.dialect}", headers=self.passed(path, method, **headers))

    def site(self, path: str, *, method: str = "GET", **headers: str) -> TestResponse:
        """Pass a request below `/.doorward/` on, and keep the cookies of the answer."""
        response = self.http.open(
            f"/authz/site/{self.dialect}/{path}", method=method, headers=self.passed(**headers)
        )
        self._keep(response)
        return response

    def _keep(self, response: TestResponse) -> None:
        for cookie in response.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value:
                del self.cookies[name]

    def authorize(self, location: str) -> TestResponse:
        """Go to the authorization endpoint as the contractor's browser, which is logged in at ours."""
        parts = urlsplit(location)
        browser = client(self.world)
        browser.set_cookie("__Host-doorward-session", self.imani.cookie)
        return browser.get(f"{parts.path}?{parts.query}")

    def callback(self, to: str = "/docs/a") -> dict[str, str]:
        """Begin a login, and return the answer that the browser brings back from us."""
        begun = self.site(f"start?to={to}")
        assert begun.status_code == 303, begun.text
        answer = self.authorize(begun.location)
        assert answer.status_code == 303, answer.text
        assert answer.location.startswith(f"{self.origin}/.doorward/callback?")
        return query(answer)

    def enter(self, to: str = "/docs/a") -> str:
        """Open the wiki, enter it, and return the site's cookie."""
        assert self.world.open(self.viewer, ROOT, "read").grant_id
        told = self.callback(to)
        done = self.back(**told)
        assert done.location == f"{self.origin}/.doorward/check?to={to.replace('/', '%2F')}", done.location
        return self.cookies["__Host-doorward-site"]

    def back(self, **told: str) -> TestResponse:
        return self.site("callback?" + "&".join(f"{name}={value}" for name, value in told.items()))

    def another(self, name: str) -> Wiki:
        """Return the wiki with another contractor, logged in, in another browser."""
        newcomer = self.world.person(name, "role:support")
        viewer = self.world.login(newcomer)
        return replace(self, imani=newcomer, viewer=viewer, cookies={})

    def kinds(self) -> list[str]:
        with self.world.parts.db.read() as session:
            return [record.kind for record, _ in records_in_order(session)]

    def log(self) -> list[DecisionRow]:
        import_decisions(self.world.parts)
        with self.world.parts.db.read() as session:
            return [row for row in decisions(session, limit=500) if row.door == "forward-auth"]


def found(world: World, proxy: type[Wiki] = Wiki, *, dialect: str = "nginx") -> Wiki:
    """Put the wiki together: the contractor is logged in, nothing is open yet."""
    secrets = {}
    forms = {
        "wiki": ServiceForm(
            "Team wiki", ORIGIN, "client_secret", prefixes=(ROOT,), actions=("read", "write"),
            dialect=dialect, sites=(Site(ORIGIN, ROOT),),
        ),
        "forge": ServiceForm(
            "Forge", "https://forge.example.org", "client_secret", prefixes=("web:",),
            actions=("read", "write"), dialect="traefik",
            sites=(Site("https://forge.example.org", "web:forge"),),
        ),
    }  # fmt: skip
    with world.parts.db.write() as session:
        events = []
        for name, form in forms.items():
            row, entered = create_service(session, world.parts, name=name, form=form, by="host")
            session.flush()
            secrets[name], made = make_secret(session, world.parts, row.id, by="host")
            events += [*entered, *made]
        world.parts.commit(session, *events)
    world.resource(ROOT, "read", "write")
    world.publish(RULES)
    imani = world.person("imani", "role:support")
    client(world)
    http = world.app().test_client(use_cookies=False)
    return proxy(world, imani, world.login(imani), http, secrets, dialect)


def query(response: Any) -> dict[str, str]:
    """Return the parameters of a redirect."""
    return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}


def code_of(response: TestResponse) -> tuple[int, str]:
    """Return status and reason of a refusal."""
    return response.status_code, response.headers.get("DoorwardReason", "")


def token_with(wiki: Wiki, more: dict[str, object]) -> str:
    """Return a token that this deployment's own key signed, for the wiki, with *more* claims."""
    parts = wiki.world.parts
    now = int(parts.clock.now().timestamp())
    signer: Signer = parts.token_signer
    claims = {
        "iss": wiki.world.origin, "sub": wiki.imani.id, "aud": ORIGIN, "client_id": "wiki", "iat": now,
        "exp": now + 60, "jti": "tok_made", "scope": "read", "resource": ROOT, **more,
    }  # fmt: skip
    return signer.sign(claims, typ=TYPE)


def issued(wiki: Wiki) -> str:
    """Return a token that the wiki got for what is open, by the code flow of its own callback."""
    asked = {
        "response_type": "code", "client_id": "wiki", "redirect_uri": f"{ORIGIN}/.doorward/callback",
        "scope": "read", "resource": ROOT, "code_challenge": s256(VERIFIER), "code_challenge_method": "S256",
    }  # fmt: skip
    code = query(wiki.authorize(f"/oauth/authorize?{urlencode(asked)}"))["code"]
    body = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"],
        "code_verifier": VERIFIER, "client_id": "wiki", "client_secret": wiki.secrets["wiki"],
    }  # fmt: skip
    answer = wiki.http.post("/oauth/token", data=body)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["access_token"])


def change(wiki: Wiki, **fields: object) -> None:
    form: dict[str, Any] = {
        "title": "Team wiki", "audience": ORIGIN, "auth_method": "client_secret", "prefixes": (ROOT,),
        "actions": ("read", "write"), "dialect": wiki.dialect, **fields,
    }  # fmt: skip
    with wiki.world.parts.db.write() as session:
        row = service_by_name(session, "wiki")
        assert row is not None
        events = update_service(session, wiki.world.parts, row.id, form=ServiceForm(**form), by="host")
        wiki.world.parts.commit(session, *events)
