"""Unannounced touches as a contractor meets them: the question, its page, and what became of earlier ones."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request

from domain.errors import Invalid
from flows import presence_answer
from flows.presence_hours import clock_words
from flows.presence_view import my_askings
from web.body import json_object
from web.edge import browser, require_same_origin
from web.state import parts, quiet_viewer, viewer

pages = Blueprint("presence", __name__)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pages.before_request
def _guard() -> None:
    if request.method not in {"GET", "HEAD"}:
        require_same_origin()


@pages.get("/presence")
def history() -> str:
    """Say when the viewer may be asked, and what became of earlier askings."""
    found = my_askings(parts(), viewer())
    day_names = [DAYS[day] for day in found.hours.days] if found.hours else []
    return render_template("presence.html", found=found, day_names=day_names, clock=clock_words)


@pages.get("/presence/now")
def now() -> Response | tuple[str, int]:
    """Tell a page whether its session is asked now. Nobody did anything: it is no activity."""
    found = quiet_viewer()
    asked = presence_answer.asked_now(parts(), found) if found is not None else None
    if asked is None:
        return "", 204
    seconds = (asked.deadline - parts().clock.now()).total_seconds()
    answer = jsonify(check=asked.id, kind=asked.kind, seconds=max(0, round(seconds)))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.get("/presence/<check_id>")
def check(check_id: str) -> str:
    """Say why, how long, and what happens; the touch itself."""
    me = viewer()
    found, round_ = presence_answer.look(parts(), me, check_id)
    return render_template(
        "presence_check.html",
        check=found,
        round=round_,
        mine=found.session_id == me.session_id,
        sponsor=me.sponsor,
        asked_banner=False,
    )


@pages.post("/presence/<check_id>/options")
def options(check_id: str) -> Response:
    return jsonify(presence_answer.begin(parts(), viewer(), check_id, browser=browser()))


@pages.post("/presence/<check_id>/finish")
def finish(check_id: str) -> Response:
    body = json_object()
    ceremony, credential = body.get("ceremony"), body.get("credential")
    if not isinstance(ceremony, str) or not isinstance(credential, dict):
        raise Invalid("`ceremony` and `credential` are needed", code="field-missing")
    presence_answer.finish(parts(), viewer(), ceremony=ceremony, credential=credential, browser=browser())
    return jsonify(location=f"/presence/{check_id}")
