"""My keys and sessions: what I log in with, where I am logged in, which laptop reports for me."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from flows import devices, end_access
from flows.mine import my_things
from web.edge import require_same_origin
from web.state import parts, viewer

pages = Blueprint("keys", __name__)


@pages.before_request
def _guard() -> None:
    if request.method not in {"GET", "HEAD"}:
        require_same_origin()


@pages.get("/keys")
def my_keys() -> str:
    return render_template("keys.html", me=viewer(), mine=my_things(parts(), viewer()), code=None)


@pages.post("/keys/enrol")
def enrol() -> str:
    """Make a code for a laptop, shown once."""
    code = devices.enrolment_code(parts(), viewer())
    return render_template(
        "keys.html",
        me=viewer(),
        mine=my_things(parts(), viewer()),
        code=code,
        address=parts().deployment.public_url,
    )


@pages.post("/sessions/end")
def end_session() -> Response:
    """End one of my sessions, perhaps this one."""
    end_access.end_session(parts(), viewer(), request.form.get("session", ""), cause="own-wish")
    return redirect("/keys", 303)
