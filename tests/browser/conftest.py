"""A real deployment and a real Chromium for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.house import House
from tests.browser.visitor import Visitor

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A deployment with the company loaded, served with the examples; its tokens live ten seconds."""
    house = House(tmp_path_factory.mktemp("house") / "data", lifetime="PT10S")
    try:
        house.found()
        house.load()
        house.serve()
        house.serve_examples()
        yield house
    finally:
        house.close()


@pytest.fixture(scope="session")
def asha(house: House, chromium: Browser) -> Iterator[Visitor]:
    """The first admin: she opened the link that the launcher printed, and is logged in."""
    visitor = first_admin(house, chromium)
    yield visitor
    visitor.close()


def first_admin(house: House, chromium: Browser) -> Visitor:
    visitor = Visitor(chromium, house)
    visitor.register(house.bootstrap_link(), login_name="asha.raman", display_name="Asha Raman")
    visitor.log_in("asha.raman")
    return visitor


@pytest.fixture
def visit(house: House, chromium: Browser) -> Iterator[Visit]:
    """Let somebody arrive with a browser of their own; afterwards no browser may have grumbled."""
    visitors: list[Visitor] = []

    def arrive(browser: Browser = chromium, **options: Any) -> Visitor:
        visitors.append(Visitor(browser, house, **options))
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


@pytest.fixture
def state_folder(tmp_path: Path) -> Path:
    """Where the laptop agent of a test keeps its key."""
    return tmp_path / "agent"
