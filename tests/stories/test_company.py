"""Keys that travel together: a shelf of laptops, a couple, an office, one browser for two."""

from __future__ import annotations

from typing import Any

from domain.evidence import Kind
from evidence.sentences import red_for_contractor
from flows import catalog, tap
from flows.decide import know
from flows.liveness import read_roots
from tests.stories.onlooker import ELSEWHERE, FARM, in_force, log_in, newest, walk_along
from tests.world import HOME, OFFICE, Contractor, World


def test_a_farm_is_a_round_that_comes_back(world: World, three: list[Contractor]) -> None:
    walk_along(world, three, address=FARM)
    world.clock.advance(days=1)

    *_, last = walk_along(world, three, address=FARM)

    seen = newest(world, last, Kind.COMPANY_ROUND)
    assert seen.adverse
    assert (seen.value["people"], seen.value["days"]) == (3, 2)
    assert seen.value["ids"] == sorted(person.id for person in three[:2])
    assert newest(world, last, Kind.COMPANY_NETWORK).value["people"] == 2
    assert newest(world, last, Kind.COMPANY_DEVICE).value["people"] == 0


def test_taps_are_steps_of_a_round_too(world: World, three: list[Contractor]) -> None:
    viewers = [world.login(person, address=FARM) for person in three]
    world.clock.advance(minutes=5)
    for viewer, person in zip(viewers, three, strict=True):
        world.clock.advance(seconds=30)
        world.tap(viewer, person, tap.TOUCH)
    world.clock.advance(minutes=10)

    viewer = world.login(three[0], address=FARM)

    assert newest(world, viewer, Kind.COMPANY_ROUND).value["days"] == 1


def test_an_office_that_is_named_is_no_farm(world: World, three: list[Contractor]) -> None:
    *_, last = walk_along(world, three, address=OFFICE)

    network = newest(world, last, Kind.COMPANY_NETWORK)
    assert network.value == {"people": 0, "since_days": 0, "ids": [], "named": True}
    assert not network.adverse
    assert not newest(world, last, Kind.COMPANY_ROUND).adverse


def test_a_couple_at_home_shares_a_network_and_walks_no_round(world: World, three: list[Contractor]) -> None:
    *_, last = walk_along(world, three[:2], address=HOME)

    assert newest(world, last, Kind.COMPANY_NETWORK).value["people"] == 1
    assert not newest(world, last, Kind.COMPANY_ROUND).adverse
    assert not newest(world, last, Kind.COMPANY_DEVICE).adverse


def test_two_people_in_one_browser_share_a_device(world: World, three: list[Contractor]) -> None:
    imani, jon, _ = three
    log_in(world, imani, browser="shared", address=HOME)
    world.clock.advance(hours=3)

    viewer = log_in(world, jon, browser="shared", address=ELSEWHERE)

    device = newest(world, viewer, Kind.COMPANY_DEVICE)
    assert device.adverse
    assert device.value == {"people": 1, "since_days": 0, "ids": [imani.id]}
    assert not newest(world, viewer, Kind.COMPANY_NETWORK).adverse


def test_a_login_from_elsewhere_shows_the_end_of_nothing(world: World, three: list[Contractor]) -> None:
    """The facilitator carries one key to a quiet place to look alone: the month before still counts."""
    walk_along(world, three, address=FARM)
    world.clock.advance(days=1)

    viewer = world.login(three[2], address=ELSEWHERE)

    assert in_force(world, viewer, Kind.COMPANY_NETWORK)
    assert in_force(world, viewer, Kind.COMPANY_ROUND)


def test_company_ends_when_a_month_passed_without_it(world: World, three: list[Contractor]) -> None:
    walk_along(world, three, address=FARM)
    world.clock.advance(days=31)

    viewer = world.login(three[2], address=ELSEWHERE)

    assert not in_force(world, viewer, Kind.COMPANY_NETWORK)
    assert not in_force(world, viewer, Kind.COMPANY_ROUND)


def test_naming_the_place_clears_an_honest_household(world: World, three: list[Contractor]) -> None:
    walk_along(world, three, address=FARM)
    with world.parts.db.write() as session:
        named = catalog.name_network(
            session, world.parts, cidr=f"{FARM}/32", label="shared flat", kind="other", country=None,
            asn=None, by="host",
        )  # fmt: skip
        world.parts.commit(session, named)
    world.clock.advance(hours=1)

    viewer = world.login(three[0], address=FARM)

    assert not in_force(world, viewer, Kind.COMPANY_NETWORK)
    assert not in_force(world, viewer, Kind.COMPANY_ROUND)


def test_admins_read_counts_and_no_names_and_contractors_nothing_of_it(
    world: World, three: list[Contractor]
) -> None:
    *_, last = walk_along(world, three, address=FARM)
    with world.parts.db.read() as session:
        roots = read_roots(session, last.session_id)
        assessment = know(session, world.parts, last.person_id, roots, world.clock.now()).assessment

    sentences = {c.kind: c.sentence for c in assessment.contributions}
    assert sentences[Kind.COMPANY_ROUND] == (
        "The keys of 3 people were touched one after the other at one place, on 1 day."
    )
    assert sentences[Kind.COMPANY_NETWORK] == (
        "2 other people's keys were used from the same network, first today."
    )
    assert not any(person.id in text for text in sentences.values() for person in three)
    assert {red.topic for red in red_for_contractor(assessment)} == {"posture"}
    assert assessment.score == know_alone(world).score


def know_alone(world: World) -> Any:
    """Return the assessment of somebody whom nobody keeps company."""
    viewer = world.login(world.person("olu"), address="203.0.113.99")
    with world.parts.db.read() as session:
        roots = read_roots(session, viewer.session_id)
        return know(session, world.parts, viewer.person_id, roots, world.clock.now()).assessment
