"""A box asks for a touch on whatever page is looked at: answered by one, missed by another."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import first_admin
from tests.browser.house import Guest, House
from tests.browser.looking import look
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

GUESTS = (Guest("imani.okafor", "Imani Okafor"), Guest("laila.haddad", "ليلى الحداد"))
CLOSED = 40_000  # milliseconds within which the window and the grace pass, and the worker closes the round


@pytest.fixture(scope="module")
def company(tmp_path_factory, chromium: Browser) -> Iterator[tuple[Visitor, Visitor, Visitor]]:
    """An admin and two contractors who are at work; a touch has fifteen seconds."""
    house = House(tmp_path_factory.mktemp("presence") / "data", window="PT15S")
    try:
        house.found()
        house.serve()
        asha = first_admin(house, chromium)
        invites = house.load(*GUESTS)
        both = [Visitor(chromium, house) for _ in GUESTS]
        for visitor, guest in zip(both, GUESTS, strict=True):
            visitor.register(invites[guest.login])
            visitor.log_in(guest.login)
        yield asha, both[0], both[1]
        for visitor in (asha, *both):
            visitor.close()
    finally:
        house.close()


def ask(asha: Visitor) -> Page:
    """Ask everybody who is there; return the page of the round."""
    page = asha.go("/admin/presence/new")
    for guest in GUESTS:
        page.locator(".choice").filter(has_text=guest.login).get_by_role("checkbox").check()
    page.get_by_label("Reason").fill("Two keys were seen in one house")
    asha.press("Ask now, with your key")
    page.wait_for_url(re.compile(r"/admin/presence/prn_"))
    return page


def test_one_answers_in_the_box_and_one_misses_it(company: tuple[Visitor, Visitor, Visitor]) -> None:
    asha, imani, laila = company
    page = ask(asha)
    expect(page.get_by_text("0 of 2 answered")).to_be_visible()
    box = imani.go("/access").get_by_role("alertdialog", name="Touch your key")
    expect(box).to_contain_text("Several people are asked at this same moment")
    expect(box.get_by_role("button", name="Touch my key")).to_be_focused()
    other = laila.go("/keys").get_by_role("alertdialog")
    expect(other).to_be_visible()

    imani.page.keyboard.press("Enter")

    expect(box).not_to_be_attached()
    expect(imani.page.get_by_role("status").filter(has_text="Thank you")).to_be_attached()
    # The admin's page renews itself, without being loaded again.
    expect(page.get_by_text("1 of 2 answered")).to_be_visible()
    expect(other).not_to_be_attached(timeout=CLOSED)
    expect(page.get_by_role("row").filter(has_text="ليلى")).to_contain_text("missed", timeout=CLOSED)
    expect(page.get_by_role("row").filter(has_text="Imani")).to_contain_text("answered")
    assert "missed" in laila.go("/presence").get_by_role("table").inner_text()
    assert asha.complaints + imani.complaints + laila.complaints == []


def test_the_box_and_its_page_are_for_everybody(company: tuple[Visitor, Visitor, Visitor]) -> None:
    asha, imani, laila = company
    ask(asha)
    box = imani.go("/access").get_by_role("alertdialog")
    expect(box).to_be_visible()

    found = look(imani.page, "the box")
    imani.page.keyboard.press("Escape")
    expect(box).not_to_be_attached()
    expect(imani.page.locator(".asked")).to_be_visible()
    # Put off, it stands at the top of the next page too, and leads to a page of its own.
    page = imani.go("/keys")
    page.locator(".asked").get_by_role("link", name="Why, and touch").click()
    found += look(page, "the page of an asking")
    imani.press("Touch my key")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()

    found += look(page, "the page of an answered asking")
    laila.go("/keys").get_by_role("alertdialog").get_by_role("button", name="Touch my key").click()
    expect(laila.page.get_by_role("alertdialog")).not_to_be_attached()
    assert found == []
