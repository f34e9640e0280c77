"""Of whom it is told that they gain or lose: the people known now, with the roles they hold now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from flows import people, policy
from flows.policy_effects import MOST_NAMES, MOST_TOLD, Impact, isolated
from flows.session import Viewer
from models.people import Assignment, Person
from tests.web.desk import recorded
from tests.world import Contractor, World

RULE = "p, logs, role:support, read, data:logs, -, -, allow\n"
OTHER = "p, other, role:night, read, data:other, -, -, allow\n"


@pytest.fixture
def imani(world: World) -> Contractor:
    world.resource("data:logs")
    return world.person("imani", "role:support")


def impact(world: World, rules: str) -> Impact:
    found = policy.check(world.parts, rules, 0).impact
    assert found is not None
    return found


def sentences(world: World, rules: str) -> list[str]:
    return [each.sentence for each in impact(world, rules).told]


def test_people_are_told_by_name(world: World, imani: Contractor) -> None:
    assert sentences(world, RULE) == ["Imani gains read on data:logs"]
    assert impact(world, RULE).gaining == 1


def test_what_was_published_is_no_change(world: World, imani: Contractor) -> None:
    world.publish(RULE)

    assert impact(world, RULE).none
    assert sentences(world, OTHER) == ["Imani loses read on data:logs"]


def test_a_text_with_errors_says_nothing_of_anybody(world: World, imani: Contractor) -> None:
    assert policy.check(world.parts, RULE.replace("allow", "alow"), 0).impact is None


def test_an_ended_role_gains_nothing(world: World, imani: Contractor) -> None:
    with world.parts.db.write() as session:
        session.execute(update(Assignment).values(not_after=world.clock.now() - timedelta(seconds=1)))
        world.parts.commit(session)

    assert sentences(world, RULE) == ["whoever holds role support (nobody now) gains read on data:logs"]


def test_somebody_whose_access_was_stopped_gains_nothing(world: World, imani: Contractor) -> None:
    with world.parts.db.write() as session:
        session.execute(update(Person).where(Person.id == imani.id).values(state="suspended"))
        world.parts.commit(session)

    assert impact(world, RULE).gaining == 0


def test_what_is_shown_is_bounded_and_the_numbers_are_not(world: World, imani: Contractor) -> None:
    caps = range(1, MOST_TOLD + 11)
    for number in caps:
        world.resource(f"data:d{number}")
    rules = "".join(f"p, a{n}, role:support, read, data:d{n}, -, max {n}m, allow\n" for n in caps)

    found = impact(world, rules)

    assert (len(found.told), found.more) == (MOST_TOLD, 10)
    assert (found.gaining, found.counts["gains"]) == (1, len(caps))


def test_names_beyond_a_page_are_counted(world: World, imani: Contractor) -> None:
    with world.parts.db.write() as session:
        for number in range(MOST_NAMES + 5):
            name = f"p{number}"
            people.create_person(session, world.parts, name=name, display_name=name, by="host")
        world.parts.commit(session)

    [told] = impact(world, "p, all, *, read, data:logs, -, -, allow\n").told

    assert told.sentence == f"everybody ({MOST_NAMES + 6} people) gains read on data:logs"
    assert len(told.names) + told.unnamed == MOST_NAMES + 6


def test_a_name_from_right_to_left_does_not_turn_the_sentence() -> None:
    assert isolated("Imani") == "Imani"
    assert isolated("ليلى") == "\u2068ليلى\u2069"


def test_a_publication_records_how_many_gain_and_lose(world: World, imani: Contractor) -> None:
    world.publish(RULE)
    world.publish(OTHER)

    counts = [details["effects"] for _, details in recorded(world, "policy.published")]
    assert [(each["gains"], each["losses"]) for each in counts] == [(0, 1), (1, 0)]  # newest first


def test_a_draft_is_saved_without_looking_at_people(world: World) -> None:
    viewer: Viewer = world.login(world.person("asha", "role:admin", "role:policy-author"))

    assert policy.save_draft(world.parts, viewer, RULE, 0).impact is None
