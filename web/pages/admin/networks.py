"""Networks: what an address means here, and the tables that are asked where nobody named it."""

from __future__ import annotations

from flows import catalog
from flows.console import carry_out
from flows.networks_view import KINDS, kind_named, networks_page
from web.pages.admin.console import Answer, Form, area, number, page, see
from web.state import admin, parts, viewer

pages = area("networks")
_NAMES = ("cidr", "label", "kind", "country", "asn")


@pages.get("/admin/networks")
def networks() -> Answer:
    admin("view", "networks")
    return _page(Form({"kind": "residential"}))


@pages.post("/admin/networks")
def name_network() -> Answer:
    """Say what a network is, from now on."""
    admin("manage", "networks")
    form = Form.posted(_NAMES)
    form.need(cidr="Write the network, for example 198.51.100.0/24.", label="Write what you call it.")
    asn = number(form["asn"]) if form["asn"] else None
    if form["asn"] and asn is None:
        form.note("asn", "Write the network number in digits, for example 64500.")
    by = viewer().person_id
    done = form.attempt(
        lambda session: catalog.name_network(
            session,
            parts(),
            cidr=form["cidr"],
            label=form["label"],
            kind=kind_named(form["kind"]),
            country=form["country"].upper() or None,
            asn=asn,
            by=by,
        ),
        {"network-kind": "kind"},
        "cidr",
    )
    return see("/admin/networks") if done else _page(form)


@pages.post("/admin/networks/<network_id>/remove")
def remove(network_id: str) -> Answer:
    admin("manage", "networks")
    by = viewer().person_id
    carry_out(parts(), lambda session: catalog.remove_network(session, network_id, by=by))
    return see("/admin/networks")


def _page(form: Form) -> Answer:
    return page("networks.html", form=form, active="networks", found=networks_page(parts()), kinds=KINDS)
