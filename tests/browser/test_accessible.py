"""Every page: nothing that axe-core finds, nothing from elsewhere, nothing blocked, nothing too wide.

Pages are found by their links, and the table of routes says whether one was
missed. Each is looked at with much to show and with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import first_admin
from tests.browser.furnish import DANA, IMANI, JON, LAILA, LONG, Lived, furnish, open_person
from tests.browser.house import LOGS, PORTAL, House
from tests.browser.looking import look, routes_of, walk
from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOT_LINKED = {
    "/",
    "/login",
    "/touch",
    "/registered",
    "/activate",
    "/register/<secret>",
    "/oauth/authorize",
    "/site",
    "/admin/policy/publish",
    "/presence/<check_id>",
    "/keys/add/<signature_id>",
    "/keys/added",
    "/admin/people/<person_id>/reissue",
    "/admin/keys/inventory/<item_id>",
}
"""Pages that one is sent to; each is looked at by name below."""
NO_PAGES = (
    "/authz/",
    "/presence/now",
    "/static/",
    "/.well-known/",
    "/agent/",
    "/livez",
    "/readyz",
    "/metrics",
    "/oauth/jwks",
    "/openapi.json",
)


@pytest.fixture(scope="module")
def lived(tmp_path_factory, chromium: Browser) -> Iterator[tuple[Lived, Visitor]]:
    """A house with something of everything, and its admin."""
    house = House(tmp_path_factory.mktemp("lived") / "data")
    try:
        house.found()
        house.serve()
        asha = first_admin(house, chromium)
        lived = furnish(house, asha)
        yield lived, asha
        lived.close()
        asha.close()
    finally:
        house.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory, chromium: Browser) -> Iterator[Visitor]:
    """The admin of a house into which nothing was loaded: no resource, no rule, nobody else."""
    house = House(tmp_path_factory.mktemp("empty") / "data")
    try:
        house.found()
        house.serve()
        asha = first_admin(house, chromium)
        yield asha
        asha.close()
    finally:
        house.close()


def test_the_instruments_find_what_is_wrong(chromium: Browser):
    page = chromium.new_page()
    page.set_content(
        "<html lang=en><title>x</title><main><h1>x</h1><img src=data:,><p style='width:600px'>wide</p>"
        "<details><summary>more</summary><p style='color:light-dark(#111,#222)'>pale</p></details></main>"
        "<style>:root{color-scheme:light dark} body{background:light-dark(#fff,#111)}</style>"
    )

    page.emulate_media(reduced_motion="reduce")

    found = " ".join(look(page, "x"))

    assert "x: light: image-alt" in found
    assert "x: dark: color-contrast" in found
    assert "x: wider than 320 px: <p style" in found
    page.close()


def test_every_page_of_a_lived_in_house_is_for_everybody(lived: tuple[Lived, Visitor]):
    life, asha = lived
    imani = life.visitors[IMANI]
    routes = routes_of(life.house)
    pages = {rule.rule for rule in routes.iter_rules() if "GET" in (rule.methods or ())}
    found: list[str] = []
    seen: set[str] = set()

    for visitor, starts in ((imani, ["/access"]), (asha, ["/admin", "/admin/policy/history/1"])):
        for route, path in walk(visitor, routes, *starts):
            seen.add(route)
            found += look(visitor.page, path)

    for login in (IMANI, LONG, LAILA, JON):
        found += look(open_person(asha, login), f"the person {login}")
    for login in (LONG, LAILA):
        for path in ("/access", "/keys", "/access/end-everything"):
            found += look(life.visitors[login].go(path), f"{path} of {login}")
    long = urlsplit(open_person(asha, LONG).url).path
    for path in (
        f"{long}/reach?show=all",
        f"/admin/reach?resource={LOGS}&show=all",
        "/admin/reach?resource=x",
    ):
        found += look(asha.go(path), path)
    assert found == []
    assert pages - seen - NOT_LINKED == {page for page in pages if page.startswith(NO_PAGES)}
    assert imani.complaints + asha.complaints == []


def test_pages_that_one_is_sent_to_are_for_everybody(lived: tuple[Lived, Visitor], chromium: Browser):
    life, asha = lived
    stranger = Visitor(chromium, life.house)
    imani, laila = life.visitors[IMANI], life.visitors[LAILA]
    open_person(asha, DANA)
    asha.press("Make a link to register a key")
    link = asha.page.locator("main code", has_text="/register/").inner_text()
    found = look(asha.page, "the page of a new link")

    for path in (
        "/login",
        link,
        "/activate",
        "/nowhere",
        "/site?why=cookie&origin=https://board.example.org",
    ):
        found += look(stranger.go(path), path)
    for path in ("/touch?next=/access", authorize(life.house), "/oauth/authorize?client_id=nobody"):
        found += look(imani.go(path), path) + look(laila.go(path), path)
    dana = urlsplit(open_person(asha, DANA).url).path
    for path in (f"{dana}/reissue", "/admin/policy/publish", "/admin/people/nobody"):
        found += look(asha.go(path), path)
    for act in SUBMITTED:
        found += look(act(asha), act.__name__)
    stranger.go(link)
    stranger.press("Register my security key")
    stranger.page.get_by_text("Your key is registered").wait_for()
    found += look(stranger.page, "the page that shows a stop code")
    stranger.close()

    assert found == []
    assert stranger.complaints + imani.complaints + laila.complaints + asha.complaints == []


def a_question_of_a_proxy(asha: Visitor) -> Page:
    page = asha.go("/admin/services")
    page.get_by_role("link", name="Status board").click()
    page.get_by_label("Address", exact=True).fill("https://board.example.org/" + "long-path/" * 30)
    asha.press("Show the question")
    page.get_by_text("It is asked as").wait_for()
    return page


def authorize(house: House) -> str:
    """Return the address that the example portal sends people to."""
    return (
        f"/oauth/authorize?response_type=code&client_id={PORTAL}&redirect_uri={house.portal_url}/callback"
        f"&scope=read&resource={LOGS}&state=s&code_challenge_method=S256&code_challenge={'A' * 43}"
    )


def rules_with_an_error(asha: Visitor) -> Page:
    page = asha.go("/admin/policy")
    page.get_by_label("Rules", exact=True).fill(
        "p, oops, role:support, read, data:payroll, teir >= 2, -, alow\n"
    )
    asha.press("Save and review")
    return page


def a_form_with_errors(asha: Visitor) -> Page:
    page = asha.go("/admin/resources/new")
    page.get_by_label("Id", exact=True).fill("not an id")
    page.get_by_label("Name", exact=True).fill("x")
    page.get_by_label("Actions").fill("READ!")
    asha.press("Enter")
    page.get_by_role("alert").first.wait_for()
    return page


def the_secret_of_a_service(asha: Visitor) -> Page:
    page = asha.go("/admin/services")
    page.get_by_role("link", name="Support portal").click()
    page.get_by_role("button", name="secret").first.click()
    return page


def a_verified_record(asha: Visitor) -> Page:
    page = asha.go("/admin/audit")
    page.get_by_role("button", name="Verify").first.click()
    page.wait_for_url("**/verify")
    return page


def a_key_of_the_inventory(asha: Visitor) -> Page:
    page = asha.go("/admin/keys/inventory")
    page.get_by_text("Enter a batch").click()
    for name, text in (("batch", "2026-11"), ("model", "Test key"), ("serials", "5521907")):
        page.locator(f"[name={name}]").fill(text)
    asha.press("Enter them")
    asha.follow("5521907")
    page.wait_for_url("**/inventory/itm_*")
    return page


SUBMITTED: tuple[Callable[[Visitor], Page], ...] = (
    rules_with_an_error,
    a_form_with_errors,
    the_secret_of_a_service,
    a_question_of_a_proxy,
    a_verified_record,
    a_key_of_the_inventory,
)


def test_every_page_of_an_empty_house_is_for_everybody(empty: Visitor):
    routes = routes_of(empty.house)
    found: list[str] = []

    for _route, path in walk(empty, routes, "/access", "/keys", "/admin"):
        found += look(empty.page, path)

    assert found == []
    assert empty.complaints == []
