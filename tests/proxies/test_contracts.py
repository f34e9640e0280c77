"""Traefik and Envoy by a client that speaks as their manuals say: none of them is here to be run.

Source: Traefik's ForwardAuth middleware (`X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri`; 2xx passes, any
other answer goes to the client); Envoy's ext_authz over HTTP (the request's own method, authority and path
behind a prefix; 200 passes).
"""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from tests.proxies.wiki import BROWSER, ORIGIN, Wiki, code_of, found
from tests.world import World

ON_SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


class Traefik(Wiki):
    def passed(self, path: str = "/docs/a", method: str = "GET", **headers: str | None) -> dict[str, str]:
        sent = super().passed(path, method, **headers)
        for name in ("Method", "Uri", "Host", "Proto"):
            sent[f"X-Forwarded-{name}"] = sent.pop(f"Doorward{name}")
        return sent


class Envoy(Wiki):
    def ask(self, path: str = "/docs/a", method: str = "GET", **headers: str | None) -> TestResponse:
        return self._send(f"/authz/envoy{path}", method, **headers)

    def site(self, path: str, *, method: str = "GET", **headers: str) -> TestResponse:
        response = self._send(f"/authz/site/envoy/{path}", method, **headers)
        self._keep(response)
        return response

    def _send(self, path: str, method: str, **headers: str | None) -> TestResponse:
        sent = self.passed(path, method, **headers)
        for name in ("Method", "Uri", "Host", "Proto"):
            del sent[f"Doorward{name}"]
        return self.http.open(path, method=method, headers=sent, base_url=self.origin)


@ON_SQLITE
def test_traefik_asks_by_the_forwarded_headers_and_hands_our_answer_on(world: World) -> None:
    wiki = found(world, Traefik, dialect="traefik")

    stranger = wiki.ask("/docs/a?x=1", **BROWSER)
    wiki.enter()
    through = wiki.ask("/docs/a?x=1")
    denied = wiki.ask("/docs/secret", **BROWSER)
    program = wiki.ask("/docs/a", "DELETE")
    odd = wiki.ask("/docs/%73ecret")
    ours = wiki.http.get("/authz/traefik", headers=Wiki.passed(wiki, "/docs/a"))

    assert stranger.status_code == 303
    assert stranger.location == f"{ORIGIN}/.doorward/start?to=%2Fdocs%2Fa%3Fx%3D1"
    assert (through.status_code, through.headers["DoorwardSubject"]) == (200, wiki.imani.id)
    assert denied.location == f"{world.origin}/access/why?resource=web%3Awiki%2Fdocs%2Fsecret&action=read"
    assert program.status_code == 403
    assert code_of(odd) == (403, "path-ambiguous")
    assert code_of(ours) == (403, "proxy-headers")


@ON_SQLITE
def test_envoy_asks_by_the_request_itself(world: World) -> None:
    wiki = found(world, Envoy, dialect="envoy")

    stranger = wiki.ask("/docs/a?x=1", **BROWSER)
    wiki.enter()
    through = {method: wiki.ask("/docs/a?x=1", method).status_code for method in ("GET", "HEAD", "OPTIONS")}
    written = {
        method: wiki.ask("/docs/a", method).status_code for method in ("POST", "PUT", "DELETE", "PATCH")
    }
    unknown = wiki.ask("/docs/a", "PROPFIND").status_code
    spelt = (
        "//docs/a",
        "/docs//a",
        "/docs/a%3Fx",
        "/docs/%2e%2e/a",
        "/docs/a%23",
        "/docs/a%5Cb",
        "/docs/a%2520",
    )
    odd = {path: wiki.ask(path).status_code for path in (*spelt, "", "x")}
    rule = {path: wiki.ask(path).status_code for path in ("/docs/secret", "/docs/%73ecret", "/docs%2Fsecret")}
    root = wiki.ask("/")
    login = wiki.ask("/.doorward/start", **BROWSER)
    foreign = wiki.http.get("/authz/envoy/docs/a", base_url="https://evil.example", headers=wiki.passed())

    assert stranger.location == f"{ORIGIN}/.doorward/start?to=%2Fdocs%2Fa%3Fx%3D1"
    assert through == dict.fromkeys(through, 200)
    assert written == dict.fromkeys(written, 403)
    assert unknown == 405
    assert set(odd.values()) <= {403, 421}, odd
    assert rule == dict.fromkeys(rule, 403)
    assert root.status_code == 200
    assert code_of(login) == (403, "path-reserved")
    assert code_of(foreign) == (403, "outside-scope")


@ON_SQLITE
def test_only_the_addresses_of_envoy_are_answered_under_another_host(world: World) -> None:
    http = world.app().test_client(use_cookies=False)

    for path in (
        "/authz/nginx",
        "/authz/traefik",
        "/authz/envoy",
        "/authz/site/nginx/start",
        "/access",
        "/authz/",
    ):
        assert http.get(path, base_url=ORIGIN).status_code == 421, path
    assert http.get("/authz/envoy/docs", base_url=ORIGIN).status_code == 401
