"""The pages of unannounced touches, for who is asked and for who asks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.asking import be_asked, checks, close, declare, jobs, rounds, work
from tests.web.desk import Desk, recorded
from tests.world import Contractor, World

HOURS: dict[str, Any] = {
    "zone": "Europe/Berlin",
    "days": ["0", "1", "2", "3", "4"],
    "starts": "09:00",
    "ends": "17:30",
    "mean_gap": "240",
}


@pytest.fixture
def imani(world: World) -> Contractor:
    person = world.person("imani")
    declare(world, person)
    return person


def asked(world: World, imani: Contractor) -> Desk:
    """The desk of somebody who is being asked."""
    (job,) = jobs(world)
    world.clock.advance(seconds=(job.due_at - world.clock.now()).total_seconds())
    desk = Desk(world, imani)
    work(world)
    return desk


def test_a_page_learns_of_an_open_asking_only(world: World, imani: Contractor) -> None:
    desk = Desk(world, imani)
    assert desk.get("/presence/now").status_code == 204
    be_asked(world, imani)
    assert desk.get("/presence/now").status_code == 204, "another session is asked"

    desk = Desk(world, world.person("mei"))
    assert desk.get("/presence/now").status_code == 204
    assert Desk(world, None).get("/presence/now").status_code == 204


def test_who_is_asked_sees_it_on_every_page_and_answers_it(world: World, imani: Contractor) -> None:
    desk = asked(world, imani)
    told = desk.get("/presence/now")
    check = told.json["check"]
    assert told.json == {"check": check, "kind": "presence", "seconds": 90}
    page = desk.get("/access").text
    assert f'href="/presence/{check}"' in page
    until = f"{checks(world)[0].deadline:%H:%M:%S} UTC"
    banner = page.partition('<aside class="asked"')[2].partition("</aside>")[0]
    assert "until <time" in banner
    assert until in banner
    assert "in 90 s" in banner
    assert checks(world)[0].shown_at == world.clock.now()
    assert "random moment of your declared hours" in desk.get(f"/presence/{check}").text

    done = desk.touch(f"/presence/{check}")

    assert done.json == {"location": f"/presence/{check}"}
    assert "Thank you" in desk.get(f"/presence/{check}").text
    assert desk.get("/presence/now").status_code == 204
    assert f"/presence/{check}" not in desk.get("/access").text
    assert "answered" in desk.get("/presence").text


def test_who_missed_it_is_told_what_that_means(world: World, imani: Contractor) -> None:
    desk = asked(world, imani)
    check = desk.get("/presence/now").json["check"]
    close(world)

    page = desk.get(f"/presence/{check}").text
    late = desk.send(f"/presence/{check}/options", {})

    assert "This touch was missed" in page
    assert "ends nothing" in page
    assert (late.status_code, late.json["code"]) == (409, "presence-late")
    assert "missed" in desk.get("/presence").text


def test_another_login_is_sent_to_the_one_that_is_asked(world: World, imani: Contractor) -> None:
    check = asked(world, imani).get("/presence/now").json["check"]

    page = Desk(world, imani).get(f"/presence/{check}").text

    assert "Touch in your other window" in page


def test_the_page_of_somebody_elses_asking_is_not_there(world: World, imani: Contractor) -> None:
    check = asked(world, imani).get("/presence/now").json["check"]
    mei = Desk(world, world.person("mei"))

    assert mei.get(f"/presence/{check}").status_code == 404
    assert mei.send(f"/presence/{check}/options", {}).status_code == 404


def test_an_admin_declares_hours(world: World, asha: Desk) -> None:
    mei = world.person("mei")

    done = asha.post(f"/admin/people/{mei.id}/hours", **HOURS)

    assert done.status_code == 303
    assert len(jobs(world)) == 1
    assert recorded(world, "presence.hours")[0][1]["ends"] == "17:30"
    page = asha.get(f"/admin/people/{mei.id}/hours").text
    assert "Europe/Berlin" in page
    assert "The hours are declared" in page
    assert "The hours are declared" not in asha.get(f"/admin/people/{mei.id}/hours").text  # said once
    assert "every 240 minutes" in asha.get(f"/admin/people/{mei.id}").text


def test_hours_to_midnight_can_be_declared(world: World, asha: Desk) -> None:
    """A browser's field of time knows no 24:00."""
    mei = world.person("mei")

    asha.post(f"/admin/people/{mei.id}/hours", **{**HOURS, "starts": "16:00", "ends": "00:00"})

    assert recorded(world, "presence.hours")[0][1]["ends"] == "24:00"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"zone": "Nowhere"}, "is no time zone"),
        ({"days": []}, "need a day"),
        ({"starts": "25:00"}, "no time of the day"),
        ({"mean_gap": "soon"}, "a number of minutes"),
        ({"mean_gap": "5"}, "60 to 4800"),
    ],
)
def test_wrong_hours_come_back_with_what_is_wrong(
    world: World, asha: Desk, wrong: dict[str, Any], says: str
) -> None:
    mei = world.person("mei")

    page = asha.post(f"/admin/people/{mei.id}/hours", **{**HOURS, **wrong})

    assert page.status_code == 400
    assert says in page.text
    assert jobs(world) == []


