"""Does the band do in a real browser what it says? The demo is the real one, on ports of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from demo.broker import Broker, Ports
from demo.children import free_port
from demo.stage import Stage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    stage = Stage(Broker(folder, Ports(*(free_port() for _ in range(4)))))
    try:
        stage.open(lambda _said: None)
        yield stage
    finally:
        stage.close()


@pytest.fixture
def page(stage: Stage, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(base_url=stage.origin)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def be(page, name: str) -> None:
    """Choose *name* in the band and log in by its button."""
    page.get_by_label("Be", exact=True).select_option(label=name)
    page.get_by_role("button", name=f"Log in as {name.split()[0]}").click()
    page.wait_for_url("**/access")


def table(page, name: str) -> str:
    return str(page.get_by_role("table", name=name, exact=True).inner_text())


def test_one_click_logs_in_and_a_scene_closes_a_door_at_once(page):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto("/")
    be(page, "Imani Okafor")
    assert "Customer logs" in table(page, "Can be opened")

    page.get_by_label("From").select_option("remote")
    page.wait_for_selector("text=Remote-control software is running on your laptop.")

    assert "Customer logs" in table(page, "Closed for now")
    assert complaints == []


def test_the_band_waits_for_the_script_that_asks_the_key(page):
    def late(route) -> None:
        page.wait_for_timeout(1_500)
        route.continue_()

    page.route("**/static/js/ceremony.js", late)
    page.goto("/")

    be(page, "Imani Okafor")

    assert "Customer logs" in table(page, "Can be opened")


def test_arriving_from_elsewhere_means_logging_in_anew(page):
    page.goto("/")
    be(page, "Olu Adeyemi")
    assert "198.51.100.14" in page.inner_text("main")

    page.get_by_label("From").select_option("rented")
    page.wait_for_url("**/login")
    page.get_by_role("button", name="Log in as Olu").click()
    page.wait_for_url("**/access")

    assert "192.0.2.14" in page.inner_text("main")


def test_a_soft_key_does_not_open_another_account(page):
    page.goto("/")
    page.get_by_label("Be", exact=True).select_option(label="Jon Berg")
    page.wait_for_selector("text=Log in as Jon")

    page.get_by_label("Login name").fill("asha.raman")
    page.get_by_role("button", name="Use your security key").click()

    page.wait_for_selector("text=Your key was not used")


def test_with_the_own_key_chosen_the_soft_key_stays_silent(page):
    page.goto("/")
    page.get_by_label("Be", exact=True).select_option(label="Mei Tanaka")
    page.wait_for_selector("text=Log in as Mei")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "softkey" in request.url else None)

    page.get_by_label("use my own key instead").check()
    page.get_by_role("button", name="Log in as Mei").click()
    page.wait_for_selector("text=Touch your key when it blinks")

    assert asked == []
