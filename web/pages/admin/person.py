"""One person: engagements, memberships, keys, laptops, sessions, what happened; and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from flask import Response, jsonify

from domain.errors import DoorwardError
from flows import people
from flows.console import carry_out, carry_out_tapped, engage, invite
from flows.people_view import engagement_of, person_page
from flows.presence_view import person_askings
from web.pages.admin.console import Answer, Form, area, begin_tap, can, page, reason_asked, said, see
from web.pages.admin.decisions import first_sentence
from web.pages.admin.events import timeline
from web.pages.admin.people import ENGAGEMENT, read_engagement
from web.pages.session import finish_tap
from web.state import admin, parts, viewer

pages = area("person")
_MEMBERSHIP = {"assignment-window": "not_after"}


@pages.get("/admin/people/<person_id>")
def person(person_id: str) -> Answer:
    admin("view", "people")
    return _page(person_id)


@pages.post("/admin/people/<person_id>/invite")
def invite_again(person_id: str) -> Answer:
    """Make a link for a person without a key, shown once."""
    admin("manage", "people")
    found = person_page(parts(), person_id)
    try:
        made = invite(parts(), person_id, by=viewer().person_id)
    except DoorwardError as error:
        return _page(person_id, problem=said(error), status=error.status)
    name = found.row.person.display_name
    return page("invite.html", active="people", made=made, name=name, entered=False)


@pages.post("/admin/people/<person_id>/memberships")
def assign(person_id: str) -> Answer:
    """Give a role or group, perhaps with a last day."""
    admin("manage", "people")
    form = Form.posted(("group", "not_after"))
    form.need(group="Write a role or group, for example role:support.")
    not_after = None
    if form["not_after"]:
        try:
            day = datetime.strptime(form["not_after"], "%Y-%m-%d").replace(tzinfo=UTC)
            not_after = datetime.combine(day.date(), time(23, 59, 59), UTC)
        except ValueError:
            form.note("not_after", "Choose a day, for example 2027-01-31.")
    group = form["group"] if ":" in form["group"] else f"role:{form['group']}"
    by = viewer().person_id
    done = form.attempt(
        lambda session: people.assign(session, parts(), person_id, group, not_after=not_after, by=by),
        _MEMBERSHIP,
        "group",
    )
    return see(f"/admin/people/{person_id}") if done else _page(person_id, form=form)


@pages.post("/admin/people/<person_id>/memberships/<membership_id>/end")
def unassign(person_id: str, membership_id: str) -> Answer:
    admin("manage", "people")
    by = viewer().person_id
    try:
        carry_out(parts(), lambda session: people.unassign(session, parts(), membership_id, by=by))
    except DoorwardError as error:
        return _page(person_id, problem=said(error), status=error.status)
    return see(f"/admin/people/{person_id}")


@pages.get("/admin/people/<person_id>/engagements/new")
def new_engagement_page(person_id: str) -> Answer:
    admin("manage", "people")
    return _engagement_page(person_id, Form({"starts": parts().clock.now().date().isoformat()}))


@pages.post("/admin/people/<person_id>/engagements/new")
def new_engagement(person_id: str) -> Answer:
    admin("manage", "people")
    form = Form.posted(ENGAGEMENT)
    engaged = read_engagement(form)
    if engaged is None:
        return _engagement_page(person_id, form)
    engage(parts(), person_id, engaged, by=viewer().person_id)
    return see(f"/admin/people/{person_id}")


@pages.post("/admin/people/<person_id>/resume")
def resume(person_id: str) -> Answer:
    admin("manage", "people")
    by = viewer().person_id
    try:
        carry_out(parts(), lambda session: people.resume(session, person_id, by=by))
    except DoorwardError as error:
        return _page(person_id, problem=said(error), status=error.status)
    return see(f"/admin/people/{person_id}")


@pages.get("/admin/people/<person_id>/suspend")
def suspend_page(person_id: str) -> Answer:
    """Say what will end, before it ends."""
    admin("manage", "people")
    return page("person_suspend.html", active="people", found=person_page(parts(), person_id))


@pages.post("/admin/people/<person_id>/suspend/options")
def suspend_options(person_id: str) -> Response:
    admin("manage", "people")
    return begin_tap(_suspension(person_id, reason_asked()))


@pages.post("/admin/people/<person_id>/suspend/finish")
def suspend(person_id: str) -> Response:
    admin("manage", "people")
    by = viewer().person_id
    carry_out_tapped(
        parts(),
        finish_tap(),
        lambda reason: _suspension(person_id, reason),
        lambda session, reason: people.suspend(session, parts(), person_id, reason=reason, by=by),
    )
    return jsonify(location=f"/admin/people/{person_id}")


@pages.get("/admin/people/<person_id>/engagements/<engagement_id>/end")
def end_engagement_page(person_id: str, engagement_id: str) -> Answer:
    admin("manage", "people")
    engagement = engagement_of(parts(), person_id, engagement_id)
    found = person_page(parts(), person_id)
    return page("engagement_end.html", active="people", found=found, engagement=engagement)


@pages.post("/admin/people/<person_id>/engagements/<engagement_id>/end/options")
def end_engagement_options(person_id: str, engagement_id: str) -> Response:
    admin("manage", "people")
    engagement_of(parts(), person_id, engagement_id)
    return begin_tap(_ending(engagement_id))


@pages.post("/admin/people/<person_id>/engagements/<engagement_id>/end/finish")
def end_engagement(person_id: str, engagement_id: str) -> Response:
    admin("manage", "people")
    by = viewer().person_id
    carry_out_tapped(
        parts(),
        finish_tap(),
        lambda _reason: _ending(engagement_id),
        lambda session, _reason: people.end_engagement(session, parts(), engagement_id, by=by),
    )
    return jsonify(location=f"/admin/people/{person_id}")


def _suspension(person_id: str, reason: str) -> dict[str, Any]:
    return {"do": "person.suspend", "person": person_id, "reason": reason}


def _ending(engagement_id: str) -> dict[str, Any]:
    return {"do": "engagement.end", "engagement": engagement_id}


def _page(person_id: str, *, form: Form | None = None, problem: str = "", status: int = 200) -> Answer:
    found = person_page(parts(), person_id)
    events = timeline(found.records, found.names, about=person_id) if can("view", "audit") else []
    return page(
        "person.html",
        form=form or Form({}),
        status=status,
        active="people",
        found=found,
        events=events,
        sentence_of=first_sentence,
        hours=person_askings(parts(), person_id).hours,
        problem=problem,
    )


def _engagement_page(person_id: str, form: Form) -> Answer:
    return page("engagement_new.html", form=form, active="people", found=person_page(parts(), person_id))