def test_an_admin_asks_several_at_once_by_a_touch_and_sees_who_answered(world: World, asha: Desk) -> None:
    people = [world.person(name) for name in ("imani", "mei")]
    desks = [Desk(world, person) for person in people]
    assert "Imani" in asha.get("/admin/presence/new").text

    done = asha.touch("/admin/presence/new", people=[p.id for p in people], reason="Keys of one house")

    (round_,) = rounds(world)
    assert done.json == {"location": f"/admin/presence/{round_.id}"}
    assert (round_.kind, round_.reason) == ("contention", "Keys of one house")
    live = asha.get(f"/admin/presence/{round_.id}").text
    assert "0 of 2 answered" in live
    assert 'data-refresh="on"' in live
    world.clock.advance(seconds=4)
    check = desks[1].get("/presence/now").json["check"]
    assert "Several people" in desks[1].get(f"/presence/{check}").text
    desks[1].touch(f"/presence/{check}")
    close(world)
    over = asha.get(f"/admin/presence/{round_.id}").text
    assert "1 of 2 answered" in over
    assert over.index("Mei") < over.index("Imani"), "who answered first stands first"
    assert 'data-refresh="off"' in over
    assert "1 missed" in asha.get("/admin/presence").text
    assert "Keys of one house" not in desks[0].get("/presence").text


def test_an_admin_asks_one_person_now_and_is_not_offered_themselves(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    desk = Desk(world, imani)
    offered = asha.get("/admin/presence/new").text
    assert imani.id in offered
    assert str(asha.person and asha.person.id) not in offered

    asha.touch("/admin/presence/new", people=[imani.id], reason="Missed one at noon")

    check = desk.get("/presence/now").json["check"]
    assert "Several people" not in desk.get(f"/presence/{check}").text
    desk.touch(f"/presence/{check}")
    assert "1 of 1 answered" in asha.get(f"/admin/presence/{rounds(world)[0].id}").text


def test_a_touch_for_some_people_asks_no_others(world: World, asha: Desk) -> None:
    people = [world.person(name) for name in ("imani", "mei", "olu")]
    for person in people:
        world.login(person)
    ids = [person.id for person in people]

    asha.touch("/admin/presence/new", people=ids[:2], reason="x")

    assert {check.person_id for check in checks(world)} == set(ids[:2])


@pytest.mark.parametrize("people", [[], [str(n) for n in range(51)], [1, 2], {"a": 1}])
def test_nobody_too_many_or_no_people_are_refused_before_the_touch(
    world: World, asha: Desk, people: object
) -> None:
    refused = asha.send("/admin/presence/new/options", {"people": people, "reason": "x"})

    assert (refused.status_code, refused.json["code"]) == (400, "contention-people")
    assert refused.json["title"] == "Choose whom to ask"


def test_who_may_not_ask_does_not(world: World) -> None:
    desk = Desk(world, world.person("rami", "role:reviewer", engaged=False))

    assert desk.get("/admin/presence").status_code == 200
    assert desk.get("/admin/presence/new").status_code == 403
    assert desk.send("/admin/presence/new/options", {"people": ["a", "b"], "reason": "x"}).status_code == 403
    assert desk.post(f"/admin/people/{world.person('mei').id}/hours", **HOURS).status_code == 403
    assert rounds(world) == []
