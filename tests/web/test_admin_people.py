"""The console's pages about people."""

from __future__ import annotations

import re
from typing import Any

import pytest

from flows.session import current
from models.people import engagements, person_by_login
from tests.web.desk import Desk, recorded
from tests.world import CLEAN, HOME, World

LINK = re.compile(r"/register/(dwi_[A-Za-z0-9_-]+)")
TYPED: dict[str, Any] = {
    "kind": "contractor",
    "display_name": "Mei Tanaka",
    "name": "mei",
    "vendor": "Alder & Sons",
    "sponsor": "Asha Raman",
    "project": "Gripper",
    "starts": "2026-11-18",
    "ends": "2027-01-31",
    "roles": ["role:sponsor"],
    "groups": "support, group:gripper",
}
RULES = "p, logs-read, role:support, read, data:customer-logs, tier >= 2, max 15m, allow\n"


def id_of(world: World, name: str) -> str:
    with world.parts.db.read() as session:
        person = person_by_login(session, name)
        assert person is not None
        return person.id


def test_a_new_person_comes_with_engagement_roles_and_a_link_shown_once(world: World, asha: Desk) -> None:
    page = asha.post("/admin/people/new", **TYPED)

    assert page.status_code == 200
    secret = LINK.findall(page.text)[0]
    assert asha.get(f"/register/{secret}").status_code == 200
    person = asha.get(f"/admin/people/{id_of(world, 'mei')}").text
    assert all(text in person for text in ("Alder &amp; Sons", "role:support", "group:gripper", "invited"))
    assert secret not in person
    assert recorded(world, "person.created")[0][1]["name"] == "mei"


def test_one_of_our_own_needs_no_engagement(world: World, asha: Desk) -> None:
    page = asha.post(
        "/admin/people/new", kind="staff", display_name="Olu", name="olu", roles=["role:auditor"]
    )

    assert page.status_code == 200
    with world.parts.db.read() as session:
        assert not engagements(session, id_of(world, "olu"))


def test_a_taken_login_name_is_said_at_its_field_and_nothing_typed_is_lost(world: World, asha: Desk) -> None:
    page = asha.post("/admin/people/new", **{**TYPED, "name": "asha"})

    assert page.status_code == 409
    assert "The login name “asha” is taken." in page.text
    assert 'value="Alder &amp; Sons"' in page.text
    assert 'value="role:sponsor" checked' in page.text
    assert "<title>Error: New person" in page.text


def test_everything_that_is_missing_is_said_at_once(asha: Desk) -> None:
    page = asha.post("/admin/people/new", kind="contractor", name="mei", ends="yesterday")

    assert page.status_code == 400
    for name in ("display_name", "vendor", "sponsor", "project", "starts", "ends"):
        assert f'href="#f-{name}"' in page.text
    assert 'value="yesterday"' in page.text


def test_an_engagement_cannot_end_before_it_starts(asha: Desk) -> None:
    page = asha.post("/admin/people/new", **{**TYPED, "ends": "2026-11-17"})

    assert page.status_code == 400
    assert "The last day must not be before the first." in page.text


def test_people_are_found_by_name_and_by_vendor_with_an_honest_total(world: World, asha: Desk) -> None:
    world.person("imani")
    world.person("jon", engaged=False)

    by_vendor = asha.get("/admin/people?q=NORTHL").text
    by_nothing = asha.get("/admin/people?q=100%25").text

    assert "imani" in by_vendor
    assert "jon" not in by_vendor
    assert "1 of 1 found" in by_vendor
    assert "Nobody is found" in by_nothing


def test_a_long_list_goes_on_at_the_cursor(world: World, asha: Desk) -> None:
    for number in range(52):
        asha.post("/admin/people/new", kind="staff", display_name=f"P {number}", name=f"p{number:02}")

    first = asha.get("/admin/people").text
    after = re.findall(r'href="(/admin/people\?after=[^"]+)"', first)[0]
    second = asha.get(after).text

    assert "50 of 53" in first
    assert "p51" not in first
    assert "p51" in second


def test_a_person_with_a_key_gets_no_second_link(world: World, asha: Desk) -> None:
    imani = world.person("imani")

    page = asha.post(f"/admin/people/{imani.id}/invite")

    assert page.status_code == 409
    assert "A new key then needs a re-issue" in page.text


def test_a_membership_is_given_and_ended(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    here = f"/admin/people/{imani.id}"

    given = asha.post(f"{here}/memberships", group="support", not_after="2026-12-24")
    page = asha.get(here).text
    ended = asha.post(re.findall(rf'action="({here}/memberships/[^"]+)"', page)[0])

    assert (given.status_code, ended.status_code) == (303, 303)
    assert "24 Dec 2026, 23:59 UTC" in page
    assert recorded(world, "assignment.ended")[0][1] == {"group": "role:support"}


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"group": "role:Support!"}, 400, "is not a role or group"),
        ({"group": ""}, 400, "Write a role or group"),
        ({"group": "support", "not_after": "2020-01-01"}, 400, "must end in the future"),
        ({"group": "dev"}, 409, "exists already"),
    ],
)
def test_a_wrong_membership_comes_back_as_it_was_typed(
    world: World, asha: Desk, typed: dict[str, Any], status: int, said: str
) -> None:
    imani = world.person("imani", "role:dev")

    page = asha.post(f"/admin/people/{imani.id}/memberships", **typed)

    assert page.status_code == status
    assert said in page.text
    assert f'value="{typed["group"]}"' in page.text


