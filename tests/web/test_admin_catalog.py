"""The console's pages about laptops, resources, services and networks."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models.catalog import service_by_name
from models.evidence import networks
from tests.web.desk import Desk, recorded
from tests.world import CLEAN, World

SERVICE: dict[str, Any] = {
    "name": "telemetry",
    "title": "Telemetry",
    "audience": "https://telemetry.example.org",
    "auth_method": "client_secret",
    "prefixes": "data:\nsvc:telemetry/",
    "actions": "read",
    "subject_types": ["person"],
}
SECRET = re.compile(r"dwp_[A-Za-z0-9_-]+")
RULES = "p, logs-read, role:support, read, data:customer-logs, tier >= 2, max 15m, allow\n"


def service_id(world: World, name: str = "telemetry") -> str:
    with world.parts.db.read() as session:
        row = service_by_name(session, name)
        assert row is not None
        return row.id


def test_a_laptop_waits_on_the_first_page_until_it_is_approved(world: World, asha: Desk) -> None:
    viewer = world.login(world.person("imani"))
    laptop = world.laptop(viewer, approved=False)

    before = asha.get("/admin").text
    approved = asha.post(f"/admin/devices/{laptop.id}/approve")
    after = asha.get("/admin").text

    assert "NL-2291" in before
    assert approved.status_code == 303
    assert "NL-2291" not in after
    assert recorded(world, "device.approved")[0][1]["device"] == laptop.id


def test_a_laptop_page_says_what_it_last_reported(world: World, asha: Desk) -> None:
    viewer = world.login(world.person("imani"))
    laptop = world.laptop(viewer)
    tool = {"name": "AnyDesk", "process": "anydesk", "pid": 7, "evidence": "listening"}
    laptop.report(viewer, CLEAN)
    world.clock.advance(minutes=1)
    laptop.report(viewer, {**CLEAN, "remote_control": [tool]})

    page = asha.get(f"/admin/devices/{laptop.id}").text

    assert "AnyDesk (listening)" in page
    assert "debian 12.7" in page
    assert "none found" in page


def test_a_laptop_that_is_revoked_cannot_be_approved_again(world: World, asha: Desk) -> None:
    laptop = world.laptop(world.login(world.person("imani")))
    asha.post(f"/admin/devices/{laptop.id}/revoke")

    page = asha.post(f"/admin/devices/{laptop.id}/approve")

    assert page.status_code == 409
    assert "The laptop is revoked." in page.text


def test_a_resource_is_entered_changed_and_linked(world: World, asha: Desk) -> None:
    entered = asha.post("/admin/resources/new", id="data:customer-logs", title="Logs", actions="read, export")
    changed = asha.post("/admin/resources/data:customer-logs", title="Customer logs", actions="read")
    page = asha.get("/admin/resources/data:customer-logs").text

    assert entered.headers["Location"] == "/admin/resources/data:customer-logs"
    assert changed.status_code == 303
    assert 'value="Customer logs"' in page
    assert [details["actions"] for _, details in recorded(world, "resource.saved")] == [
        ["read"],
        ["read", "export"],
    ]


@pytest.mark.parametrize(
    ("typed", "status", "field"),
    [
        ({"id": "customer logs", "title": "Logs", "actions": "read"}, 400, "id"),
        ({"id": "doorward:people", "title": "Ours", "actions": "read"}, 400, "id"),
        ({"id": "data:logs", "title": "", "actions": "read"}, 400, "title"),
        ({"id": "data:logs", "title": "Logs", "actions": "READ"}, 400, "actions"),
        ({"id": "ci:staging", "title": "Again", "actions": "read"}, 409, "id"),
        ({"id": "data:logs", "title": "Logs", "actions": "read", "service": "svc_none"}, 404, "service"),
    ],
)
def test_a_wrong_resource_comes_back_as_it_was_typed(
    world: World, asha: Desk, typed: dict[str, Any], status: int, field: str
) -> None:
    world.resource("ci:staging", "deploy")

    page = asha.post("/admin/resources/new", **typed)

    assert page.status_code == status
    assert f'href="#f-{field}"' in page.text
    assert f'value="{typed["id"]}"' in page.text


def test_removing_a_resource_says_whose_door_closes_and_asks_for_a_touch(world: World, asha: Desk) -> None:
    imani = world.person("imani", "role:support")
    world.resource("data:customer-logs")
    world.publish(RULES)
    viewer = world.login(imani)
    world.laptop(viewer).report(viewer)
    world.open(viewer, "data:customer-logs")

    said = asha.get("/admin/resources/remove?id=data:customer-logs").text
    done = asha.touch("/admin/resources/remove", id="data:customer-logs")

    assert "loses 1 open door" in said
    assert done.status_code == 200
    assert asha.get("/admin/resources/data:customer-logs").status_code == 404
    assert not world.open(viewer, "data:customer-logs").decision.permitted


def test_a_new_service_gets_a_secret_that_is_shown_once(world: World, asha: Desk) -> None:
    page = asha.post("/admin/services/new", **SERVICE)

    secret = SECRET.findall(page.text)[0]
    here = asha.get(f"/admin/services/{service_id(world)}").text
    assert page.status_code == 200
    assert secret not in here
    assert "https://telemetry.example.org" in here
    assert all(secret not in str(details) for _, details in recorded(world, ""))


def test_a_second_secret_ends_the_first_a_day_later(world: World, asha: Desk) -> None:
    first = SECRET.findall(asha.post("/admin/services/new", **SERVICE).text)[0]

    second = SECRET.findall(asha.post(f"/admin/services/{service_id(world)}/secret").text)[0]

    page = asha.get(f"/admin/services/{service_id(world)}").text
    assert first != second
    assert "in 24 h" in page


@pytest.mark.parametrize(
    ("typed", "status", "field"),
    [
        ({"name": "Tele metry"}, 400, "name"),
        ({"audience": "telemetry"}, 400, "audience"),
        ({"redirect_uris": "http://elsewhere.example/back"}, 400, "redirect_uris"),
        ({"prefixes": "doorward:people"}, 400, "prefixes"),
        ({"auth_method": "private_key_jwt"}, 400, "jwk"),
        ({"auth_method": "private_key_jwt", "jwk": "[1]"}, 400, "jwk"),
        ({"name": "logs", "audience": "https://taken.example.org"}, 409, "audience"),
    ],
)
def test_a_wrong_service_comes_back_as_it_was_typed(
    asha: Desk, typed: dict[str, Any], status: int, field: str
) -> None:
    taken = {**SERVICE, "name": "taken", "audience": "https://taken.example.org", "auth_method": "none"}
    assert asha.post("/admin/services/new", **taken).status_code == 303

    page = asha.post("/admin/services/new", **{**SERVICE, **typed})

    assert page.status_code == status
    assert f'href="#f-{field}"' in page.text
    assert "svc:telemetry/" in page.text or "prefixes" in typed


def test_a_service_is_edited_and_keeps_its_name(world: World, asha: Desk) -> None:
    asha.post("/admin/services/new", **SERVICE)
    here = f"/admin/services/{service_id(world)}/edit"

    form = asha.get(here).text
    done = asha.post(here, **{**SERVICE, "name": "other", "title": "Telemetry v2", "actions": "read\nexport"})
    wrong = asha.post(here, **{**SERVICE, "title": ""})

    assert "svc:telemetry/" in form
    assert (done.status_code, wrong.status_code) == (303, 400)
    assert "Telemetry v2" in asha.get(f"/admin/services/{service_id(world)}").text


def test_a_proxy_is_entered_with_its_sites_and_its_page_says_which_question_a_request_is(
    world: World, asha: Desk
) -> None:
    sites = "https://Wiki.example.org:443/ web:wiki\nhttps://board.example.org web:wiki/board whole"
    proxy = {**SERVICE, "dialect": "nginx", "sites": sites, "prefixes": "web:wiki"}
    wrong = [
        {"sites": "https://wiki.example.org"},
        {"sites": "https://wiki.example.org web:wiki all"},
        {"sites": "http://wiki.example.org web:wiki"},
        {"sites": "https://wiki.example.org/docs web:wiki"},
        {"sites": "https://a@wiki.example.org web:wiki"},
        {"sites": "https://wiki.example.org svc:other"},
        {"sites": "https://wiki.example.org web:wiki/"},
        {"sites": "https://[ web:wiki"},
        {"sites": "https://wiki.example.org web:wiki\nhttps://wiki.example.org web:wiki/x"},
    ]

    pages = [asha.post("/admin/services/new", **{**proxy, **typed}) for typed in wrong]
    no_proxy = asha.post("/admin/services/new", **{**proxy, "dialect": ""})
    assert SECRET.findall(asha.post("/admin/services/new", **proxy).text)
    here = f"/admin/services/{service_id(world)}"
    taken = {**proxy, "name": "other", "audience": "https://other.example.org"}
    again = asha.post("/admin/services/new", **taken)
    form, page = asha.get(f"{here}/edit").text, asha.get(here).text
    asked = asha.get(f"{here}?method=POST&address=https%3A%2F%2Fwiki.example.org%2Fdocs%2Fa%2F%3Fx%3D1").text
    whole = asha.get(f"{here}?method=GET&address=https://board.example.org/x%252F").text
    refused = asha.get(f"{here}?method=GET&address=https://wiki.example.org//x").text
    foreign = asha.get(f"{here}?method=GET&address=x").text

    for answer in pages:
        assert answer.status_code in {400, 409}
        assert 'href="#f-sites"' in answer.text
    assert 'href="#f-dialect"' in no_proxy.text
    assert again.status_code == 409
    assert "https://wiki.example.org web:wiki\nhttps://board.example.org web:wiki/board whole" in form
    assert '<option value="nginx" selected>nginx</option>' in form
    assert "https://board.example.org</a> is <code>web:wiki/board</code> as a whole" in page
    assert "<strong>write</strong> <code>web:wiki/docs/a</code>" in asked
    assert "<strong>read</strong> <code>web:wiki/board</code>" in whole
    assert "<code>path-ambiguous</code>" in refused
    assert "<code>outside-scope</code>" in foreign
    assert recorded(world, "service.saved")[0][1]["sites"][0]["resource"] == "web:wiki"


def test_a_service_is_disabled_by_a_touch_and_gets_no_secret_any_more(world: World, asha: Desk) -> None:
    asha.post("/admin/services/new", **SERVICE)
    here = f"/admin/services/{service_id(world)}"

    done = asha.touch(f"{here}/disable", reason="replaced")
    secret = asha.post(f"{here}/secret")

    assert done.json == {"location": here}
    assert secret.status_code == 404
    assert not SECRET.findall(secret.text)
    assert recorded(world, "service.disabled")


def test_a_network_is_named_and_its_name_removed(world: World, asha: Desk) -> None:
    typed: dict[str, Any] = {
        "cidr": "10.0.0.0/8",
        "label": "test lab",
        "kind": "corporate",
        "country": "de",
        "asn": "64510",
    }

    named = asha.post("/admin/networks", **typed)
    with world.parts.db.read() as session:
        row = next(row for row in networks(session) if row.cidr == "10.0.0.0/8")
    removed = asha.post(f"/admin/networks/{row.id}/remove")

    assert (named.status_code, removed.status_code) == (303, 303)
    assert (row.country, row.asn) == ("DE", 64510)
    assert "test lab" not in asha.get("/admin/networks").text
    assert recorded(world, "network.removed")[0][1]["cidr"] == "10.0.0.0/8"


@pytest.mark.parametrize(
    ("typed", "status", "field"),
    [
        ({"cidr": "10.0.0.1/8"}, 400, "cidr"),
        ({"kind": "castle"}, 400, "kind"),
        ({"asn": "AS64510"}, 400, "asn"),
        ({"cidr": "203.0.113.0/24"}, 409, "cidr"),
    ],
)
def test_a_wrong_network_comes_back_as_it_was_typed(
    asha: Desk, typed: dict[str, Any], status: int, field: str
) -> None:
    right: dict[str, Any] = {
        "cidr": "10.0.0.0/8",
        "label": "test lab",
        "kind": "corporate",
        "country": "",
        "asn": "",
    }

    page = asha.post("/admin/networks", **{**right, **typed})

    assert page.status_code == status
    assert f'href="#f-{field}"' in page.text
    assert 'value="test lab"' in page.text


def test_the_networks_page_thanks_the_makers_of_the_tables(asha: Desk) -> None:
    page = asha.get("/admin/networks").text

    assert '<a href="https://db-ip.com" rel="noreferrer">IP Geolocation by DB-IP</a>' in page
    assert "country-ipv4" in page
    assert "154 days" in page
