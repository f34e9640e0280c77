"""Look at a page as people with other eyes, hands and screens do.

Answers: what does axe-core find (WCAG A and AA), in light and in dark? Is
anything wider than a narrow phone? Walks to every page that a link leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page, ViewportSize
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from app import build_parts, compose
from settings import read_settings
from tests.browser.house import House
from tests.browser.visitor import Visitor

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}
_TOO_WIDE = """
() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
  [...document.querySelectorAll('body *')]
    .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(0, 3).map((each) => each.outerHTML.slice(0, 120))
"""
_LINKS = "() => [...document.querySelectorAll('a[href]:not([download])')].map((each) => each.href)"
_RUN = """
async (only) => (await axe.run({ runOnly: only })).violations.flatMap(({ id, help, nodes }) =>
  nodes.slice(0, 3).map(({ html }) => `${id}: ${help}: ${html.slice(0, 160)}`))
"""


def look(page: Page, where: str) -> list[str]:
    """Return what is wrong with the page that is shown, with everything folded open."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    page.evaluate(AXE)
    found = [f"light: {each}" for each in page.evaluate(_RUN, {"type": "tag", "values": WCAG})]
    page.emulate_media(color_scheme="dark")
    contrast = {"type": "rule", "values": ["color-contrast"]}
    found += [f"dark: {each}" for each in page.evaluate(_RUN, contrast)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    found += [f"wider than 320 px: {each}" for each in page.evaluate(_TOO_WIDE)]
    page.set_viewport_size(WIDE)
    return [f"{where}: {each}" for each in found]


def routes_of(house: House) -> Map:
    """Return every route of the pages and doors that *house* serves."""
    settings, _warnings = read_settings(house.settings)
    parts = build_parts(settings)
    try:
        return compose(settings, parts).url_map
    finally:
        parts.close()


def walk(visitor: Visitor, routes: Map, *starts: str) -> Iterator[tuple[str, str]]:
    """Go to every page that a link leads to; yield route and path of each while it is shown.

    Pages of one route that differ in their query's names are pages of their
    own; of those that differ in an id, the first is taken.
    """
    known = routes.bind(urlsplit(visitor.house.url).netloc)
    queue, seen = list(starts), set[tuple[str, ...]]()
    while queue:
        path = queue.pop(0)
        parts = urlsplit(path)
        try:
            rule, _ = known.match(parts.path, method="GET", return_rule=True)
        except HTTPException:
            raise AssertionError(f"a link leads to {path}, where nothing is") from None
        names = tuple(
            sorted(f"{name}={value[:12]}" for name, value in parse_qsl(parts.query) if name == "kind")
        )
        key = (rule.rule, *names)
        if key in seen:
            continue
        seen.add(key)
        page = visitor.go(path)
        yield rule.rule, path
        queue += [
            link.removeprefix(visitor.house.url).partition("#")[0]
            for link in page.evaluate(_LINKS)
            if link.startswith(visitor.house.url + "/")
        ]
