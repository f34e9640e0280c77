"""A browser enters a site behind a proxy: nobody else's login, no code twice, no other place, no loop."""

from __future__ import annotations

import pytest

from flows.end_access import end_grant
from models.access import grants_of
from tests.proxies.wiki import BROWSER, ORIGIN, ROOT, Wiki, code_of, found, query
from tests.world import World

ON_SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
SITE, START = "__Host-doorward-site", "__Host-doorward-start"
EXPLAINED = "http://localhost:8080/site?origin=https%3A%2F%2Fwiki.example.org&why="


@pytest.fixture
def wiki(world: World) -> Wiki:
    return found(world)


def test_a_browser_logs_in_comes_back_and_is_where_it_wanted_to_go(wiki: Wiki) -> None:
    start = wiki.ask("/docs/a?x=1", **BROWSER).headers["DoorwardLocation"]
    wiki.world.open(wiki.viewer, ROOT, "read")

    begun = wiki.site(start.removeprefix(f"{ORIGIN}/.doorward/"))
    asked = query(begun)
    back = wiki.authorize(begun.location)
    done = wiki.back(**query(back))
    checked = wiki.site(done.location.removeprefix(f"{ORIGIN}/.doorward/"))

    assert (asked["redirect_uri"], asked["resource"]) == (f"{ORIGIN}/.doorward/callback", ROOT)
    assert checked.location == f"{ORIGIN}/docs/a?x=1"
    for response, name in ((begun, START), (done, SITE)):
        cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith(name))
        for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert attribute in cookie
        assert "Domain" not in cookie
    assert START not in wiki.cookies
    assert wiki.ask("/docs/a?x=1").status_code == 200


def test_nobody_is_brought_into_the_session_of_somebody_else(wiki: Wiki) -> None:
    """Login CSRF: the attacker's code, in the browser of somebody who has begun a login, or has not."""
    mallory = wiki.another("mallory")
    wiki.world.open(mallory.viewer, ROOT, "read")
    told = [mallory.callback(), mallory.callback()]
    verifiers = [mallory.cookies[START], "dwn_é", "", "x"]

    nothing_begun = wiki.back(**told[0])
    wiki.site("start?to=/docs/a")
    begun_another = wiki.back(**told[1])
    for verifier in verifiers:
        wiki.cookies[START] = verifier
        assert wiki.back(**told[0]).location == EXPLAINED + "code", "a wrong try has used it up"

    assert nothing_begun.location == begun_another.location == EXPLAINED + "code"
    assert SITE not in wiki.cookies
    assert wiki.kinds().count("site.refused") == 2
    assert "site.entered" not in wiki.kinds()


def test_a_code_is_used_once_in_time_and_on_its_own_site(wiki: Wiki) -> None:
    wiki.world.open(wiki.viewer, ROOT, "read")
    twice, late, ended = wiki.callback(), wiki.callback(), wiki.callback()
    kept = dict(wiki.cookies)

    def brought(told: dict[str, str]) -> str:
        wiki.cookies = dict(kept)
        return str(wiki.back(**told).location)

    first = brought(twice)
    again = brought(twice)
    opened = wiki.world.open(wiki.viewer, ROOT, "read")
    end_grant(wiki.world.parts, wiki.viewer, str(opened.grant_id))
    granted = next(row for row in _grants(wiki) if row != opened.grant_id)
    end_grant(wiki.world.parts, wiki.viewer, granted)
    after_the_end = brought(ended)
    wiki.world.clock.advance(seconds=61)
    too_late = brought(late)
    other_site = wiki.http.get(
        f"/authz/site/traefik/callback?code={late['code']}",
        headers={
            **wiki.passed(DoorwardCredential=f"Bearer {wiki.secrets['forge']}"),
            "X-Forwarded-Proto": "https", "X-Forwarded-Host": "forge.example.org",
        },
    )  # fmt: skip

    assert first.startswith(f"{ORIGIN}/.doorward/check?")
    assert again == after_the_end == too_late == EXPLAINED + "code"
    assert "forge" in other_site.location


def _grants(wiki: Wiki) -> list[str]:
    with wiki.world.parts.db.read() as session:
        return [row.id for row in grants_of(session, wiki.imani.id)]


