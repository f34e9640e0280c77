"""An admin writes a wrong rule, is told where and why, sees who gains and loses, tests, publishes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, Route, expect

from tests.browser.conftest import first_admin
from tests.browser.house import RULES, Guest, House
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

GUESTS = (
    Guest("imani.okafor", "Imani Okafor"),
    Guest("jon.berg", "Jon Berg"),
    Guest("laila.haddad", "Laila Haddad", ("role:night-shift",)),
)
WRONG = "p, logs-read, role:support, read, data:customer-logs, teir >= 2, max 15m, allow\n"
TEST = "t, not-at-tier-1, role:support, read, data:customer-logs, tier = 1, {}\n"


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Visitor]:
    """The admin of a house of her own, in which three people are known and some rules in force."""
    house = House(tmp_path_factory.mktemp("author") / "data")
    try:
        house.found()
        house.serve()
        asha = first_admin(house, chromium)
        house.load(*GUESTS)
        yield asha
        assert asha.complaints == []
        asha.close()
    finally:
        house.close()


_SELECTED = """
() => {
  const { value, selectionStart, selectionEnd } = document.activeElement;
  return [value.slice(0, selectionStart).split('\\n').length, value.slice(selectionStart, selectionEnd)];
}
"""


def text_of(page: Page) -> Locator:
    return page.get_by_label("Rules", exact=True)


def summary(page: Page) -> Locator:
    return page.locator("[data-role=summary]")


def panel(page: Page) -> Locator:
    return page.locator("[data-panel]")


def selected(page: Page) -> Any:
    """Return the line of the cursor, and what is selected."""
    return page.evaluate(_SELECTED)


def test_an_admin_writes_a_wrong_rule_mends_it_tests_it_and_publishes(author: Visitor) -> None:
    page = author.go("/admin/policy")
    text = text_of(page)
    line = RULES.count("\n") + 1

    text.fill(RULES + WRONG)
    expect(summary(page)).to_have_text("1 error. It cannot be published like this.")
    problems = page.locator("[data-role=problems] li")
    expect(problems).to_contain_text("There is no attribute “teir”.")
    expect(page.locator(".editor-gutter mark")).to_have_text(str(line))
    expect(page.locator(".editor-mark")).to_have_count(1)
    expect(panel(page)).to_contain_text("Not known while there are errors")
    page.get_by_role("link", name=f"Line {line}").click()
    assert selected(page) == [line, "teir"]

    page.get_by_role("button", name="Write tier").press("Enter")
    expect(summary(page)).to_have_text("No problems found. 1 change against the rules in force.")
    expect(text).to_have_value(RULES + WRONG.replace("teir", "tier"))
    expect(panel(page)).to_contain_text("2 people gain something")
    expect(panel(page)).to_contain_text(
        "everybody with role support (2 people) gains read on data:customer-logs when tier is at least 2, "
        "for at most 15 minutes"
    )

    page.get_by_role("button", name="Keep as a test").click()
    expect(summary(page)).to_contain_text("1 test passes.")
    assert (
        "t, read-data-customer-logs, role:support, read, data:customer-logs, tier = 2, allow, -"
        in text.input_value()
    )

    text.fill(RULES.replace("role:night-shift", "role:day-shift") + WRONG.replace("teir", "tier"))
    expect(panel(page)).to_contain_text("Laila Haddad loses read on data:customer-logs")
    expect(panel(page)).to_contain_text("1 person loses something")

    text.fill(RULES + WRONG.replace("teir", "tier") + TEST.format("allow, -"))
    expect(summary(page)).to_have_text("1 test fails. It cannot be published like this.")
    with page.expect_navigation():  # the page before it shows the same findings
        author.press("Save and review")
    expect(problems).to_contain_text(
        "expects allow and got deny (tier-too-low); nearest is rule “logs-read”."
    )
    assert author.path == "/admin/policy"

    text.fill(RULES + WRONG.replace("teir", "tier") + TEST.format("deny, tier-too-low"))
    expect(summary(page)).to_contain_text("1 test passes.")
    author.press("Save and review")
    page.wait_for_url("**/admin/policy/publish")
    expect(page.locator("main")).to_contain_text("everybody with role support (2 people) gains read")
    expect(page.locator("aside")).to_contain_text("1 test passes")
    author.press("Publish with your key")
    page.wait_for_url("**/admin/policy/history/2")
    expect(page.locator("main")).to_contain_text("everybody with role support (2 people) gains read")


def test_an_answer_that_comes_late_never_replaces_a_newer_one(author: Visitor) -> None:
    page = author.go("/admin/policy")
    held: list[Route] = []

    def answer(route: Route) -> None:
        if not held:
            held.append(route)  # answered last, although it was asked first
            return
        route.fulfill(json={"problems": [], "summary": "the newer answer", "panel": "<p>newer</p>"})
        held[0].fulfill(json={"problems": [], "summary": "the older answer", "panel": "<p>older</p>"})

    page.route("**/admin/policy/check", answer)
    with page.expect_request("**/admin/policy/check"):
        text_of(page).fill("# one")
    text_of(page).fill("# two")

    expect(summary(page)).to_have_text("the newer answer")
    page.wait_for_timeout(200)
    expect(summary(page)).to_have_text("the newer answer")
    expect(panel(page)).to_have_text("newer")
    page.unroute("**/admin/policy/check")


def test_what_is_found_is_spoken_once_when_typing_has_stopped(author: Visitor) -> None:
    page = author.go("/admin/policy")
    spoken = page.locator("p.visually-hidden[role=status]")

    for count in (1, 2, 3):
        text_of(page).fill(RULES + "p, odd\n" * count)
        expect(summary(page)).to_contain_text(f"{count} error")
        assert spoken.count() == 0

    expect(spoken).to_have_text("3 errors. It cannot be published like this.")


def test_a_text_that_cannot_be_checked_says_so_and_keeps_what_was_typed(author: Visitor) -> None:
    page = author.go("/admin/policy")
    page.route("**/admin/policy/check", lambda route: route.abort())

    text_of(page).fill("# typed")

    expect(summary(page)).to_have_text("Not checked: Doorward cannot be reached.")
    expect(panel(page)).to_have_text("Not known: the text could not be checked.")
    expect(text_of(page)).to_have_value("# typed")
    page.unroute("**/admin/policy/check")
    author.complaints[:] = [each for each in author.complaints if "ERR_FAILED" not in each]


def test_a_wrong_word_is_underlined_on_the_screen(author: Visitor) -> None:
    """Chromium did not always paint a wave under nothing but spaces."""
    page = author.go("/admin/policy")

    text_of(page).fill(RULES + WRONG)
    expect(summary(page)).to_contain_text("1 error")
    mark = page.locator(".editor-mark").bounding_box()
    assert mark is not None
    place: FloatRect = {"x": mark["x"], "y": mark["y"], "width": mark["width"], "height": mark["height"] + 4}
    underlined = page.screenshot(clip=place)
    page.locator(".editor-marks").evaluate("(marks) => marks.remove()")

    assert page.screenshot(clip=place) != underlined
