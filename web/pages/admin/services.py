"""Internal services: what each guards and may ask, its secret (shown once), and stopping it."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, jsonify, request

from domain.errors import DoorwardError
from domain.sites import Site, question_at
from flows import services
from flows.console import carry_out_tapped, enter_service, service_secret
from flows.services import ServiceForm
from flows.services_view import entity_types, list_services, service_page
from web.pages.admin.console import Answer, Form, area, begin_tap, page, reason_asked, said, see
from web.pages.session import finish_tap
from web.state import admin, parts, viewer

pages = area("services")

METHODS = (
    ("client_secret", "A secret", "made here, shown once"),
    ("private_key_jwt", "A key of its own", "it signs; only its public half is kept here"),
    (
        "none",
        "Nothing (public client)",
        "a browser or a laptop cannot keep a secret; PKCE protects the exchange",
    ),
)
DIALECT_WORDS = {
    "nginx": "nginx",
    "caddy": "Caddy",
    "traefik": "Traefik",
    "apache": "Apache",
    "envoy": "Envoy",
}
_LISTS = ("redirect_uris", "prefixes", "actions", "context_keys", "properties")
_NAMES = ("name", "title", "audience", "auth_method", "home_url", "jwk", "dialect", *_LISTS)
_FIELDS = {
    "service-name": "name",
    "service-name-taken": "name",
    "service-title": "title",
    "service-auth-method": "auth_method",
    "audience": "audience",
    "audience-taken": "audience",
    "home-url": "home_url",
    "redirect-uri": "redirect_uris",
    "resource-id": "prefixes",
    "resource-reserved": "prefixes",
    "action-name": "actions",
    "context-key": "context_keys",
    "property": "properties",
    "subject-type": "subject_types",
    "search-kind": "searches",
    "service-key": "jwk",
    "service-dialect": "dialect",
    "site": "sites",
    "site-taken": "sites",
}


@pages.get("/admin/services")
def all_services() -> Answer:
    admin("view", "services")
    return page("services.html", active="services", rows=list_services(parts()))


@pages.get("/admin/services/new")
def new_service_page() -> Answer:
    admin("manage", "services")
    return _form_page(Form({"auth_method": "client_secret", "subject_types": ["person"]}), None)


@pages.post("/admin/services/new")
def new_service() -> Answer:
    """Enter a service; if it proves itself by a secret, one is made and shown."""
    admin("manage", "services")
    form = _posted()
    form.need(name="Write the service's name, for example telemetry.")
    wanted = _wanted(form)
    if wanted is None or form.errors:
        return _form_page(form, None)
    try:
        id_ = enter_service(parts(), name=form["name"], form=wanted, by=viewer().person_id)
    except DoorwardError as error:
        form.note_error(error, _FIELDS, "name")
        return _form_page(form, None)
    return _secret(id_) if wanted.auth_method == "client_secret" else see(f"/admin/services/{id_}")


@pages.get("/admin/services/<service_id>")
def service(service_id: str) -> Answer:
    admin("view", "services")
    return _page(service_id)


@pages.get("/admin/services/<service_id>/edit")
def edit_page(service_id: str) -> Answer:
    admin("manage", "services")
    row = service_page(parts(), service_id).service
    values: dict[str, Any] = {name: getattr(row, name) or "" for name in _NAMES}
    values |= {name: "\n".join(getattr(row, name)) for name in _LISTS}
    values["sites"] = "\n".join(_site_line(site) for site in row.sites)
    values["subject_types"] = row.subject_types
    values["searches"] = row.searches
    values["jwk"] = json.dumps(row.jwk, indent=2) if row.jwk else ""
    return _form_page(Form(values), row)


@pages.post("/admin/services/<service_id>/edit")
def edit(service_id: str) -> Answer:
    admin("manage", "services")
    row = service_page(parts(), service_id).service
    form = _posted()
    wanted = _wanted(form)
    by = viewer().person_id
    done = wanted is not None and form.attempt(
        lambda session: services.update_service(session, parts(), service_id, form=wanted, by=by),
        _FIELDS,
        "title",
    )
    return see(f"/admin/services/{service_id}") if done else _form_page(form, row)


@pages.post("/admin/services/<service_id>/secret")
def make_secret(service_id: str) -> Answer:
    """Make a new secret, shown once; the ones before it work for a day more."""
    admin("manage", "services")
    try:
        return _secret(service_id)
    except DoorwardError as error:
        return _page(service_id, problem=said(error), status=error.status)


@pages.get("/admin/services/<service_id>/disable")
def disable_page(service_id: str) -> Answer:
    """Say what will end, before it ends."""
    admin("manage", "services")
    return page("service_disable.html", active="services", found=service_page(parts(), service_id))


@pages.post("/admin/services/<service_id>/disable/options")
def disable_options(service_id: str) -> Response:
    admin("manage", "services")
    return begin_tap(_disabling(service_id, reason_asked()))


@pages.post("/admin/services/<service_id>/disable/finish")
def disable(service_id: str) -> Response:
    admin("manage", "services")
    by = viewer().person_id
    carry_out_tapped(
        parts(),
        finish_tap(),
        lambda reason: _disabling(service_id, reason),
        lambda session, _reason: services.disable_service(session, service_id, by=by),
    )
    return jsonify(location=f"/admin/services/{service_id}")


def _disabling(service_id: str, reason: str) -> dict[str, Any]:
    return {"do": "service.disable", "service": service_id, "reason": reason}


def _posted() -> Form:
    form = Form.posted((*_NAMES, "sites"), ("subject_types", "searches"))
    form.need(
        title="Write the name that people know it by.",
        audience="Write the audience of its tokens, for example https://telemetry.example.org.",
    )
    return form


def _wanted(form: Form) -> ServiceForm | None:
    """Return what was typed, or None after noting what cannot be read."""
    jwk = None
    if form["jwk"]:
        try:
            jwk = json.loads(form["jwk"])
        except ValueError:
            jwk = ""
        if not isinstance(jwk, dict):
            form.note("jwk", "Paste one JSON object: the public half of a P-256 key as a JWK.")
            return None
    sites = _sites(form)
    if sites is None:
        return None
    return ServiceForm(
        title=form["title"],
        audience=form["audience"],
        auth_method=form["auth_method"],
        home_url=form["home_url"] or None,
        subject_types=form["subject_types"],
        searches=form["searches"],
        dialect=form["dialect"] or None,
        sites=sites,
        jwk=jwk,
        **{name: form[name].split() for name in _LISTS},
    )


def _sites(form: Form) -> tuple[Site, ...] | None:
    """Return the sites that were typed, one a line, or None after noting one that cannot be read."""
    sites = []
    for line in form["sites"].splitlines():
        words = line.split()
        if words and (len(words) not in {2, 3} or words[2:] not in ([], ["whole"])):
            form.note("sites", "Write an origin and a resource on each line, and perhaps the word whole.")
            return None
        if words:
            sites.append(Site(words[0], words[1], whole=len(words) == 3))
    return tuple(sites)


def _site_line(site: dict[str, Any]) -> str:
    return f"{site['origin']} {site['resource']}" + (" whole" if site["whole"] else "")


def _tried(sites: list[dict[str, Any]]) -> dict[str, str]:
    """Return which question the request that the page was asked about becomes, or why none."""
    method, address = request.args.get("method", "GET").strip(), request.args.get("address", "").strip()
    tried = {"method": method, "address": address, "resource": "", "refused": ""}
    if not address:
        return tried
    try:
        action, resource = question_at([Site.of(site) for site in sites], method, address)
    except DoorwardError as error:
        return {**tried, "refused": said(error), "code": error.code}
    return {**tried, "action": action, "resource": resource}


def _secret(service_id: str) -> Answer:
    made = service_secret(parts(), service_id, by=viewer().person_id)
    row = service_page(parts(), service_id).service
    return page("service_secret.html", active="services", made=made, service=row)


def _page(service_id: str, *, problem: str = "", status: int = 200) -> Answer:
    found = service_page(parts(), service_id)
    return page(
        "service.html",
        active="services",
        found=found,
        problem=problem,
        status=status,
        methods=METHODS,
        dialects=DIALECT_WORDS,
        tried=_tried(found.service.sites),
    )


def _form_page(form: Form, row: object) -> Answer:
    return page(
        "service_form.html",
        form=form,
        active="services",
        row=row,
        methods=METHODS,
        dialects=[("", "No proxy"), *DIALECT_WORDS.items()],
        kinds=[(kind, f"Entities of type {kind}") for kind in entity_types(parts())],
    )
