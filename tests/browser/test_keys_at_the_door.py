"""What real browsers do with keys at our door: refuse programs, need JavaScript, work by keyboard.

The browser's own virtual authenticator stands for every key that is none: any
user of the developer tools has one.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.furnish import plug_in_virtual_key
from tests.browser.house import House
from tests.browser.test_journey import enter, row
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

FOCUS = """
() => {
  const style = getComputedStyle(document.activeElement);
  return { name: document.activeElement.getAttribute('aria-label') || document.activeElement.innerText
             || document.activeElement.name || '',
           ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
}
"""


@pytest.mark.parametrize(
    ("login", "more", "sentence", "remedy"),
    [
        (
            "noor.haddad",
            {},
            "This key is a program, not a thing.",
            "Close the browser's developer tools and use a real key.",
        ),
        (
            "noor.synced",
            {"defaultBackupEligibility": True, "defaultBackupState": True},
            "This is a passkey that can be copied to other devices.",
            "Use a physical security key: choose it when your browser asks where to keep the passkey.",
        ),
    ],
    ids=["with an attestation of its own", "that can be backed up"],
)
def test_the_virtual_key_of_the_developer_tools_is_refused(
    asha: Visitor, visit, login: str, more: dict[str, bool], sentence: str, remedy: str
):
    noor = visit(soft_key=False)
    noor.go(enter(asha, login, "Noor Haddad"))
    plug_in_virtual_key(noor.page, **more)

    noor.press("Register my security key")
    alert = noor.page.get_by_role("alert").filter(has_text="Reference")
    alert.wait_for()

    told = alert.inner_text()
    assert told.split("\n\n")[:3] == ["This key is not accepted", sentence, remedy]
    assert noor.path.startswith("/register/")
    asha.go("/admin/people?q=" + login)
    expect(asha.page.get_by_role("row").filter(has_text=login)).to_contain_text("invite")


def test_a_contractor_logs_in_and_opens_a_door_without_a_mouse(asha: Visitor, visit):
    olu = visit()
    olu.register(enter(asha, "olu.adeyemi", "Olu Adeyemi"))
    page = olu.go("/login")

    stops = tab_to(page, "login_name")
    page.keyboard.type("olu.adeyemi")
    page.keyboard.press("Enter")
    page.wait_for_url("**/access")
    stops += tab_to(page, "Open Status board")
    page.keyboard.press("Enter")
    expect(row(page, "Status board").get_by_role("button")).to_have_text("I’m done")

    assert stops[0]["name"] == "Skip to the content"
    assert [stop["name"] for stop in stops if not stop["ring"]] == []


def tab_to(page: Page, name: str) -> list[dict]:
    """Press Tab until the element of that name has the focus; return all stops on the way."""
    stops: list[dict] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUS))
        if stops[-1]["name"].strip() == name:
            return stops
    raise AssertionError(f"{name} was not reached: {[stop['name'] for stop in stops]}")


def test_pages_that_need_a_key_say_so_without_javascript_and_the_others_work(
    house: House, asha: Visitor, visit, start_chromium
):
    """Playwright's own switch stops scripts but leaves <noscript> unread; this one is the browser's."""
    dana = visit()
    link = enter(asha, "dana.kovac", "Dana Kovač")
    plain_browser = start_chromium("--blink-settings=scriptEnabled=false")
    plain = visit(plain_browser, soft_key=False)

    for path in (link, "/login"):
        page = plain.go(path)
        expect(page.locator("noscript .notice-title")).to_be_visible()
        expect(page.locator("[data-role=submit]")).to_be_disabled()

    dana.register(link)
    dana.log_in("dana.kovac")
    plain.context.add_cookies(dana.context.cookies())
    page = plain.go("/touch")
    expect(page.locator("noscript .notice-title")).to_be_visible()
    plain.go("/access")
    plain.press("Open Status board")
    expect(row(page, "Status board")).to_contain_text("I’m done")
    plain.press("I’m done with Status board")
    expect(row(page, "Status board")).to_contain_text("ready")
    assert urlsplit(page.url).path == "/access"

    plain.close()
    plain_browser.close()
