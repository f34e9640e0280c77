"""People of the journey at their browsers: arrive, ask at a door, open it, move.

Answers what a person does and sees; what it should have been is the journey's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from demo.browser import Answerer, Browser, Page, Refused
from demo.company import CAST
from demo.founding import log_in
from demo.stage import Stage
from demo.telling import Telling

_GRANT = re.compile(r"grt_[A-Za-z0-9]+")


class Actors:
    """Everybody's browser on one stage."""

    def __init__(self, stage: Stage, tell: Telling) -> None:
        self.stage = stage
        self.tell = tell
        self._browsers: dict[str, Browser] = {}

    def close(self) -> None:
        for browser in self._browsers.values():
            browser.close()

    def browser(self, login: str, scene: str = "home") -> Browser:
        """Return the browser of *login*, new ones in *scene*."""
        if login not in self._browsers:
            self._browsers[login] = Browser(self.stage.origin, login, scene)
        return self._browsers[login]

    def key(self, login: str) -> Answerer:
        """Return what answers ceremonies for *login*."""
        return lambda options, origin: self.stage.drawer.sign(login, options, origin)

    def arrive(self, login: str, scene: str = "home") -> Browser:
        """Log *login* in from *scene*."""
        browser = self.browser(login, scene)
        page = log_in(browser, self.stage.drawer, login)
        self.tell.expect(f"{login} logs in", {"page": path(page)}, {"page": "/access"})
        return browser

    def move(self, login: str, scene: str) -> None:
        """Change the scene of *login*, as the band does."""
        browser = self.browser(login)
        browser.json("/demo/scene", {"scene": scene})

    def ask(self, login: str, resource: str, action: str) -> tuple[str, str, str]:
        """Return word, sentence and remedy of one door."""
        question = f"/access/why?resource={quote(resource)}&action={quote(action)}"
        return self.browser(login).get(question).decision

    def door(self, login: str, resource: str, action: str, word: str, sentence: str | None = None) -> None:
        """Ask at one door, tell the answer, and compare it."""
        got_word, got_sentence, remedy = self.ask(login, resource, action)
        name = CAST[login].name.split()[0] if login in CAST else login.split(".")[0].capitalize()
        told = f"{name} may {action} {resource}"
        wanted: dict[str, object] = {"word": word}
        got: dict[str, object] = {"word": got_word}
        if sentence is not None:
            wanted["sentence"], got["sentence"] = sentence, got_sentence
        self.tell.expect(told, got, wanted)
        if word == "Open":
            self.tell.allowed(f"{told}.")
        else:
            self.tell.refused(f"{name}, {action} {resource}", got_sentence, remedy)

    def open(self, login: str, resource: str, action: str) -> str:
        """Open a door and return the grant."""
        browser = self.browser(login)
        browser.get("/access")
        browser.post("/access/open", {"resource": resource, "actions": action})
        grant = self.grant(login, resource)
        self.tell.expect(f"{login} opens {resource}", {"open": bool(grant)}, {"open": True})
        return grant

    def grant(self, login: str, resource: str) -> str:
        """Return the grant that My access shows for *resource*, or an empty text."""
        page = self.browser(login).get("/access")
        for row in page.html.split("<tr>")[1:]:
            found = _GRANT.search(row)
            if found is not None and f">{resource}<" in row:
                return found[0]
        return ""


def path(page: Page) -> str:
    return urlsplit(page.url).path


def refusal(act: Callable[[], Any]) -> Refused:
    """Return how *act* was refused; a success becomes a refusal with no code, to be compared."""
    try:
        act()
    except Refused as refused:
        return refused
    return Refused(200, {"detail": "it was not refused"})
