"""Take the pictures: ``python -m tests.browser.screens [--all]``.

Writes the few that the documents show to ``docs/images`` and, with ``--all``, every
page in light and dark, narrow and wide, to ``build/screens`` for somebody to look at.
Checks nothing: that is the tests' work.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from demo.broker import Broker, Ports
from demo.children import ROOT, free_port
from demo.stage import Stage
from tests.browser.conftest import first_admin
from tests.browser.furnish import DANA, IMANI, JON, LAILA, LONG, Lived, furnish, open_person
from tests.browser.house import House
from tests.browser.looking import routes_of, walk
from tests.browser.visitor import Visitor, launch

IMAGES, ALL = ROOT / "docs" / "images", ROOT / "build" / "screens"
WIDTHS: dict[str, ViewportSize] = {
    "1280": {"width": 1280, "height": 800},
    "320": {"width": 320, "height": 640},
}
_SLIP = """
# Payroll, for the people who run it.
p, payroll-read, role:support, read, data:payroll, teir >= 2, max 5m, allow
"""


@contextmanager
def a_lived_in_house(chromium: Browser, folder: Path) -> Iterator[tuple[Lived, Visitor]]:
    house = House(folder / "data")
    try:
        house.found()
        house.serve()
        asha = first_admin(house, chromium)
        lived = furnish(house, asha)
        house.serve_examples()
        yield lived, asha
        lived.close()
        asha.close()
    finally:
        house.close()


def picture(page: Page, name: str, *, width: int = 1100, height: int = 800) -> None:
    """Take one picture for the documents, in light."""
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="light")
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"docs/images/{name}.png")


def for_the_documents(lived: Lived, asha: Visitor) -> None:
    """The pictures of docs/images, the demo's apart."""
    imani, long = lived.visitors[IMANI], lived.visitors[LONG]
    picture(imani.go("/access"), "my-access", height=1010)
    picture(long.go("/access/why?resource=data:customer-logs&action=read"), "denied", height=640)
    picture(asha.go("/admin"), "admin-home", width=1360, height=860)
    page = asha.go("/admin/policy")
    editor = page.get_by_label("Rules", exact=True)
    editor.fill(editor.input_value() + _SLIP)
    page.get_by_role("button", name="Write tier").wait_for()
    picture(page, "policy", width=1360, height=940)
    the_example(imani)


def the_example(visitor: Visitor) -> None:
    """The example portal, after the access was ended and before the token has run out."""
    visitor.go("/access")
    visitor.press("Open Customer logs")
    portal = visitor.context.new_page()
    portal.goto(visitor.house.portal_url)
    portal.get_by_role("link", name="Open the customer logs").click()
    portal.wait_for_url(visitor.house.portal_url + "/")
    visitor.press("I’m done with Customer logs")
    expect(portal.locator("#live .state")).to_have_text("Closed")
    picture(portal, "example", height=560)
    portal.close()


def the_demo(chromium: Browser, folder: Path) -> None:
    """The login page of the demo, with the band in which one chooses who to be."""
    stage = Stage(Broker(folder / "demo", Ports(*(free_port() for _ in range(4)))))
    try:
        stage.open(print)
        context = chromium.new_context(reduced_motion="reduce")
        context.add_cookies([{"name": "demo-person", "value": "imani.okafor", "url": stage.origin}])
        page = context.new_page()
        page.goto(stage.origin + "/login")
        page.get_by_role("button", name="Log in as Imani").wait_for()
        picture(page, "demo-login", height=700)
        shoot(page, "demo-login")
        context.close()
    finally:
        stage.close()


def shoot(page: Page, name: str) -> None:
    """Take *page* in both schemes and both widths."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width, size in WIDTHS.items():
            page.set_viewport_size(size)
            page.screenshot(path=ALL / f"{name}-{scheme}-{width}.png", full_page=True)


def everything(lived: Lived, asha: Visitor) -> None:
    """Every page that a link leads to, and those of people with long and with other names."""
    routes = routes_of(lived.house)
    for visitor, start in ((lived.visitors[IMANI], "/access"), (asha, "/admin")):
        for route, _path in walk(visitor, routes, start):
            if visitor is asha and not route.startswith("/admin"):
                continue  # taken as somebody with more to see
            shoot(visitor.page, re.sub(r"[^a-z]+", "-", route).strip("-") or "home")
    for login in (LONG, LAILA):
        shoot(lived.visitors[login].go("/access"), f"access-{login[:5]}")
        shoot(lived.visitors[login].go("/keys"), f"keys-{login[:5]}")
    for login in (IMANI, LONG, LAILA, JON, DANA):
        shoot(open_person(asha, login), f"person-{login[:5]}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Take the pictures of the documents.")
    parser.add_argument("--all", action="store_true", help="every page too, to build/screens")
    chosen = parser.parse_args()
    for folder in (IMAGES, ALL):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="doorward-screens-") as name, sync_playwright() as playwright:
        chromium = launch(playwright)
        with a_lived_in_house(chromium, Path(name)) as (lived, asha):
            if chosen.all:
                everything(lived, asha)
            for_the_documents(lived, asha)
        the_demo(chromium, Path(name))
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
