"""People: the list, and entering somebody."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from flask import request

from domain.errors import DoorwardError
from flows.console import Engaged, enter_person
from flows.people_view import list_people
from web.pages.admin.console import Answer, Form, area, page
from web.state import admin, parts, viewer

pages = area("people")

ROLES = (
    ("role:admin", "Admin", "runs the place: people, keys, laptops, resources, services, networks"),
    ("role:policy-author", "Policy author", "writes and publishes the rules"),
    ("role:approver", "Approver", "reads the rules before they count"),
    ("role:reviewer", "Reviewer", "looks into people, keys, laptops and decisions"),
    ("role:auditor", "Auditor", "reads everything, changes nothing"),
    ("role:sponsor", "Sponsor", "answers for the people they brought in"),
)
STATES = (("", "Any state"), ("active", "Active"), ("suspended", "Suspended"))
ENGAGEMENT = ("vendor", "sponsor", "project", "starts", "ends")
_FIELDS = {
    "login-name": "name",
    "login-name-taken": "name",
    "display-name": "display_name",
    "engagement-window": "ends",
    "engagement-fields": "vendor",
    "group-name": "groups",
    "assignment-exists": "groups",
}


@pages.get("/admin/people")
def people() -> Answer:
    admin("view", "people")
    search, state = request.args.get("q", "").strip()[:128], request.args.get("state", "")
    after = request.args.get("after", "")
    found = list_people(parts(), search=search, state=state, after=after)
    return page(
        "people.html", active="people", found=found, q=search, state=state, states=STATES, after=after
    )


@pages.get("/admin/people/new")
def new_person_page() -> Answer:
    admin("manage", "people")
    today = parts().clock.now().date().isoformat()
    return _new_page(Form({"starts": today, "kind": request.args.get("kind", ""), "roles": []}))


@pages.post("/admin/people/new")
def new_person() -> Answer:
    """Enter a person and show, once, the link that registers their key."""
    admin("manage", "people")
    form = Form.posted(("display_name", "name", "kind", "groups", *ENGAGEMENT), ("roles",))
    form.need(display_name="Write the person's name.", name="Write a login name.")
    engaged = read_engagement(form) if form["kind"] != "staff" else None
    roles = [*form["roles"], *(_group(word) for word in form["groups"].replace(",", " ").split())]
    if form.errors:
        return _new_page(form)
    try:
        made = enter_person(
            parts(),
            name=form["name"],
            display_name=form["display_name"],
            engaged=engaged,
            roles=list(dict.fromkeys(roles)),
            by=viewer().person_id,
        )
    except DoorwardError as error:
        form.note_error(error, _FIELDS, "name")
        return _new_page(form)
    return page("invite.html", active="people", made=made, name=form["display_name"], entered=True)


def read_engagement(form: Form) -> Engaged | None:
    """Return the engagement that was typed, or None after noting what is wrong with it."""
    form.need(
        vendor="Write the vendor: the company that sends the person.",
        sponsor="Write the sponsor: who answers for the person here.",
        project="Write what they work on.",
    )
    starts = _moment(form, "starts", time(0, 0))
    ends = _moment(form, "ends", time(23, 59, 59))
    if starts and ends and starts >= ends:
        form.note("ends", "The last day must not be before the first.")
    if starts is None or ends is None or form.errors:
        return None
    return Engaged(form["vendor"], form["sponsor"], form["project"], starts, ends)


def _moment(form: Form, name: str, at: time) -> datetime | None:
    """Return the moment *at* (UTC) on the typed day."""
    try:
        return datetime.combine(date.fromisoformat(form[name]), at, UTC)
    except ValueError:
        form.note(name, "Choose a day, for example 2027-01-31.")
        return None


def _group(word: str) -> str:
    return word if ":" in word else f"role:{word}"


def _new_page(form: Form) -> Answer:
    return page("person_new.html", form=form, active="people", roles=ROLES, staff=form["kind"] == "staff")
