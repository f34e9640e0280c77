"""Who can reach this, what can they reach, and why? The rules, asked the other way round.

For those who may view both the policy and the people: the answer tells what
rules ask for, and who belongs to what.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request

from domain.errors import Invalid
from flows.reach import what_reaches, who_reaches
from flows.services_view import list_resources
from policies.names import ANY
from policies.reverse import Entry, Ground
from web.pages.admin.console import Answer, Form, address, area, page
from web.state import admin, parts

pages = area("reach")

_NAMES = ("resource", "action", "q", "show", "cursor")
_SHOW_PEOPLE = (("", "Whoever can"), ("cannot", "Whoever cannot"), ("all", "Everybody"))
_SHOW_DOORS = (("", "What they can"), ("cannot", "What they cannot"), ("all", "Everything"))
_ONLY: dict[str, bool | None] = {"cannot": False, "all": None}
_FIELDS = {"resource-id": "resource", "action-name": "action"}


@pages.get("/admin/reach")
def who() -> Answer:
    """Ask who can do an action on a resource; without one, ask for which."""
    admin("view", "policy")
    admin("view", "people")
    form = _asked()
    registered = {row.id: row for row, _service in list_resources(parts())}
    if not form["resource"]:
        return page("reach_ask.html", form=form, active="resources", registered=registered.values())
    row = registered.get(form["resource"])
    form.values["action"] = form["action"] or (row.actions[0] if row else "read")
    try:
        found = who_reaches(
            parts(),
            action=form["action"],
            resource=form["resource"],
            search=form["q"],
            only=_ONLY.get(form["show"], True),
            cursor=form["cursor"],
        )
    except Invalid as error:
        if error.code not in _FIELDS:
            raise
        form.note_error(error, _FIELDS, "resource")
        return page("reach_ask.html", form=form, active="resources", registered=registered.values())
    known = {action for row in found.covering for action in row.actions} | {form["action"]}
    return page(
        "reach_who.html",
        form=form,
        active="resources",
        found=found,
        actions=[(action, action) for action in sorted(known)],
        show=_SHOW_PEOPLE,
        closing=_closing_for_everybody(found.page.entries),
        **_turning("/admin/reach", form, found.page.next),
    )


@pages.get("/admin/people/<person_id>/reach")
def what(person_id: str) -> Answer:
    """Ask what one person can do with each resource that is registered."""
    admin("view", "policy")
    admin("view", "people")
    form = _asked()
    found = what_reaches(
        parts(),
        person_id,
        actions=[form["action"]] if form["action"] else [],
        search=form["q"],
        only=_ONLY.get(form["show"], True),
        cursor=form["cursor"],
    )
    known = sorted({action for row, _service in list_resources(parts()) for action in row.actions})
    return page(
        "reach_what.html",
        form=form,
        active="people",
        found=found,
        actions=[("", "Any action"), *((action, action) for action in known)],
        show=_SHOW_DOORS,
        **_turning(f"/admin/people/{person_id}/reach", form, found.page.next),
    )


def _asked() -> Form:
    """Return what the address asks, cut to a length that is never needed."""
    return Form({name: request.args.get(name, "").strip()[:2048] for name in _NAMES})


def _turning(here: str, form: Form, following: str) -> dict[str, Any]:
    """Return the addresses of the first page and of the following one, where there are such."""
    asked = {name: form[name] for name in _NAMES if name != "cursor"}
    return {
        "first": address(here, **asked) if form["cursor"] else "",
        "following": address(here, **asked, cursor=following) if following else "",
    }


def _closing_for_everybody(entries: Iterable[Entry]) -> list[Ground]:
    """Return the rules that close this for everybody: said once, and not for each person."""
    found = {ground.rule.id: ground for entry in entries for ground in entry.forbids}
    return [ground for ground in found.values() if ground.rule.subject == ANY]
