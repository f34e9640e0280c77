"""A person at a real browser goes to a site behind nginx, on another host than Doorward's."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from flows.end_access import end_grant
from models.access import grants_of
from tests.browser.visitor import Visitor
from tests.proxies.conftest import Street

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_person_is_sent_to_log_in_comes_back_and_is_closed_out_when_it_ends(
    street: Street, chromium: Browser
) -> None:
    ours, site = f"http://localhost:{street.gate.broker_port}", street.gate.origin("nginx")
    assert urlsplit(ours).hostname != urlsplit(site).hostname
    house = SimpleNamespace(url=ours, portal_url=site, authority=street.world.authority, codes={})
    imani = Visitor(chromium, house)  # type: ignore[arg-type]
    imani.key = street.imani.key
    for grant in opened(street):
        end_grant(street.world.parts, street.viewer, grant)

    # Sent to log in, and to open the wiki; then back to where she wanted to go.
    imani.page.goto(f"{site}/docs/a?x=1")
    imani.page.wait_for_url(f"{ours}/login?*")
    imani.page.get_by_label("Login name").fill("imani")
    imani.press("Use your security key")
    imani.page.wait_for_url(f"{ours}/oauth/authorize?*")
    imani.page.get_by_role("button", name="Open").click()
    imani.page.wait_for_url(f"{site}/docs/a?x=1")
    expect(imani.page.locator("body")).to_contain_text(street.imani.id)

    # A second page asks for nothing; a closed one explains itself and leads back.
    imani.page.goto(f"{site}/docs/b")
    expect(imani.page.locator("body")).to_contain_text('"path": "/docs/b"')
    imani.page.goto(f"{site}/docs/secret")
    imani.page.wait_for_url(f"{ours}/access/why?*")
    expect(imani.page.get_by_role("link", name="Go to Wiki by nginx")).to_have_attribute(
        "href", f"{site}/docs/secret"
    )

    # A script of a page is told 401, not sent away; a person is sent to open it again.
    imani.page.goto(f"{site}/docs/b")
    end = imani.page.context.new_page()
    end.goto(f"{ours}/access")
    end.get_by_role("button", name="done").first.click()
    status = imani.page.evaluate(
        "fetch('/docs/c', {headers: {Accept: 'text/html'}}).then((got) => got.status)"
    )
    imani.page.goto(f"{site}/docs/c")
    imani.page.wait_for_url(f"{ours}/oauth/authorize?*")

    assert status == 401
    cookies = {(c["domain"], c["name"]) for c in imani.context.cookies()}
    assert ("nginx.localhost", "__Host-doorward-site") in cookies
    assert ("localhost", "__Host-doorward-session") in cookies
    assert not {name for domain, name in cookies if domain == "nginx.localhost"} & {"__Host-doorward-session"}
    assert imani.complaints == []
    imani.close()


def opened(street: Street) -> list[str]:
    with street.world.parts.db.read() as session:
        return [row.id for row in grants_of(session, street.imani.id) if row.state == "live"]