def test_the_last_admin_stays_admin(world: World, asha: Desk) -> None:
    assert asha.person is not None
    here = f"/admin/people/{asha.person.id}"
    admin = re.findall(r'action="([^"]+/end)".*?End the membership of role:admin', asha.get(here).text, re.S)

    page = asha.post(admin[0])
    suspended = asha.touch(f"{here}/suspend", reason="holiday")

    assert page.status_code == 409
    assert "This is the last admin." in page.text
    assert (suspended.status_code, suspended.json["code"]) == (409, "last-admin")


def test_suspending_says_what_ends_and_ends_it_by_a_touch(world: World, asha: Desk) -> None:
    imani = world.person("imani", "role:support")
    world.resource("data:customer-logs")
    world.publish(RULES)
    viewer = world.login(imani)
    world.laptop(viewer).report(viewer, CLEAN)
    assert world.open(viewer, "data:customer-logs").grant_id
    here = f"/admin/people/{imani.id}/suspend"

    said = asha.get(here).text
    done = asha.touch(here, reason="Two voices on the phone")

    assert "loses 1 session, 1 open door" in said
    assert done.json == {"location": f"/admin/people/{imani.id}"}
    assert current(world.parts, imani.cookie, HOME) is None
    assert recorded(world, "person.suspended")[0][1] == {"reason": "Two voices on the phone"}
    assert recorded(world, "action.signed")[0][1]["action"]["do"] == "person.suspend"


def test_a_touch_for_one_person_does_not_suspend_another(world: World, asha: Desk) -> None:
    imani, jon = world.person("imani"), world.person("jon")
    answer = asha.ask(f"/admin/people/{imani.id}/suspend", reason="left")

    refused = asha.send(f"/admin/people/{jon.id}/suspend/finish", answer)

    assert refused.status_code == 409
    assert not recorded(world, "person.suspended")


def test_a_touch_is_spent_once(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    here = f"/admin/people/{imani.id}/suspend"
    answer = asha.ask(here, reason="left")
    asha.send(f"{here}/finish", answer)
    asha.post(f"/admin/people/{imani.id}/resume")

    again = asha.send(f"{here}/finish", answer)

    assert (again.status_code, again.json["code"]) == (401, "challenge-expired")
    assert len(recorded(world, "person.suspended")) == 1


def test_suspending_needs_a_reason(world: World, asha: Desk) -> None:
    imani = world.person("imani")

    refused = asha.send(f"/admin/people/{imani.id}/suspend/options", {"reason": "  "})

    assert (refused.status_code, refused.json["code"]) == (400, "reason")


def test_a_suspended_person_is_reinstated_and_only_then(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    here = f"/admin/people/{imani.id}"

    too_early = asha.post(f"{here}/resume")
    asha.touch(f"{here}/suspend", reason="left")
    page = asha.get(here).text
    back = asha.post(f"{here}/resume")

    assert too_early.status_code == 404
    assert "Reinstate" in page
    assert back.status_code == 303
    assert world.login(imani).person_id == imani.id


def test_an_engagement_is_entered_and_ended_by_a_touch(world: World, asha: Desk) -> None:
    imani = world.person("imani", engaged=False)
    here = f"/admin/people/{imani.id}/engagements"
    typed = {name: TYPED[name] for name in ("vendor", "sponsor", "project", "starts", "ends")}

    entered = asha.post(f"{here}/new", **typed)
    wrong = asha.post(f"{here}/new", **{**typed, "vendor": ""})
    with world.parts.db.read() as session:
        engagement = engagements(session, imani.id)[0].id
    page = asha.get(f"{here}/{engagement}/end")
    ended = asha.touch(f"{here}/{engagement}/end")
    again = asha.get(f"{here}/{engagement}/end")

    assert (entered.status_code, wrong.status_code, page.status_code) == (303, 400, 200)
    assert 'value="Gripper"' in wrong.text
    assert ended.status_code == 200
    assert again.status_code == 404
    assert recorded(world, "engagement.ended")[0][1] == {"engagement": engagement}


def test_a_sponsor_sees_people_but_neither_keys_nor_records(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    sponsor = Desk(world, world.person("mara", "role:sponsor", engaged=False))

    page = sponsor.get(f"/admin/people/{imani.id}").text

    assert "Northlight" in page
    for hidden in ('id="keys"', 'id="laptops"', 'id="decisions"', 'id="timeline"', "Suspend"):
        assert hidden not in page
