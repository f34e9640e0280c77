"""Keys in the hands of their owners: name one, stop one, add a second; and stop a lost one by its code."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from domain.errors import DoorwardError, NotFound
from flows import key_states, second_key
from flows.console import carry_out, carry_out_tapped
from flows.mine import my_things
from flows.stop_code import StoppedAlready, stop_by_code
from models.keys import Credential
from web.body import json_object
from web.edge import browser, require_same_origin
from web.once import STOP_CODE, STOPPED, carried, carry, shown
from web.pages.admin.console import begin_tap, said
from web.pages.keys import call_keys
from web.pages.session import credential_of, finish_tap, text_of
from web.state import parts, viewer

pages = Blueprint("own_keys", __name__)
LOST = "lost, reported by its owner"


@pages.before_request
def _guard() -> None:
    if request.method not in {"GET", "HEAD"}:
        require_same_origin()


@pages.get("/lost")
def lost_page() -> str | BaseResponse:
    """Ask for the stop code of a key that was lost. Nobody needs to be logged in."""
    if carried(STOPPED) is not None:
        return shown(_lost("stopped"))
    return _lost()


@pages.post("/lost")
def lost() -> str | tuple[str, int]:
    try:
        stop_by_code(parts(), code=request.form.get("code", ""), address=g.client_address)
    except StoppedAlready as error:
        return _lost("already"), error.status
    except DoorwardError as error:
        return _lost(problem=said(error)), error.status
    return _lost("stopped")


def _lost(done: str = "", *, problem: str = "") -> str:
    """Return the page of lost keys. *done*: stopped, already (it was before), or empty while it asks."""
    return render_template("lost.html", done=done, problem=problem)


@pages.post("/keys/<key_id>/name")
def name(key_id: str) -> BaseResponse:
    """Name a key of mine."""
    me, nickname = viewer().person_id, request.form.get("nickname", "")
    carry_out(parts(), lambda session: key_states.name_key(session, me, key_id, nickname))
    return redirect("/keys", 303)


@pages.get("/keys/<key_id>/stop")
def stop_page(key_id: str) -> str:
    """Say what ends with a key of mine, before it ends."""
    me, mine = viewer(), my_things(parts(), viewer())
    others = [key for key in mine.keys if key.id != key_id and key.state == "active"]
    here = key_id == me.credential_id
    key, called = _mine(mine.keys, key_id), call_keys(mine.keys)
    return render_template("key_stop.html", key=key, called=called[key.id], others=others, here=here)


@pages.post("/keys/<key_id>/stop/options")
def stop_options(key_id: str) -> Response:
    _mine(my_things(parts(), viewer()).keys, key_id)
    return begin_tap(key_states.action_of("lost", key_id, LOST))


@pages.post("/keys/<key_id>/stop/finish")
def stop(key_id: str) -> Response:
    me = viewer()
    carry_out_tapped(
        parts(),
        finish_tap(),
        lambda reason: key_states.action_of("lost", key_id, reason),
        lambda session, reason: key_states.stop_own(session, parts(), me.person_id, key_id, reason=reason),
    )
    if key_id != me.credential_id:
        return jsonify(location="/keys")
    response = jsonify(location="/lost")  # the session ended with its key: only public pages are left
    carry(response, STOPPED)
    return response


@pages.get("/keys/add")
def add_page() -> str:
    """Ask for a touch of the key I have, before another one is registered."""
    viewer()
    return render_template("key_add.html", touched="")


@pages.post("/keys/add/options")
def add_options() -> Response:
    return begin_tap(second_key.ADD)


@pages.post("/keys/add/finish")
def add_touched() -> Response:
    return jsonify(location=f"/keys/add/{finish_tap().signature_id}")


@pages.get("/keys/add/<signature_id>")
def add_key_page(signature_id: str) -> str | BaseResponse:
    """Register the second key; the touch of the first one holds for a minute."""
    if not second_key.is_touched(parts(), viewer(), signature_id):
        return redirect("/keys/add", 303)
    return render_template("key_add.html", touched=signature_id[:64])


@pages.post("/keys/add/<signature_id>/options")
def add_key_options(signature_id: str) -> Response:
    return jsonify(second_key.begin(parts(), viewer(), signature_id=signature_id, browser=browser()))


@pages.post("/keys/add/<signature_id>/finish")
def add_key(signature_id: str) -> Response:  # noqa: ARG001 (the challenge knows the touch)
    body = json_object()
    added = second_key.finish(
        parts(),
        viewer(),
        ceremony=text_of(body, "ceremony"),
        credential=credential_of(body),
        browser=browser(),
        address=g.client_address,
    )
    response = jsonify(location="/keys/added")
    carry(response, STOP_CODE, added.stop_code)
    return response


@pages.get("/keys/added")
def added_page() -> BaseResponse:
    """Show the stop code of the new key, once."""
    viewer()
    code = carried(STOP_CODE)
    if code is None:
        return redirect("/keys", 303)
    return shown(render_template("key_added.html", stop_code=code))


def _mine(keys: Any, key_id: str) -> Credential:
    found: Credential | None = next((key for key in keys if key.id == key_id), None)
    if found is None:
        raise NotFound("there is no such key of yours")
    return found
