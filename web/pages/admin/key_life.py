"""A key's life in the hands of admins: activated by a second person, or by a code that they tell."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, jsonify
from sqlalchemy.orm import Session

from audit.events import Event
from domain.errors import DoorwardError, NotFound
from flows import activate, console, key_states, keys
from flows.console import carry_out_tapped
from flows.inventory_view import apart_of
from flows.people_view import person_page
from web.pages.admin.console import Answer, area, begin_tap, page, reason_asked, said
from web.pages.session import finish_tap
from web.state import admin, parts, viewer

pages = area("key_life")


@pages.post("/admin/people/<person_id>/code")
def code(person_id: str) -> Answer:
    """Make a new activation code, shown once."""
    admin("manage", "keys")
    name = person_page(parts(), person_id).row.person.display_name
    try:
        made = console.activation_code(parts(), person_id, by=viewer().person_id)
    except DoorwardError as error:
        return page(
            "key_refused.html", active="people", problem=said(error), status=error.status, back=person_id
        )
    return page("invite.html", active="people", made=made, name=name, entered=False)


@pages.get("/admin/keys/<key_id>/activate")
def activate_page(key_id: str) -> Answer:
    """Say what a touch would activate, and for whom."""
    admin("manage", "keys")
    found = keys.key_page(parts(), key_id)
    own, apart = found.owner.id == viewer().person_id, apart_of(parts(), found.key)
    return page("key_activate.html", active="keys", found=found, own=own, apart=apart)


@pages.post("/admin/keys/<key_id>/activate/options")
def activate_options(key_id: str) -> Response:
    admin("manage", "keys")
    found = keys.key_page(parts(), key_id)
    activate.refuse_own(found.owner.id, viewer().person_id)
    return begin_tap(activate.activation_action(found.key))


@pages.post("/admin/keys/<key_id>/activate/finish")
def activate_key(key_id: str) -> Response:
    admin("manage", "keys")
    by = viewer().person_id
    action = activate.activation_action(keys.key_page(parts(), key_id).key)
    carry_out_tapped(
        parts(),
        finish_tap(),
        lambda _reason: action,
        lambda session, _reason: activate.activate_for(session, parts(), key_id, by=by),
    )
    return jsonify(location=f"/admin/keys/{key_id}")


@pages.get("/admin/keys/<key_id>/change/<change>")
def change_page(key_id: str, change: str) -> Answer:
    """Say what a change of state would end, or begin again."""
    admin("manage", "keys")
    found = keys.key_page(parts(), key_id)
    own = found.owner.id == viewer().person_id
    return page("key_change.html", active="keys", found=found, change=_change(change), own=own)


@pages.post("/admin/keys/<key_id>/change/<change>/options")
def change_options(key_id: str, change: str) -> Response:
    admin("manage", "keys")
    return begin_tap(key_states.action_of(_change(change), key_id, reason_asked()))


@pages.post("/admin/keys/<key_id>/change/<change>/finish")
def change_key(key_id: str, change: str) -> Response:
    admin("manage", "keys")
    by, what = viewer().person_id, _change(change)

    def carry_out_change(session: Session, reason: str) -> Sequence[Event]:
        if what == "reinstated":
            return key_states.reinstate(session, parts(), key_id, reason=reason, by=by)
        return key_states.stop(session, parts(), key_id, what, reason=reason, by=by)

    carry_out_tapped(
        parts(),
        finish_tap(),
        lambda reason: key_states.action_of(what, key_id, reason),
        carry_out_change,
    )
    return jsonify(location=f"/admin/keys/{key_id}")


def _change(presented: str) -> str:
    if presented not in key_states.MAY_FOLLOW:
        raise NotFound("a key cannot be changed like that")
    return presented
