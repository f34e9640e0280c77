"""Register a key, log in, sign out, touch again. The ceremonies talk JSON; the pages are plain."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from domain.errors import Invalid
from flows import activate, end_access, login, register, tap
from flows.invitation import look
from web.body import json_object
from web.edge import browser, require_same_origin, set_cookie
from web.once import STOP_CODE, carried, carry, shown
from web.paths import next_path
from web.state import parts, session_cookie, viewer, viewer_or_none

pages = Blueprint("session", __name__)


@pages.before_request
def _guard() -> None:
    if request.method not in {"GET", "HEAD"}:
        require_same_origin()


@pages.get("/")
def home() -> BaseResponse:
    """Send people to their page, strangers to the door."""
    return redirect("/access" if viewer_or_none() else "/login", 303)


@pages.get("/login")
def login_page() -> str | BaseResponse:
    """Ask for a name and a touch. *next* is a path of ours to go on to."""
    target = next_path(request.args.get("next", ""))
    if viewer_or_none() is not None:
        return redirect(target, 303)
    return render_template("login.html", next=target)


@pages.post("/login/options")
def login_options() -> Response:
    body = json_object()
    name = text_of(body, "login_name")
    return jsonify(login.begin(parts(), login_name=name, browser=browser(), address=g.client_address))


@pages.post("/login/finish")
def login_finish() -> Response:
    body = json_object()
    done = login.finish(
        parts(),
        ceremony=text_of(body, "ceremony"),
        credential=credential_of(body),
        browser=browser(),
        address=g.client_address,
    )
    response = jsonify(location=next_path(request.args.get("next", "")))
    set_cookie(response, session_cookie(), done.cookie)
    return response


@pages.post("/sign-out")
def sign_out() -> BaseResponse:
    found = viewer_or_none()
    if found is not None:
        end_access.end_session(parts(), found, found.session_id, cause="signed-out")
    response = redirect("/login", 303)
    response.delete_cookie(session_cookie(), path="/", secure=True, httponly=True, samesite="Lax")
    return response


@pages.get("/register/<secret>")
def register_page(secret: str) -> str:
    """Show what a one-time link is for, and whom, where somebody else is logged in here."""
    invitation, found = look(parts(), secret), viewer_or_none()
    theirs = invitation.person_id and found is not None and found.person_id != invitation.person_id
    other = found.display_name if found is not None and theirs else ""
    return render_template("register.html", invitation=invitation, secret=secret, other=other)


@pages.post("/register/<secret>/options")
def register_options(secret: str) -> Response:
    body = json_object()
    begun = register.begin(
        parts(),
        secret=secret,
        browser=browser(),
        address=g.client_address,
        presented_name=text_of(body, "login_name", needed=False),
        display_name=text_of(body, "display_name", needed=False),
    )
    return jsonify(begun)


@pages.post("/register/finish")
def register_finish() -> Response:
    body = json_object()
    done = register.finish(
        parts(),
        ceremony=text_of(body, "ceremony"),
        credential=credential_of(body),
        browser=browser(),
        address=g.client_address,
    )
    waits = urlencode({"waits": done.login_name})
    response = jsonify(location=f"/registered?{waits}" if done.pending else "/registered")
    carry(response, STOP_CODE, done.stop_code)
    return response


@pages.get("/registered")
def registered() -> BaseResponse:
    """Show the stop code, once; *waits* is the name of who must still activate the key.

    Somebody else who is logged in registered it for them, before it is sent.
    """
    waits, code, found = request.args.get("waits", "")[:128], carried(STOP_CODE), viewer_or_none()
    if code is None:
        return redirect("/login", 303)
    other = waits if found is not None and found.login_name != waits else ""
    return shown(render_template("registered.html", waits=waits, other=other, stop_code=code))


@pages.get("/activate")
def activate_page() -> str:
    """Ask for name, activation code and the first touch of a registered key."""
    return render_template("activate.html", name=request.args.get("name", "")[:128])


@pages.post("/activate/options")
def activate_options() -> Response:
    body = json_object()
    begun = activate.begin(
        parts(),
        login_name=text_of(body, "login_name"),
        code=text_of(body, "code"),
        browser=browser(),
        address=g.client_address,
    )
    return jsonify(begun)


@pages.post("/activate/finish")
def activate_finish() -> Response:
    """Activate the key and log its owner in."""
    body = json_object()
    done = activate.finish(
        parts(),
        ceremony=text_of(body, "ceremony"),
        credential=credential_of(body),
        browser=browser(),
        address=g.client_address,
    )
    response = jsonify(location="/access")
    set_cookie(response, session_cookie(), done.cookie)
    return response


@pages.get("/touch")
def touch_page() -> str:
    """Ask for a fresh touch, then go back to *next*."""
    viewer()
    return render_template("touch.html", next=next_path(request.args.get("next", "")))


@pages.post("/touch/options")
def touch_options() -> Response:
    return jsonify(tap.begin(parts(), viewer(), action=tap.TOUCH, browser=browser()))


@pages.post("/touch/finish")
def touch_finish() -> Response:
    """Count the touch for this session; the session's cookie changes with it."""
    cookie = tap.touch_session(parts(), viewer(), finish_tap())
    response = jsonify(location=next_path(request.args.get("next", "")))
    set_cookie(response, session_cookie(), cookie)
    return response


def finish_tap() -> tap.Tap:
    """Verify the touch that this request's JSON body brings."""
    body = json_object()
    return tap.finish(
        parts(),
        viewer(),
        ceremony=text_of(body, "ceremony"),
        credential=credential_of(body),
        browser=browser(),
    )


def text_of(body: dict[str, Any], name: str, *, needed: bool = True) -> str:
    """Return a text member of a JSON body. Raises Invalid without it."""
    value = body.get(name, None if needed else "")
    if not isinstance(value, str) or (needed and not value):
        raise Invalid(f"`{name}` is needed", code="field-missing")
    return value


def credential_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return the key's answer in a JSON body. Raises Invalid without it."""
    value = body.get("credential")
    if not isinstance(value, dict):
        raise Invalid("`credential` is needed", code="field-missing")
    return value
