"""Resources: what can be opened, by which actions, guarded by which service."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from domain.access import resource_id
from flows import catalog
from flows.console import carry_out_tapped, enter_resource
from flows.services_view import list_resources, list_services, resource_page
from web.body import json_object
from web.pages.admin.console import Answer, Form, area, begin_tap, page, see
from web.pages.session import finish_tap
from web.state import admin, parts, viewer

pages = area("resources")
_NAMES = ("id", "title", "description", "actions", "service")
_FIELDS = {
    "resource-id": "id",
    "resource-known": "id",
    "action-name": "actions",
    "resource-fields": "actions",
    "not-found": "service",
}


@pages.get("/admin/resources")
def resources() -> Answer:
    admin("view", "resources")
    return page("resources.html", active="resources", rows=list_resources(parts()))


@pages.get("/admin/resources/new")
def new_resource_page() -> Answer:
    admin("manage", "resources")
    return _form_page(Form({"actions": "read"}), None)


@pages.post("/admin/resources/new")
def new_resource() -> Answer:
    admin("manage", "resources")
    form = Form.posted(_NAMES)
    form.need(id="Write the resource's id, for example data:customer-logs.")
    by = viewer().person_id
    done = _checked(form).attempt(
        lambda session: enter_resource(session, parts(), id=form["id"], by=by, **_fields(form)), _FIELDS, "id"
    )
    return see(f"/admin/resources/{form['id']}") if done else _form_page(form, None)


@pages.get("/admin/resources/remove")
def remove_page() -> Answer:
    """Say whose doors will close, before they do."""
    admin("manage", "resources")
    found = resource_page(parts(), request.args.get("id", ""))
    return page("resource_remove.html", active="resources", found=found)


@pages.post("/admin/resources/remove/options")
def remove_options() -> Response:
    admin("manage", "resources")
    found = resource_page(parts(), str(json_object().get("id", "")))
    return begin_tap(_removal(found.resource.id))


@pages.post("/admin/resources/remove/finish")
def remove() -> Response:
    admin("manage", "resources")
    by = viewer().person_id
    touch = finish_tap()
    id_ = str(touch.action.get("resource", ""))
    carry_out_tapped(
        parts(),
        touch,
        lambda _reason: _removal(id_),
        lambda session, _reason: catalog.remove_resource(session, parts(), id_, by=by),
    )
    return jsonify(location="/admin/resources")


@pages.get("/admin/resources/<path:id_>")
def resource(id_: str) -> Answer:
    admin("view", "resources")
    found = resource_page(parts(), id_)
    row = found.resource
    values = {
        "id": row.id,
        "title": row.title,
        "description": row.description,
        "actions": " ".join(row.actions),
        "service": row.service_id or "",
    }
    return _form_page(Form(values), found)


@pages.post("/admin/resources/<path:id_>")
def change_resource(id_: str) -> Answer:
    admin("manage", "resources")
    found = resource_page(parts(), resource_id(id_))
    form = Form.posted(_NAMES)
    form.values["id"] = id_
    by = viewer().person_id
    done = _checked(form).attempt(
        lambda session: catalog.save_resource(session, parts(), id=id_, by=by, **_fields(form)),
        _FIELDS,
        "title",
    )
    return see(f"/admin/resources/{id_}") if done else _form_page(form, found)


def _checked(form: Form) -> Form:
    form.need(title="Write the name that people know it by.", actions="Write at least one action.")
    return form


def _fields(form: Form) -> dict[str, Any]:
    return {
        "title": form["title"],
        "description": form["description"],
        "actions": form["actions"].replace(",", " ").split(),
        "service_id": form["service"] or None,
    }


def _removal(id_: str) -> dict[str, Any]:
    return {"do": "resource.remove", "resource": id_}


def _form_page(form: Form, found: object) -> Answer:
    services = [("", "None: it guards itself"), *((row.id, row.title) for row in list_services(parts()))]
    return page("resource.html", form=form, active="resources", found=found, services=services)
