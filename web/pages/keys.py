"""My keys and sessions: what I log in with, where I am logged in, which laptop reports for me."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from flows import devices, end_access
from flows.mine import my_things
from models.keys import Credential
from web.edge import require_same_origin
from web.state import parts, viewer

pages = Blueprint("keys", __name__)


@pages.before_request
def _guard() -> None:
    if request.method not in {"GET", "HEAD"}:
        require_same_origin()


@pages.get("/keys")
def my_keys() -> str:
    return _page()


@pages.post("/keys/enrol")
def enrol() -> str:
    """Make a code for a laptop, shown once."""
    return _page(code=devices.enrolment_code(parts(), viewer()), address=parts().deployment.public_url)


def _page(code: str | None = None, address: str = "") -> str:
    mine = my_things(parts(), viewer())
    return render_template(
        "keys.html", me=viewer(), mine=mine, called=call_keys(mine.keys), code=code, address=address
    )


@dataclass(frozen=True, slots=True)
class Called:
    """A key's *name*, what tells it from others of its model (*mark*), and a *label* of its own."""

    name: str
    mark: str
    label: str


def call_keys(keys: Sequence[Credential]) -> dict[str, Called]:
    """Return how to call each key of one person: by its name, and more where two have the same."""
    names = {key.id: key.nickname or key.label for key in keys}
    often = Counter(names.values())
    called = {}
    for key in keys:
        name = names[key.id]
        mark = f"registered {key.created_at:%-d %b %Y}, " + (
            f"serial {key.serial}" if key.serial else f"id ending in {key.id[-4:]}"
        )
        called[key.id] = Called(name, mark, f"{name}, {mark}" if often[name] > 1 else name)
    return called


@pages.post("/sessions/end")
def end_session() -> Response:
    """End one of my sessions, perhaps this one."""
    end_access.end_session(parts(), viewer(), request.form.get("session", ""), cause="own-wish")
    return redirect("/keys", 303)
