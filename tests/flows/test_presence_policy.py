"""A rule may ask whether a person touched their key when they were asked."""

from __future__ import annotations

import pytest

from domain.decision import Decision
from flows import presence_answer
from flows.decide import Asked, decide_and_log
from flows.liveness import read_roots
from flows.session import Viewer
from models.presence import DeclaredHours
from tests.flows.asking import answer, be_asked, checks, close, contend, declare
from tests.world import Contractor, World

RULES = """
p, strict, role:support, read, data:strict, presence_missed == 0, max 15m, allow
p, lenient, role:support, read, data:lenient, presence_missed < 2, max 15m, allow
p, open, role:support, read, data:open, -, max 15m, allow
p, shut, *, read, data:shut, presence_missed >= 1, -, deny
p, ajar, role:support, read, data:shut, -, max 15m, allow
p, kept, role:support, read, data:kept, custody >= 1, -, allow
p, fresh, role:support, read, data:fresh, touch_age < 60s, -, allow
"""


@pytest.fixture
def imani(world: World) -> Contractor:
    for name in ("strict", "lenient", "open", "shut", "kept", "fresh"):
        world.resource(f"data:{name}", "read")
    world.publish(RULES)
    person = world.person("imani", "role:support")
    declare(world, person)
    return person


def asks(world: World, viewer: Viewer, name: str, *, named: bool = True) -> Decision:
    with world.parts.db.write() as session:
        roots = read_roots(session, viewer.session_id) if named else None
        asked = Asked("test", viewer.person_id, "read", f"data:{name}", roots)
        decision = decide_and_log(session, world.parts, asked, world.clock.now())
        world.parts.commit(session)
    return decision


def opened(world: World, viewer: Viewer) -> set[str]:
    return {name for name in ("strict", "lenient", "open", "shut") if asks(world, viewer, name).permitted}


def miss(world: World, imani: Contractor) -> Viewer:
    viewer, _check = be_asked(world, imani)
    presence_answer.asked_now(world.parts, viewer)
    close(world)
    assert checks(world)[-1].outcome == "missed"
    return viewer


def stop_asking(world: World, imani: Contractor) -> None:
    """Have no further asking come between, at its random moment."""
    with world.parts.db.write() as session:
        session.get_one(DeclaredHours, imani.id).revision += 1
        world.parts.commit(session)


def test_who_was_never_asked_has_missed_nothing(world: World, imani: Contractor) -> None:
    assert opened(world, world.login(imani)) == {"strict", "lenient", "open", "shut"}


def test_an_open_asking_is_not_missed_yet(world: World, imani: Contractor) -> None:
    viewer, check = be_asked(world, imani)
    assert check.outcome == "open"

    assert opened(world, viewer) == {"strict", "lenient", "open", "shut"}


def test_a_worker_that_is_away_keeps_no_door_open(world: World, imani: Contractor) -> None:
    viewer, check = be_asked(world, imani)
    world.clock.advance(seconds=96)
    assert checks(world)[-1].outcome == "open"

    assert opened(world, viewer) == {"lenient", "open"}
    close(world)
    assert checks(world)[-1].outcome == "missed"
    assert opened(world, viewer) == {"lenient", "open"}
    assert check.deadline < world.clock.now()


def test_a_missed_touch_closes_what_the_rules_say_and_nothing_else(world: World, imani: Contractor) -> None:
    viewer = miss(world, imani)

    assert opened(world, viewer) == {"lenient", "open"}
    denied = asks(world, viewer, "strict")
    assert denied.reason.code.value == "presence-missed"
    assert denied.curable
    assert asks(world, viewer, "shut").reason.code.value == "presence-missed"


def test_logging_in_anew_forgets_no_missed_touch(world: World, imani: Contractor) -> None:
    miss(world, imani)

    assert opened(world, world.login(imani)) == {"lenient", "open"}


def test_two_in_a_row_close_more_than_one(world: World, imani: Contractor) -> None:
    viewer = miss(world, imani)
    contend(world, imani, by="asha")
    close(world)

    assert opened(world, viewer) == {"open"}


def test_an_answer_in_time_opens_again(world: World, imani: Contractor) -> None:
    viewer = miss(world, imani)
    contend(world, imani)
    answer(world, viewer, imani, checks(world)[-1])

    assert opened(world, viewer) == {"strict", "lenient", "open", "shut"}


def test_a_touch_that_came_late_opens_nothing(world: World, imani: Contractor) -> None:
    viewer, check = be_asked(world, imani)
    world.clock.advance(seconds=80)
    presence_answer.asked_now(world.parts, viewer)
    world.clock.advance(seconds=11)
    with pytest.raises(presence_answer.TooLate):
        answer(world, viewer, imani, check)
    close(world)

    assert opened(world, viewer) == {"lenient", "open"}


def test_a_day_later_it_is_forgotten(world: World, imani: Contractor) -> None:
    miss(world, imani)
    stop_asking(world, imani)
    world.clock.advance(hours=24)

    assert opened(world, world.login(imani)) == {"strict", "lenient", "open", "shut"}


def test_who_was_not_there_missed_nothing(world: World, imani: Contractor) -> None:
    others = [world.person(name) for name in ("jon", "mei")]
    for other in others:
        world.login(other)
    contend(world, imani, *others)
    close(world)
    assert {check.person_id: check.outcome for check in checks(world)}[imani.id] == "absent"

    assert opened(world, world.login(imani)) == {"strict", "lenient", "open", "shut"}


def test_what_another_missed_is_held_against_nobody_else(world: World, imani: Contractor) -> None:
    miss(world, imani)
    jon = world.person("jon", "role:support")

    assert opened(world, world.login(jon)) == {"strict", "lenient", "open", "shut"}


@pytest.mark.parametrize("name", ["kept", "fresh"])
def test_who_asks_without_a_session_is_told_to_name_it(world: World, imani: Contractor, name: str) -> None:
    denied = asks(world, world.login(imani), name, named=False)

    assert denied.reason.code.value == "session-missing"


def test_without_a_session_the_deny_stands_and_the_allow_does_not(world: World, imani: Contractor) -> None:
    viewer = world.login(imani)

    assert not asks(world, viewer, "strict", named=False).permitted
    denied = asks(world, viewer, "shut", named=False)
    assert denied.reason.code.value == "session-missing"
