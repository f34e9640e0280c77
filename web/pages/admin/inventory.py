"""The inventory: physical keys from their batch to their owners, and what of it waits for somebody."""

from __future__ import annotations

from flask import Response, jsonify, request

from domain.custody import ItemState, Step
from domain.errors import DoorwardError
from flows import approval, custody
from flows.console import Change, carry_out, carry_out_tapped
from flows.inventory_view import item_page, list_items, on_the_way
from web.body import json_object
from web.pages.admin.console import Answer, Form, area, begin_tap, number, page, said, see
from web.pages.session import finish_tap, text_of
from web.state import admin, parts, viewer

pages = area("inventory")
STATES = (("", "Any state"), *((state.value, state.value.capitalize()) for state in ItemState))


@pages.get("/admin/keys/inventory")
def inventory() -> Answer:
    admin("view", "keys")
    return _list(Form({}))


@pages.post("/admin/keys/inventory")
def receive() -> Answer:
    """Enter the keys of a batch, one serial number a line."""
    admin("manage", "keys")
    form = Form.posted(("batch", "model", "serials", "unmarked"))
    serials: list[str | None] = [line.strip() for line in form["serials"].splitlines() if line.strip()]
    serials += [None] * min(number(form["unmarked"]) or 0, 999)
    form.need(batch="Write the batch: the order or delivery.", model="Write the model.")
    if not serials:
        form.note("serials", "Write the serial numbers, or how many keys have none.")
    by = viewer().person_id
    done = form.attempt(
        lambda session: custody.receive(
            session, parts(), batch=form["batch"], model=form["model"], serials=serials, by=by
        )[1],
        {"inventory-serial": "serials"},
        "serials",
    )
    return see("/admin/keys/inventory") if done else _list(form)


@pages.get("/admin/keys/shipments")
def shipments() -> Answer:
    """What waits for approval, for the courier, or for word of its arrival."""
    admin("view", "keys")
    with parts().db.read() as session:
        rows = on_the_way(session)
    return page("shipments.html", active="keys", rows=rows)


@pages.get("/admin/keys/inventory/<item_id>")
def item(item_id: str) -> Answer:
    admin("view", "keys")
    return _item(item_id)


@pages.post("/admin/keys/inventory/<item_id>/serial")
def note_serial(item_id: str) -> Answer:
    admin("manage", "keys")
    by, serial = viewer().person_id, request.form.get("serial", "")
    return _done(item_id, lambda s: custody.note_serial(s, parts(), item_id, serial, by=by))


@pages.post("/admin/keys/inventory/<item_id>/assign")
def assign(item_id: str) -> Answer:
    """Give the key to a person at an address; of the address a digest is kept."""
    admin("manage", "keys")
    by, form = viewer().person_id, request.form
    person, address = form.get("person", ""), form.get("address", "")
    return _done(item_id, lambda s: custody.assign(s, parts(), item_id, person, address, by=by))


@pages.post("/admin/keys/inventory/<item_id>/ship")
def ship(item_id: str) -> Answer:
    admin("manage", "keys")
    by, form = viewer().person_id, request.form
    carrier, reference = form.get("carrier", ""), form.get("reference", "")
    return _done(
        item_id, lambda s: custody.ship(s, parts(), item_id, carrier=carrier, reference=reference, by=by)
    )


@pages.post("/admin/keys/inventory/<item_id>/delivered")
def delivered(item_id: str) -> Answer:
    admin("manage", "keys")
    by = viewer().person_id
    return _done(item_id, lambda s: custody.move(s, parts(), item_id, Step.DELIVERED, by=by))


@pages.post("/admin/keys/inventory/<item_id>/approve/options")
def approve_options(item_id: str) -> Response:
    """Compare the address that was typed, then ask for a touch over recipient, address and serial."""
    admin("manage", "keys")
    address = text_of(json_object(), "contract_address", needed=False)
    return begin_tap(approval.compared(parts(), item_id, address=address, by=viewer().person_id))


@pages.post("/admin/keys/inventory/<item_id>/approve/finish")
def approve(item_id: str) -> Response:
    admin("manage", "keys")
    by, touch = viewer().person_id, finish_tap()
    action = approval.action_of(item_page(parts(), item_id, by=by).row.item)
    signature = touch.signature_id
    carry_out_tapped(
        parts(),
        touch,
        lambda _reason: action,
        lambda s, _reason: approval.approve(
            s, parts(), item_id, digest=action["digest"], by=by, signature_id=signature
        ),
    )
    return jsonify(location=f"/admin/keys/inventory/{item_id}")


def _done(item_id: str, change: Change) -> Answer:
    try:
        carry_out(parts(), change)
    except DoorwardError as error:
        return _item(item_id, problem=said(error), status=error.status)
    return see(f"/admin/keys/inventory/{item_id}")


def _item(item_id: str, *, problem: str = "", status: int = 200) -> Answer:
    found = item_page(parts(), item_id, by=viewer().person_id)
    typed = request.form if problem else {}
    return page("key_item.html", active="keys", found=found, problem=problem, typed=typed, status=status)


def _list(form: Form) -> Answer:
    state, before = request.args.get("state", ""), request.args.get("before", "")
    found = list_items(parts(), state=state, before=before)
    return page(
        "inventory.html", form=form, active="keys", found=found, state=state, states=STATES, before=before
    )
