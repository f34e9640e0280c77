"""Chromium with somebody in front of it, who has a soft key in the hand.

Answers: what does a person at a real browser see and do? The pages, their
scripts and the broker are real; only the key's hardware is ours: it stands in
for `navigator.credentials` and answers what a certified key would.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

from demo.softkey import NotAllowed, SoftKey
from tests.browser.house import AAGUID, House

PATIENCE_MS = 15_000
_FLAGS = (
    "--headless",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_SOFT_KEY = """
(() => {
  const plain = (given) => btoa(String.fromCharCode(...new Uint8Array(given.buffer ?? given)))
    .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
  const listed = (list) => (list ?? []).map(({ type, id }) => ({ type, id: plain(id) }));
  const ask = async (act, options) => {
    const answer = await window.softKeyInHand(act, options);
    if (answer.refused) throw new DOMException(answer.refused, 'NotAllowedError');
    return { id: answer.id, type: answer.type, toJSON: () => answer };
  };
  navigator.credentials.create = ({ publicKey }) => {
    const { rp, user, challenge, pubKeyCredParams, excludeCredentials } = publicKey;
    return ask('create', {
      rp: { id: rp.id, name: rp.name },
      user: { id: plain(user.id), name: user.name, displayName: user.displayName },
      challenge: plain(challenge),
      pubKeyCredParams: pubKeyCredParams.map(({ type, alg }) => ({ type, alg })),
      excludeCredentials: listed(excludeCredentials),
    });
  };
  navigator.credentials.get = ({ publicKey: { challenge, rpId, allowCredentials } }) =>
    ask('get', { challenge: plain(challenge), rpId, allowCredentials: listed(allowCredentials) });
})();
"""


def find_chromium() -> str | None:
    """Return the Chromium or Chrome of this machine."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def launch(playwright: Playwright, *more: str) -> Browser:
    """Start Chromium without what would reach for the network by itself."""
    # Chromium refuses its sandbox to root; everybody else keeps it.
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(
        executable_path=find_chromium(), args=[*_FLAGS, *as_root, *more], timeout=60_000
    )


class Visitor:
    """One person at one browser. *complaints* holds what the browser grumbled about."""

    def __init__(self, chromium: Browser, house: House, *, soft_key: bool = True, **options: Any) -> None:
        self.house = house
        self.complaints: list[str] = []
        self.context: BrowserContext = chromium.new_context(reduced_motion="reduce", **options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.key = SoftKey.create(house.authority, AAGUID, now=datetime.now(UTC))
        if soft_key:
            self.context.expose_function("softKeyInHand", self._touch)
            self.context.add_init_script(_SOFT_KEY)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._overhear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.context.on("request", self._watch)

    def close(self) -> None:
        self.context.close()

    def go(self, path: str) -> Page:
        """Open a page of the broker, or a whole address."""
        self.page.goto(path if path.startswith("http") else self.house.url + path)
        return self.page

    @property
    def path(self) -> str:
        """Where the browser is."""
        return urlsplit(self.page.url).path

    @property
    def words(self) -> str:
        """What the page says, to eyes."""
        return self.page.locator("main").inner_text()

    def press(self, name: str) -> None:
        """Press the button of that name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """Follow the link of that name."""
        self.page.get_by_role("link", name=name, exact=True).click()

    def register(self, link: str, **typed: str) -> None:
        """Open a one-time link, register the key in the hand, and activate it if it waits."""
        self.go(link)
        for name, value in typed.items():
            self.page.locator(f"[name={name}]").fill(value)
        self.press("Register my security key")
        self.page.wait_for_url(lambda url: urlsplit(url).path == "/registered")
        if link in self.house.codes:
            self.activate(self.house.codes[link])
            self.press("Sign out")

    def activate(self, code: str) -> None:
        """Go on from the page that says the key waits."""
        self.follow("Activate my key")
        self.page.get_by_label("Activation code").fill(code)
        self.press("Activate my key")
        self.page.wait_for_url(lambda url: urlsplit(url).path == "/access")

    def log_in(self, login: str) -> None:
        """Log in with the key in the hand; return on the page that follows."""
        self.go("/login")
        self.page.get_by_label("Login name").fill(login)
        self.press("Use your security key")
        self.page.wait_for_url(lambda url: urlsplit(url).path != "/login")

    def _touch(self, act: str, options: dict[str, Any]) -> dict[str, Any]:
        ceremony = {"create": self.key.register, "get": self.key.sign}[act]
        try:
            return ceremony(options, self.house.url)
        except NotAllowed as refused:
            return {"refused": str(refused)}

    def _overhear(self, message: ConsoleMessage) -> None:
        # The browser grumbles about every page that is a refusal, too; its own files must be there.
        refused = "status of 4" in message.text and "/static/" not in message.location["url"]
        # Chromium wishes for RS256 too; the keys that are certified sign with better.
        wish = "pubKeyCredParams is missing" in message.text
        if message.type in {"error", "warning"} and not refused and not wish:
            self.complaints.append(f"{self.page.url}: {message.type}: {message.text}")

    def _watch(self, request: Request) -> None:
        own = (self.house.url + "/", self.house.portal_url + "/", "data:")
        if not request.url.startswith(own):
            self.complaints.append(f"{self.page.url}: request to {request.url}")
