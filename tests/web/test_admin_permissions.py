"""Who may open which page of the console, and who may change what: every route for every role."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web.desk import Desk, recorded
from tests.world import World

MANAGED = ("people", "keys", "devices", "resources", "services", "networks", "settings")
AREAS = (*MANAGED, "policy", "decisions", "audit")
VIEW_ALL = {("view", area) for area in AREAS}
ROLES: dict[str, set[tuple[str, str]]] = {
    "role:admin": VIEW_ALL | {("manage", area) for area in MANAGED} | {("approve", "people")},
    "role:policy-author": {
        ("manage", "policy"),
        ("publish", "policy"),
        ("view", "policy"),
        ("view", "resources"),
        ("view", "services"),
        ("view", "people"),
        ("view", "decisions"),
    },
    "role:approver": {("view", "policy")},
    "role:reviewer": {
        ("approve", "people"),
        ("view", "people"),
        ("view", "keys"),
        ("view", "devices"),
        ("view", "decisions"),
    },
    "role:auditor": VIEW_ALL,
    "role:sponsor": {("view", "people"), ("approve", "people"), ("vouch", "reissues")},
    "role:support": set(),
}
"""What each role may do, written out again from ``policies/builtin/policy.csv``."""

REACH = frozenset({("view", "policy"), ("view", "people")})
"""Who reaches what tells both what rules ask for and what people belong to."""

ROUTES: dict[tuple[str, str], tuple[str, str] | frozenset[tuple[str, str]]] = {
    ("GET", "/admin/people"): ("view", "people"),
    ("GET", "/admin/people/new"): ("manage", "people"),
    ("POST", "/admin/people/new"): ("manage", "people"),
    ("GET", "/admin/people/<person_id>"): ("view", "people"),
    ("POST", "/admin/people/<person_id>/invite"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/memberships"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/memberships/<membership_id>/end"): ("manage", "people"),
    ("GET", "/admin/people/<person_id>/engagements/new"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/engagements/new"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/resume"): ("manage", "people"),
    ("GET", "/admin/people/<person_id>/suspend"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/suspend/options"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/suspend/finish"): ("manage", "people"),
    ("GET", "/admin/people/<person_id>/engagements/<engagement_id>/end"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/engagements/<engagement_id>/end/options"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/engagements/<engagement_id>/end/finish"): ("manage", "people"),
    ("GET", "/admin/people/<person_id>/hours"): ("view", "people"),
    ("POST", "/admin/people/<person_id>/hours"): ("manage", "people"),
    ("GET", "/admin/people/<person_id>/reach"): REACH,
    ("GET", "/admin/reach"): REACH,
    ("GET", "/admin/presence"): ("view", "keys"),
    ("GET", "/admin/presence/new"): ("manage", "keys"),
    ("POST", "/admin/presence/new/options"): ("manage", "keys"),
    ("POST", "/admin/presence/new/finish"): ("manage", "keys"),
    ("GET", "/admin/presence/<round_id>"): ("view", "keys"),
    ("GET", "/admin/keys"): ("view", "keys"),
    ("GET", "/admin/keys/models"): ("view", "keys"),
    ("POST", "/admin/keys/models"): ("manage", "keys"),
    ("GET", "/admin/keys/models/of/<aaguid>"): ("view", "keys"),
    ("GET", "/admin/keys/metadata"): ("view", "keys"),
    ("GET", "/admin/keys/models/known"): ("view", "keys"),
    ("GET", "/admin/keys/models/<anchor_id>"): ("view", "keys"),
    ("POST", "/admin/keys/models/<anchor_id>/remove"): ("manage", "keys"),
    ("GET", "/admin/keys/refusals"): ("view", "keys"),
    ("GET", "/admin/keys/<key_id>"): ("view", "keys"),
    ("POST", "/admin/people/<person_id>/code"): ("manage", "keys"),
    ("GET", "/admin/keys/<key_id>/activate"): ("manage", "keys"),
    ("POST", "/admin/keys/<key_id>/activate/options"): ("manage", "keys"),
    ("POST", "/admin/keys/<key_id>/activate/finish"): ("manage", "keys"),
    ("GET", "/admin/keys/<key_id>/change/<change>"): ("manage", "keys"),
    ("POST", "/admin/keys/<key_id>/change/<change>/options"): ("manage", "keys"),
    ("POST", "/admin/keys/<key_id>/change/<change>/finish"): ("manage", "keys"),
    ("GET", "/admin/keys/inventory"): ("view", "keys"),
    ("POST", "/admin/keys/inventory"): ("manage", "keys"),
    ("GET", "/admin/keys/shipments"): ("view", "keys"),
    ("GET", "/admin/keys/inventory/<item_id>"): ("view", "keys"),
    ("POST", "/admin/keys/inventory/<item_id>/serial"): ("manage", "keys"),
    ("POST", "/admin/keys/inventory/<item_id>/assign"): ("manage", "keys"),
    ("POST", "/admin/keys/inventory/<item_id>/ship"): ("manage", "keys"),
    ("POST", "/admin/keys/inventory/<item_id>/delivered"): ("manage", "keys"),
    ("POST", "/admin/keys/inventory/<item_id>/approve/options"): ("manage", "keys"),
    ("POST", "/admin/keys/inventory/<item_id>/approve/finish"): ("manage", "keys"),
    ("GET", "/admin/people/<person_id>/reissue"): ("view", "people"),
    ("POST", "/admin/people/<person_id>/reissue"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/reissue/withdraw"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/reissue/admin/options"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/reissue/admin/finish"): ("manage", "people"),
    ("POST", "/admin/people/<person_id>/reissue/sponsor/options"): ("vouch", "reissues"),
    ("POST", "/admin/people/<person_id>/reissue/sponsor/finish"): ("vouch", "reissues"),
    ("GET", "/admin/keys/<key_id>/revoke"): ("manage", "keys"),
    ("POST", "/admin/keys/<key_id>/revoke/options"): ("manage", "keys"),
    ("POST", "/admin/keys/<key_id>/revoke/finish"): ("manage", "keys"),
    ("GET", "/admin/devices"): ("view", "devices"),
    ("GET", "/admin/devices/<device_id>"): ("view", "devices"),
    ("POST", "/admin/devices/<device_id>/approve"): ("manage", "devices"),
    ("POST", "/admin/devices/<device_id>/revoke"): ("manage", "devices"),
    ("GET", "/admin/resources"): ("view", "resources"),
    ("GET", "/admin/resources/new"): ("manage", "resources"),
    ("POST", "/admin/resources/new"): ("manage", "resources"),
    ("GET", "/admin/resources/remove"): ("manage", "resources"),
    ("POST", "/admin/resources/remove/options"): ("manage", "resources"),
    ("POST", "/admin/resources/remove/finish"): ("manage", "resources"),
    ("GET", "/admin/resources/<path:id_>"): ("view", "resources"),
    ("POST", "/admin/resources/<path:id_>"): ("manage", "resources"),
    ("GET", "/admin/services"): ("view", "services"),
    ("GET", "/admin/services/new"): ("manage", "services"),
    ("POST", "/admin/services/new"): ("manage", "services"),
    ("GET", "/admin/services/<service_id>"): ("view", "services"),
    ("GET", "/admin/services/<service_id>/edit"): ("manage", "services"),
    ("POST", "/admin/services/<service_id>/edit"): ("manage", "services"),
    ("POST", "/admin/services/<service_id>/secret"): ("manage", "services"),
    ("GET", "/admin/services/<service_id>/disable"): ("manage", "services"),
    ("POST", "/admin/services/<service_id>/disable/options"): ("manage", "services"),
    ("POST", "/admin/services/<service_id>/disable/finish"): ("manage", "services"),
    ("GET", "/admin/networks"): ("view", "networks"),
    ("POST", "/admin/networks"): ("manage", "networks"),
    ("POST", "/admin/networks/<network_id>/remove"): ("manage", "networks"),
    ("GET", "/admin/policy"): ("view", "policy"),
    ("POST", "/admin/policy"): ("manage", "policy"),
    ("POST", "/admin/policy/check"): ("manage", "policy"),
    ("POST", "/admin/policy/discard"): ("manage", "policy"),
    ("GET", "/admin/policy/publish"): ("publish", "policy"),
    ("POST", "/admin/policy/publish/options"): ("publish", "policy"),
    ("POST", "/admin/policy/publish/finish"): ("publish", "policy"),
    ("GET", "/admin/policy/history"): ("view", "policy"),
    ("GET", "/admin/policy/history/<int:revision>"): ("view", "policy"),
    ("GET", "/admin/policy/history/<int:revision>/rollback"): ("publish", "policy"),
    ("POST", "/admin/policy/history/<int:revision>/rollback/options"): ("publish", "policy"),
    ("POST", "/admin/policy/history/<int:revision>/rollback/finish"): ("publish", "policy"),
    ("GET", "/admin/evidence"): ("view", "settings"),
    ("GET", "/admin/decisions"): ("view", "decisions"),
    ("GET", "/admin/decisions/<decision_id>"): ("view", "decisions"),
    ("GET", "/admin/audit"): ("view", "audit"),
    ("POST", "/admin/audit/verify"): ("view", "audit"),
    ("GET", "/admin/audit/<int:sequence>"): ("view", "audit"),
}
POSTS = [path for method, path in ROUTES if method == "POST"]


def filled(path: str) -> str:
    """Return *path* with something in the place of its parameters that names nothing."""
    path = path.replace("<path:id_>", "data:nothing").replace("<int:", "<")
    return re.sub(r"<(revision|sequence)>", "999", re.sub(r"<\w+_id>", "nothing", path))


def needed(needs: tuple[str, str] | frozenset[tuple[str, str]]) -> set[tuple[str, str]]:
    return {needs} if isinstance(needs, tuple) else set(needs)


def go(desk: Desk, method: str, path: str) -> Any:
    if method == "GET":
        return desk.get(filled(path), Accept="application/json").status_code
    return desk.send(filled(path), {"reason": "because"}).status_code


def test_every_route_of_the_console_has_a_line_in_this_table(world: World) -> None:
    rules = [rule for rule in world.app().url_map.iter_rules() if rule.rule.startswith("/admin")]

    served = {(method, rule.rule) for rule in rules for method in (rule.methods or set()) & {"GET", "POST"}}

    assert served - {("GET", "/admin")} == set(ROUTES)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_exactly_what_the_builtin_policy_gives(world: World, role: str) -> None:
    desk = Desk(world, world.person("rowan", role))

    refused = {route for route in ROUTES if go(desk, *route) == 403}

    assert refused == {route for route, needs in ROUTES.items() if not needed(needs) <= ROLES[role]}


def test_a_contractor_is_refused_the_console_and_each_try_is_recorded(world: World) -> None:
    desk = Desk(world, world.person("imani", "role:support"))

    home = desk.get("/admin")
    page = desk.get("/admin/people")

    assert (home.status_code, page.status_code) == (403, 403)
    assert "roles do not let you" in page.text
    tried = [details for _, details in recorded(world, "admin.refused")]
    assert tried == [{"action": "view", "area": "people"}, {"action": "view", "area": "console"}]


def test_a_stranger_is_asked_to_log_in_everywhere(world: World) -> None:
    desk = Desk(world, None)

    statuses = {
        desk.get(filled(path), Accept="application/json").status_code
        for method, path in ROUTES
        if method == "GET"
    }

    assert statuses == {401}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": "https://evil.example"}, "cross-site"),
        ({"Origin": ""}, "cross-site"),
        ({"Sec-Fetch-Site": "cross-site"}, "cross-site"),
        ({}, "csrf-token"),
    ],
)
def test_no_change_is_made_for_another_site(
    world: World, asha: Desk, headers: dict[str, str], code: str
) -> None:
    before = len(recorded(world, ""))
    token = asha.token if code == "cross-site" else "0" * 64

    answers = [
        asha.post(filled(path), csrf_token=token, headers={"Accept": "application/json", **headers})
        for path in POSTS
    ]

    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(403, code)}
    assert len(recorded(world, "")) == before


def test_the_rail_shows_only_what_the_role_opens(world: World) -> None:
    desk = Desk(world, world.person("rowan", "role:reviewer", engaged=False))

    page = desk.get("/admin/people").text

    shown = set(re.findall(r'<li><a href="/admin/([a-z]+)"', page))
    assert shown == {"people", "keys", "devices", "decisions"}


def test_a_page_that_wants_a_touch_is_gone_back_to_after_it(world: World, asha: Desk) -> None:
    world.clock.advance(minutes=14)
    asha.get("/access")  # not idle, and no touch
    world.clock.advance(minutes=2)
    origin = world.origin

    def leads_to(answer: Any) -> str:
        return str(re.findall(r'href="/touch\?next=([^"]*)"', answer.text)[0])

    def sent_from(referrer: str) -> str:
        return leads_to(asha.post("/admin/networks", headers={"Referer": referrer}, cidr="x"))

    assert leads_to(asha.get("/admin/people/new?x=1")) == "/admin/people/new%3Fx%3D1"
    assert sent_from(f"{origin}/admin/networks?q=a%26b") == "/admin/networks%3Fq%3Da%2526b"
    for elsewhere in (
        "https://evil.example/admin/people",
        f"{origin}/nowhere",
        f"{origin}/sign-out",
        "http://[",
        "",
    ):
        assert sent_from(elsewhere) == "/admin"
