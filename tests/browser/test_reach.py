"""An admin asks who can reach a resource and follows to a person, who reads why not and what to do."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.house import Guest, House
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

REFERENCE = re.compile(r"dec_[0-9A-Za-z]+")


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def test_an_admin_asks_who_can_reach_a_resource_and_a_contractor_why_not(house: House, asha: Visitor, visit):
    links = house.load(
        Guest("zoe.reach", "Zoe Reach", ("role:support",)),
        Guest("noor.reach", "Noor Reach", ("role:night-shift",)),
        rules="",
    )

    # Who can reach this?
    page = asha.go("/admin/resources/svc:telemetry")
    asha.follow("Who can reach this")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who can reach Telemetry")
    page.get_by_role("searchbox").fill("reach")
    page.get_by_label("Show").select_option(label="Everybody")
    asha.press("Filter")
    expect(row(page, "Zoe Reach")).to_contain_text("conditional")
    expect(row(page, "Zoe Reach")).to_contain_text("As role support, when tier is at least 2.")
    expect(row(page, "Noor Reach")).to_contain_text("Rules let others do this")
    page.get_by_label("Show").select_option(label="Whoever can")
    asha.press("Filter")
    expect(page.get_by_role("rowheader")).to_have_count(1)

    # What can they reach?
    asha.follow("What Zoe Reach can reach")
    expect(page.get_by_role("heading", level=1)).to_have_text("What Zoe Reach can reach")
    expect(row(page, "Status board")).to_contain_text("always")
    asha.follow("Who can read Status board")
    expect(page.get_by_role("heading", level=1)).to_have_text("Who can reach Status board")

    # Why not, and what to do? The contractor reads a reason and a remedy, and no rule.
    zoe = visit()
    zoe.register(links["zoe.reach"])
    zoe.log_in("zoe.reach")
    zoe.follow("How to fix Telemetry")
    expect(
        zoe.page.get_by_role("heading", name="What we know of this session is not enough for this door.")
    ).to_be_visible()
    assert "What to do:" in zoe.words
    for hidden in ("telemetry-read", "role", "tier", "Nearest"):
        assert hidden not in zoe.words
    zoe.go("/admin/reach?resource=svc:telemetry")
    assert "roles do not let you" in zoe.words

    # On the phone they read the reference, and the admin sees what was missed.
    zoe.go("/access/why?resource=svc:telemetry&action=read")
    reference = REFERENCE.search(zoe.page.content())
    assert reference is not None
    page = asha.go("/admin/decisions")
    page.get_by_role("searchbox").fill(reference[0])
    asha.press("Filter")
    missed = page.locator("section", has=page.get_by_role("heading", name="Nearest misses", exact=True))
    expect(missed.last).to_contain_text("Would be allowed at tier 2.")
    expect(missed.last).to_contain_text("telemetry-read")
