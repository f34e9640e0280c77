"""The story of the product in a real browser: invited, denied with a reason, let in, out again.

Everything is real but the hardware of the keys: command line, server, database,
pages and scripts in Chromium, and an application that trusts our tokens.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from agent.doorward_agent.protocol import Device
from demo.children import ROOT
from demo.company import CLEAN
from tests.browser.house import House
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

SOON = 5_000  # milliseconds within which the portal's page asks both doors again, and more
EXPIRY = 20_000
CODE = re.compile(r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$")
LOGS_RULE = "p, logs-read, role:support, read, data:customer-logs, -, max 10m, allow"


def enter(asha: Visitor, login: str, name: str, groups: str = "support") -> str:
    """Have the admin enter a contractor; return the link that the page shows once."""
    today = datetime.now(UTC).date()
    page = asha.go("/admin/people/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Login name").fill(login)
    page.get_by_label("Vendor", exact=True).fill("Brightside Staffing")
    page.get_by_role("textbox", name="Sponsor").fill("Asha Raman")
    page.get_by_label("Project").fill("Gripper")
    page.get_by_label("First day").fill(today.isoformat())
    page.get_by_label("Last day").fill((today + timedelta(days=30)).isoformat())
    page.get_by_label("Other roles and groups").fill(groups)
    asha.press("Enter and make the link")
    link = page.locator("main code", has_text="/register/").inner_text()
    asha.house.codes[link] = page.locator("main code", has_text=CODE).inner_text()
    return link


def row(page: Page, title: str) -> Locator:
    """The row of a resource on My access."""
    return page.get_by_role("row").filter(has_text=title)


def open_portal(visitor: Visitor) -> Page:
    """Get the logs in the example portal, in a second tab; both doors are open there."""
    portal = visitor.context.new_page()
    portal.goto(visitor.house.portal_url)
    portal.get_by_role("link", name="Open the customer logs").click()
    portal.wait_for_url(visitor.house.portal_url + "/")
    expect(portal.locator("#live .state")).to_have_text("Open")
    expect(portal.locator("#offline .state")).to_have_text("Open")
    expect(portal.locator("#live .logs li").first).to_contain_text("gripper 4 homed")
    return portal


def watch_it_end(portal: Page) -> None:
    """The live door is shut already, the offline door until the token has run out, and the page says so."""
    expect(portal.locator("#live .state")).to_have_text("Closed", timeout=SOON)
    expect(portal.locator("#offline .state")).to_have_text("Open", timeout=0.1)
    expect(portal.locator("#left")).to_contain_text("This token runs out in")
    expect(portal.locator("#offline")).to_contain_text("stays open until the token runs out")
    expect(portal.locator("#offline .state")).to_have_text("Closed", timeout=EXPIRY)
    expect(portal.locator("#offline .why")).to_contain_text("the token has run out")
    expect(portal.locator("#left")).to_have_text("This token has run out.")


def test_a_contractor_is_told_why_not_then_let_in_and_says_when_done(house: House, asha: Visitor, visit):
    asha.go(house.bootstrap_link())
    assert "used" in asha.words  # the link was hers, once

    imani = visit()
    link = enter(asha, "imani.okafor", "Imani Okafor")
    imani.register(link)
    imani.log_in("imani.okafor")
    assert imani.path == "/access"
    expect(row(imani.page, "Status board")).to_contain_text("ready")
    expect(row(imani.page, "Customer logs")).to_contain_text("No rule opens this for you.")

    # Denied, by the page and on the way back from the application that wants it.
    imani.follow("Why? Customer logs")
    expect(imani.page.get_by_role("region", name="Decision: Closed")).to_be_visible()
    assert "What to do:" in imani.words
    assert "Reference" in imani.words
    imani.go(house.portal_url)
    imani.follow("Open the customer logs")
    expect(imani.page.get_by_role("heading", name="No rule opens this for you.")).to_be_visible()
    imani.follow("Go back to Support portal")
    expect(imani.page.get_by_role("alert")).to_contain_text("Doorward did not open the logs")

    publish_with_a_slip_of_the_pen(asha)
    imani.go("/access")
    imani.press("Open Customer logs")
    expect(row(imani.page, "Customer logs").get_by_role("button")).to_have_text("I’m done")

    portal = open_portal(imani)
    imani.press("I’m done with Customer logs")
    watch_it_end(portal)
    expect(row(imani.page, "Customer logs")).to_contain_text("ready")


def publish_with_a_slip_of_the_pen(asha: Visitor) -> None:
    """Write a rule with a typing error, be told line and way out, mend it, publish it by a touch."""
    page = asha.go("/admin/policy")
    editor = page.get_by_label("Rules", exact=True)
    rules = editor.input_value().rstrip("\n")
    line = rules.count("\n") + 2
    editor.fill(f"{rules}\n{LOGS_RULE.replace('allow', 'alow')}\n")
    problem = page.locator("[data-role=problems] li").filter(has_text=f"Line {line}")
    expect(problem).to_contain_text("Did you mean “allow”?")
    asha.press("Save and review")
    assert asha.path == "/admin/policy"
    expect(problem).to_contain_text("Did you mean “allow”?")

    editor.fill(f"{rules}\n{LOGS_RULE}\n")
    expect(page.locator("[data-role=summary]")).to_contain_text("1 change against the rules in force")
    asha.press("Save and review")
    page.wait_for_url("**/admin/policy/publish")
    page.get_by_label("Why").fill("Support reads customer logs again")
    asha.press("Publish with your key")
    page.wait_for_url("**/admin/policy/history/*")
    assert "in force" in asha.words


def test_suspending_by_touch_ends_everything_at_once(house: House, asha: Visitor, visit):
    jon = visit()
    link = enter(asha, "jon.berg", "Jon Berg", "night-shift")
    asha.follow("Done")
    asha.follow("Suspend")
    jon.register(link)
    jon.log_in("jon.berg")
    jon.press("Open Customer logs")
    asha.page.get_by_label("Reason").fill("Lost the laptop")

    portal = open_portal(jon)
    asha.press("Suspend with your key")
    watch_it_end(portal)

    jon.go("/access")
    assert "log in" in jon.words.lower()
    assert "suspended" in asha.words


def test_a_laptop_that_an_admin_approved_opens_what_asks_for_one(
    house: House, asha: Visitor, visit, state_folder: Path
):
    mei = visit()
    mei.register(enter(asha, "mei.tanaka", "Mei Tanaka"))
    mei.log_in("mei.tanaka")
    expect(row(mei.page, "Telemetry")).to_contain_text("waiting for you")
    assert "Your laptop has not reported for this session." in mei.words

    mei.go("/keys")
    mei.press("Enrol a laptop")
    command = mei.page.locator("code", has_text="doorward-agent enrol").first.inner_text()
    told = run_agent(state_folder, *command.split()[1:], "--name", "NL-2291")
    thumbprint = told.partition("key thumbprint: ")[2].split()[0]
    asha.go("/admin/devices")
    asha.follow("Decide about NL-2291")
    expect(asha.page.locator("main, aside").get_by_text(thumbprint).first).to_be_attached()
    asha.press("Approve")
    report_clean(state_folder)
    mei.go("/access")

    expect(row(mei.page, "Telemetry")).to_contain_text("ready")
    assert "doors closed" not in mei.words


def run_agent(state_folder: Path, *words: str) -> str:
    """Run the agent as its owner does, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "agent.doorward_agent", "--state", str(state_folder), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def report_clean(state_folder: Path) -> None:
    """Report as the agent does, with facts that do not depend on the machine of the test."""
    device = Device.load(state_folder)
    try:
        for waiting in device.sessions().sessions:
            device.report(waiting.session, waiting.nonce, CLEAN)
    finally:
        device.close()