@ON_SQLITE
def test_no_login_ends_on_another_site(wiki: Wiki) -> None:
    wiki.enter()
    elsewhere = [
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:x",
        "/%0d%0aSet-Cookie:x", "/.doorward/start?to=/", "/a b", "evil", "", "/a%23b",
    ]  # fmt: skip

    for to in elsewhere:
        checked = wiki.http.get(f"/authz/site/nginx/check?to={to}", headers=wiki.passed())
        begun = wiki.http.get(f"/authz/site/nginx/start?to={to}", headers=wiki.passed())
        assert (checked.location, query(begun)["state"]) == (f"{ORIGIN}/", "/"), to


def test_a_browser_without_cookies_or_without_access_is_told_so_and_goes_round_no_loop(wiki: Wiki) -> None:
    wiki.world.open(wiki.viewer, ROOT, "read")
    told = wiki.callback()
    checked = wiki.back(**told).location.removeprefix(f"{ORIGIN}/.doorward/")
    kept = dict(wiki.cookies)
    wiki.cookies = {}

    without = wiki.site(checked)
    refused = wiki.back(error="access_denied", state="/docs/a", iss=wiki.world.origin)
    wiki.cookies = kept
    inside = wiki.back(code="dwc_of-another-tab", state="/docs/b")
    denied = wiki.ask("/docs/secret", **BROWSER)
    pages = [
        wiki.http.get(location.removeprefix(wiki.world.origin), base_url=wiki.world.origin, headers=BROWSER)
        for location in (without.location, refused.location)
    ]

    assert without.location == EXPLAINED + "cookie"
    assert refused.location == EXPLAINED + "denied"
    assert inside.location == f"{ORIGIN}/.doorward/check?to=%2Fdocs%2Fb"
    assert code_of(denied)[0] == 403
    assert ".doorward" not in denied.headers["DoorwardLocation"]
    for page in pages:
        assert page.status_code == 200
        assert f'href="{ORIGIN}/.doorward/start?to=%2F"' in page.text
    for query_ in ("", "?origin=https://evil.example&why=cookie", f"?origin={ORIGIN}&why=x"):
        assert wiki.http.get(f"/site{query_}", base_url=wiki.world.origin).status_code == 404


@ON_SQLITE
def test_tabs_that_begin_at_once_all_end(wiki: Wiki) -> None:
    wiki.world.open(wiki.viewer, ROOT, "read")
    tabs = [wiki.callback("/docs/a"), wiki.callback("/docs/b")]

    ends = [wiki.back(**told).location for told in tabs]

    assert ends == [f"{ORIGIN}/.doorward/check?to=%2Fdocs%2F{name}" for name in "ab"]


@ON_SQLITE
def test_a_person_leaves_a_site_by_its_own_page_only(wiki: Wiki) -> None:
    wiki.enter()
    kept = dict(wiki.cookies)

    foreign = [
        wiki.site("end", method="POST", **headers)
        for headers in ({}, {"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"},
                        {"Origin": ORIGIN, "Sec_Fetch_Site": "same-site"})
    ]  # fmt: skip
    by_link = wiki.site("end")
    still = wiki.ask()
    left = wiki.site("end", method="POST", Origin=ORIGIN)
    dropped = dict(wiki.cookies)
    wiki.cookies = kept
    after = wiki.ask()

    assert {answer.status_code for answer in foreign} == {403}
    assert (by_link.status_code, still.status_code) == (405, 200)
    assert left.location == EXPLAINED + "left"
    assert SITE not in dropped
    assert code_of(after) == (401, "no-session")
    assert wiki.kinds()[-1] == "site.left"
    assert len(_grants(wiki)) == 1, "what was opened goes on"


@ON_SQLITE
def test_only_the_proxy_reaches_the_login_of_its_site(wiki: Wiki) -> None:
    for path in ("start", "callback?code=x", "check", "end"):
        method = "POST" if path == "end" else "GET"
        for headers in (
            {},
            wiki.passed(DoorwardHost="evil.example"),
            wiki.passed(DoorwardCredential=f"Bearer {wiki.secrets['forge']}"),
        ):
            answer = wiki.http.open(f"/authz/site/nginx/{path}", method=method, headers=headers)
            assert answer.status_code in {401, 403}, path
