"""Somebody at a browser: cookies, origin, token against forgery, and a soft key to touch.

Answers are werkzeug's ``TestResponse``, typed Any: its ``json`` may be None, and a test that
reads a member of None fails as it should.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from models.audit import AuditDetail, AuditRecord, records
from tests.world import Contractor, World
from web.state import browser_cookie, session_cookie

TOKEN = re.compile(r'<meta name="csrf-token" content="([0-9a-f]+)">')


class Desk:
    """A person with their browser, logged in unless *person* is None."""

    def __init__(self, world: World, person: Contractor | None) -> None:
        self.world, self.person = world, person
        self.client = world.app().test_client()
        host = urlsplit(world.origin).hostname or ""
        self.client.set_cookie(browser_cookie(), "dwo_test-browser", domain=host)
        self.token = ""
        if person is not None:
            world.login(person)
            self.client.set_cookie(session_cookie(), person.cookie, domain=host)
            self.token = TOKEN.findall(self.get("/keys").text)[0]

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, base_url=self.world.origin, headers={"Accept": "text/html", **headers})

    def post(self, path: str, *, headers: dict[str, str] | None = None, **form: Any) -> Any:
        """Submit a form of ours, as a browser does."""
        return self.client.post(
            path,
            base_url=self.world.origin,
            data={"csrf_token": self.token, **form},
            headers={"Accept": "text/html", "Origin": self.world.origin, **(headers or {})},
        )

    def send(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON, as the scripts of our pages do."""
        headers = {"Origin": self.world.origin, "X-CSRF-Token": self.token, "Accept": "application/json"}
        return self.client.post(path, base_url=self.world.origin, json=body, headers=headers)

    def ask(self, path: str, **fields: Any) -> dict[str, Any]:
        """Ask for a touch at *path*, touch the key, and return the answer to send."""
        assert self.person is not None
        begun = self.send(f"{path}/options", fields)
        assert begun.status_code == 200, begun.text
        signed = self.person.key.sign(begun.json["publicKey"], self.world.origin)
        return {"ceremony": begun.json["ceremony"], "credential": signed}

    def touch(self, path: str, **fields: Any) -> Any:
        """Ask for a touch at *path*, touch the key, and send the answer."""
        return self.send(f"{path}/finish", self.ask(path, **fields))


def recorded(world: World, kind: str) -> list[tuple[AuditRecord, dict[str, Any]]]:
    """Return the records of one kind with their details, newest first."""
    with world.parts.db.read() as session:
        found: list[tuple[AuditRecord, AuditDetail | None]] = list(records(session, kind=kind))
        return [(record, detail.details if detail else {}) for record, detail in found]


__all__ = ["Desk", "recorded"]
