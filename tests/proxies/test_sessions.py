"""Whose session it is that a request at a site names, and where people are sent."""

from __future__ import annotations

import pytest

from crypto.digests import secret_digest
from domain.sites import Site
from flows import end_access
from models.sites import SiteSession
from tests.proxies.wiki import BROWSER, ORIGIN, ROOT, Wiki, change, code_of, found, issued, token_with
from tests.world import CLEAN, World


@pytest.fixture
def wiki(world: World) -> Wiki:
    return found(world)


def test_a_program_is_let_through_by_a_token_for_this_service(wiki: Wiki) -> None:
    wiki.world.open(wiki.viewer, ROOT, "read")
    token = issued(wiki)

    through = wiki.ask("/docs/a", Authorization=f"Bearer {token}")
    closed = wiki.ask("/docs/secret", Authorization=f"Bearer {token}", **BROWSER)
    write = wiki.ask("/docs/a", "PUT", Authorization=f"Bearer {token}")
    unknown = wiki.ask("/docs/a", Authorization=f"Bearer {token_with(wiki, {})}")
    end_access.end_everything(wiki.world.parts, wiki.viewer)
    over = wiki.ask("/docs/a", Authorization=f"Bearer {token}", **BROWSER)

    assert (through.status_code, through.headers["DoorwardSubject"]) == (200, wiki.imani.id)
    assert code_of(closed) == (403, "policy-forbids")
    assert write.status_code == 403
    assert code_of(unknown) == (401, "session-missing")
    assert code_of(over) == (401, "session-ended")
    assert over.headers["WWW-Authenticate"] == 'Bearer realm="doorward", error="invalid_token"'
    assert "DoorwardLocation" not in closed.headers
    assert "DoorwardLocation" not in over.headers


def test_people_are_sent_on_and_programs_are_told(wiki: Wiki) -> None:
    login = f"{ORIGIN}/.doorward/start?to=%2Fdocs%2Fa%3Fx%3D1"
    scripts: list[dict[str, str]] = [{}, {"Accept": "*/*"}, {"Accept": "text/html", "Sec-Fetch-Mode": "cors"}]

    stranger = wiki.ask("/docs/a?x=1", **BROWSER)
    programs = [wiki.ask(**headers) for headers in scripts] + [wiki.ask("/docs/a", "POST", **BROWSER)]
    wiki.enter()
    denied = wiki.ask("/docs/secret", **BROWSER)
    wiki.world.clock.advance(minutes=2)
    touch = wiki.ask("/payroll", **BROWSER)

    assert code_of(stranger) == (401, "no-session")
    assert stranger.headers["DoorwardLocation"] == login
    assert stranger.headers["WWW-Authenticate"] == 'Bearer realm="doorward"'
    for answer in programs:
        assert (answer.status_code, answer.headers.get("DoorwardLocation")) == (401, None)
    why = "/access/why?resource=web%3Awiki%2Fdocs%2Fsecret&action=read"
    assert code_of(denied) == (403, "policy-forbids")
    assert denied.headers["DoorwardLocation"] == wiki.world.origin + why
    assert code_of(touch) == (403, "touch-stale")
    assert touch.headers["DoorwardLocation"].startswith(f"{wiki.world.origin}/touch?next=%2Faccess%2Fwhy")


def test_what_ended_closes_the_site_at_once_and_leads_to_the_login(wiki: Wiki) -> None:
    wiki.enter()
    wiki.world.open(wiki.viewer, ROOT, "read")
    assert wiki.ask().status_code == 200

    end_access.end_everything(wiki.world.parts, wiki.viewer)
    ended = wiki.ask(**BROWSER)
    wiki.viewer = wiki.world.login(wiki.imani)
    wiki.enter()
    again = wiki.ask()
    wiki.world.clock.advance(minutes=15)
    later = wiki.ask(**BROWSER)

    assert code_of(ended) == (401, "session-ended")
    assert ended.headers["DoorwardLocation"].startswith(f"{ORIGIN}/.doorward/start?")
    assert again.status_code == 200
    assert code_of(later) == (401, "no-session")


def test_a_clean_twin_session_of_the_same_person_does_not_help_a_bad_one(wiki: Wiki) -> None:
    wiki.enter()
    bad = wiki.cookies
    clean = wiki.world.login(wiki.imani)
    wiki.world.laptop(clean).report(clean, CLEAN)
    wiki.viewer, wiki.cookies = clean, {}
    wiki.enter()

    helped = wiki.ask("/clean")
    wiki.cookies = bad
    not_helped = wiki.ask("/clean")

    assert helped.status_code == 200
    assert not_helped.status_code == 403
    assert {row.session_id for row in wiki.log()} == {wiki.viewer.session_id, *_sessions(wiki, bad)}


def _sessions(wiki: Wiki, cookies: dict[str, str]) -> set[str]:
    with wiki.world.parts.db.read() as session:
        row = session.get_one(SiteSession, secret_digest(cookies["__Host-doorward-site"]))
        return {row.session_id}


def test_a_cookie_is_worth_nothing_on_another_site_nor_to_another_service_nor_at_ours(wiki: Wiki) -> None:
    cookie = wiki.enter()
    forge = {
        "X_Forwarded_Method": "GET", "X_Forwarded_Uri": "/a", "X_Forwarded_Host": "forge.example.org",
        "X_Forwarded_Proto": "https",
    }  # fmt: skip
    wiki.world.resource("web:forge")
    wiki.world.publish("p, all, role:support, read, web:*, -, standing, allow\n")

    headers = wiki.passed(DoorwardCredential=f"Bearer {wiki.secrets['forge']}", **forge)
    elsewhere = wiki.http.get("/authz/traefik", headers=headers)
    cookies = f"__Host-doorward-session={cookie}; __Host-doorward-site={cookie}"
    ours = wiki.http.get("/access", headers={"Accept": "application/json", "Cookie": cookies})
    change(wiki, sites=(Site(ORIGIN, ROOT), Site("https://wiki2.example.org", ROOT)))
    sister = wiki.ask(DoorwardHost="wiki2.example.org")

    assert code_of(elsewhere) == code_of(sister) == (401, "no-session")
    assert ours.status_code == 401


def test_a_site_decided_as_a_whole_asks_for_one_resource_whatever_the_path(wiki: Wiki) -> None:
    wiki.enter()
    change(wiki, sites=(Site(ORIGIN, ROOT, whole=True),))

    odd = wiki.ask("/index.php?title=Special:Search%2Fx&a=%20", **BROWSER)
    write = wiki.ask("/docs%2Fa", "POST")

    assert odd.status_code == 200
    assert write.status_code == 403
    assert {row.resource for row in wiki.log()} == {ROOT}
