"""Unannounced touches: what became of them, asking several people at once, and when a person works."""

from __future__ import annotations

from flask import Response, g, jsonify, redirect, request
from sqlalchemy.orm import Session

from domain.errors import DoorwardError, Invalid
from flows.console import carry_out_tapped
from flows.contention import WhomToAsk, contend, contention_action
from flows.parts import Event
from flows.people_view import person_page
from flows.presence_hours import HoursForm, clock_minutes, clock_words, declare
from flows.presence_view import list_rounds, person_askings, round_page, who_is_there
from web.body import json_object
from web.once import DECLARED, carried, carry, shown
from web.pages.admin.console import Answer, Form, area, begin_tap, page, reason_asked
from web.pages.presence import DAYS
from web.pages.session import finish_tap
from web.state import admin, parts, viewer

pages = area("presence")
HOURS = ("zone", "starts", "ends", "mean_gap")
_FIELDS = {"hours-zone": "zone", "hours-days": "days", "hours-gap": "mean_gap", "hours-time": "ends"}


@pages.get("/admin/presence")
def rounds() -> Answer:
    admin("view", "keys")
    before = request.args.get("before", "")
    return page("presence.html", active="keys", found=list_rounds(parts(), before=before), before=before)


@pages.get("/admin/presence/new")
def new_round() -> Answer:
    """Choose whom to ask now, of those who are there."""
    admin("manage", "keys")
    me = viewer().person_id
    window = int(parts().limits.presence_window.total_seconds())
    choices = [
        (person.id, person.display_name, person.login_name)
        for person in who_is_there(parts())
        if person.id != me
    ]
    return page("presence_new.html", active="keys", choices=choices, window=window)


@pages.post("/admin/presence/new/options")
def new_round_options() -> Response:
    admin("manage", "keys")
    people = json_object().get("people", [])
    people = [people] if isinstance(people, str) else people
    if not isinstance(people, list) or not all(isinstance(each, str) for each in people):
        raise WhomToAsk("`people` is a list of ids")
    return begin_tap(contention_action(people, reason_asked()))


@pages.post("/admin/presence/new/finish")
def open_new_round() -> Response:
    admin("manage", "keys")
    by = viewer().person_id
    touch = finish_tap()
    people = [str(each) for each in touch.action.get("people", ())]
    opened: list[str] = []

    def change(session: Session, reason: str) -> list[Event]:
        events = contend(session, parts(), people, reason=reason, by=by)
        opened.append(events[0].details["round"])
        return events

    carry_out_tapped(parts(), touch, lambda reason: contention_action(people, reason), change)
    return jsonify(location=f"/admin/presence/{opened[0]}")


@pages.get("/admin/presence/<round_id>")
def one_round(round_id: str) -> Answer:
    admin("view", "keys")
    return page("presence_round.html", active="keys", found=round_page(parts(), round_id))


@pages.get("/admin/people/<person_id>/hours")
def hours_page(person_id: str) -> Answer:
    admin("view", "people")
    row = person_askings(parts(), person_id).hours
    typed = {"zone": "", "days": [], "starts": "09:00", "ends": "17:00", "mean_gap": "240"}
    if row is not None:
        typed = {
            "zone": row.zone,
            "days": [str(day) for day in row.days],
            "starts": clock_words(row.starts),
            "ends": "00:00" if row.ends == 24 * 60 else clock_words(row.ends),
            "mean_gap": str(row.mean_gap),
        }
    if carried(DECLARED) is None:
        return _hours(person_id, Form(typed))
    g.flash = ("open", "The hours are declared. What was drawn before counts no more.")
    return shown(_hours(person_id, Form(typed)))


@pages.post("/admin/people/<person_id>/hours")
def declare_hours(person_id: str) -> Answer:
    """Declare a person's hours; the next asking is drawn anew."""
    admin("manage", "people")
    form = Form.posted(HOURS, ("days",))
    by = viewer().person_id
    try:
        read = _read(form)
    except DoorwardError as error:
        form.note_error(error, _FIELDS, "ends")
        return _hours(person_id, form)
    done = form.attempt(lambda session: declare(session, parts(), person_id, read, by=by), _FIELDS, "zone")
    if not done:
        return _hours(person_id, form)
    response = redirect(f"/admin/people/{person_id}/hours", 303)
    carry(response, DECLARED)
    return response


def _read(form: Form) -> HoursForm:
    gap = form["mean_gap"]
    if not (gap.isascii() and gap.isdigit() and len(gap) < 6):
        raise Invalid(
            "the mean gap is a number of minutes", code="hours-gap", remedy="Write 0 to ask nothing."
        )
    days = tuple(int(day) for day in form["days"] if day in {"0", "1", "2", "3", "4", "5", "6"})
    starts, ends = clock_minutes(form["starts"]), clock_minutes(form["ends"])
    # A browser's field of time knows no 24:00.
    return HoursForm(form["zone"], days, starts, ends or 24 * 60, int(gap))


def _hours(person_id: str, form: Form) -> Answer:
    return page(
        "person_hours.html",
        form=form,
        active="people",
        person=person_page(parts(), person_id).row.person,
        found=person_askings(parts(), person_id),
        days=[(str(number), name) for number, name in enumerate(DAYS)],
    )
