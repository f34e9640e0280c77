"""A key's whole way in real browsers: bought, sent by two people, activated, doubled, lost, given anew."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from demo.softkey import SoftKey
from tests.browser.house import AAGUID, KEY_MODEL, Guest, House
from tests.browser.test_journey import enter
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

STOP_CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b")


def a_key(house: House, serial: bytes | None = None) -> SoftKey:
    return SoftKey.create(house.authority, AAGUID, now=datetime.now(UTC), serial=serial)


def staff(house: House, visit, login: str, name: str, role: str) -> Visitor:
    """Have somebody of the company arrive, with one role."""
    link = house.load(Guest(login, name, (role,), vendor=""), rules="")[login]
    somebody: Visitor = visit()
    somebody.register(link)
    somebody.log_in(login)
    return somebody


def stop_code(visitor: Visitor) -> str:
    found = STOP_CODE.search(visitor.words)
    assert found is not None
    return found[0]


def test_a_key_is_sent_by_two_people_and_its_owner_sees_what_is_known_of_it(
    house: House, asha: Visitor, visit
):
    noor = visit()
    noor.key = a_key(house, serial=b"S-77")
    link = enter(asha, "noor.way", "Noor Way")
    ben = staff(house, visit, "ben.lowe", "Ben Lowe", "role:admin")

    page = asha.go("/admin/keys/inventory")
    page.get_by_text("Enter a batch").click()
    page.get_by_label("Batch", exact=True).fill("PO-2026-118")
    page.get_by_label("Model", exact=True).fill(KEY_MODEL)
    page.get_by_label("Serial numbers").fill("S-77")
    asha.press("Enter them")
    asha.follow("S-77")
    page.get_by_label("Person").select_option(label="Noor Way (noor.way)")
    page.get_by_label("Address").fill("Long Road 1\nKyiv")
    asha.press("Assign")
    expect(page.locator("main")).to_contain_text("Another admin approves: show them this page.")
    assert page.get_by_role("button", name="Approve with your key").count() == 0
    here = asha.path

    ben.go("/admin/keys/shipments")
    ben.follow("S-77")
    assert ben.path == here
    assert "Long Road" not in ben.words
    address = ben.page.get_by_label("Address in the contract")
    address.fill("Short Road 2\nKyiv")
    ben.press("Approve with your key")
    alert = ben.page.get_by_role("alert").filter(has_text="This is not the address that was entered")
    alert.filter(has_text="Compare letter by letter with the contract").wait_for()
    address.fill("Long Road 1, Kyiv")
    ben.press("Approve with your key")
    ben.page.get_by_label("Carrier", exact=True).fill("DHL")
    ben.page.get_by_role("textbox", name="Reference").fill("JD0001")
    ben.press("It is shipped")
    ben.press("It is delivered")
    noor.register(link)
    noor.log_in("noor.way")
    noor.go("/keys")

    mine = noor.page.get_by_role("table", name="Keys", exact=True)
    expect(mine).to_contain_text("serialised")
    expect(mine).to_contain_text("in use")
    asha.go(here)
    steps = page.get_by_role("table", name="Steps of this key").locator("tbody tr")
    expect(steps).to_have_count(6)
    assert "with a touch" in page.get_by_role("table", name="Steps of this key").inner_text()


def test_a_key_is_doubled_lost_stopped_without_a_login_and_given_anew(house: House, asha: Visitor, visit):
    link = enter(asha, "mara.lost", "Mara Lost")
    sam = staff(house, visit, "sam.sponsor", "Sam Sponsor", "role:sponsor")
    mara = visit()
    first = mara.key
    mara.go(link)
    mara.press("Register my security key")
    mara.page.get_by_text("Your key is registered").wait_for()
    code = stop_code(mara)
    mara.activate(house.codes[link])

    mara.go("/keys/add")
    mara.press("Touch the key I have")
    mara.page.get_by_role("button", name="Register the new key").wait_for()
    mara.key = a_key(house)
    mara.press("Register the new key")
    mara.page.get_by_text("Your second key is registered").wait_for()
    second_code = stop_code(mara)
    mara.go("/keys")
    expect(mara.page.get_by_role("table", name="Keys", exact=True)).to_contain_text("waits to be activated")

    stranger = visit(soft_key=False)
    for wrong, said in (("AAAA-BBBB-CCCC-DDDD", "No key was stopped"), (code.lower(), "The key is stopped")):
        stranger.go("/lost")
        stranger.page.get_by_label("Stop code").fill(wrong)
        stranger.press("Stop the key")
        expect(stranger.page.locator("main")).to_contain_text(said)
    mara.go("/access")
    expect(mara.page.locator("main")).to_contain_text("Your session has ended")
    mara.follow("Log in")
    mara.key = first
    mara.page.get_by_label("Login name").fill("mara.lost")
    mara.press("Use your security key")
    mara.page.get_by_role("alert").filter(has_text="Your key was not used").wait_for()
    stranger.go("/lost")
    stranger.page.get_by_label("Stop code").fill(second_code)
    stranger.press("Stop the key")
    expect(stranger.page.locator("main")).to_contain_text("The key is stopped")

    page = asha.go("/admin/people?q=mara.lost")
    asha.follow("Mara Lost")
    asha.follow("Re-issue")
    page.get_by_label("What happened").fill("Both in a bag, on the train")
    page.get_by_label("How they were proven again").select_option(index=1)
    page.get_by_label("By whom").fill("Asha Raman")
    page.get_by_role("textbox", name="Reference").fill("CALL-7")
    asha.press("Ask for a new key")
    asha.press("Touch as an admin")
    expect(page.locator("main")).to_contain_text("role:sponsor")
    assert page.get_by_role("button", name="Touch as their sponsor").count() == 0
    sam.go(asha.path)
    sam.press("Touch as their sponsor")
    expect(sam.page.locator("main")).to_contain_text("It waits")
    expect(sam.page.locator("main")).to_contain_text("Sam Sponsor touched")
