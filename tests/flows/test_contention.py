"""An admin asks for a touch now: one person alone, or several at the same moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import Conflict, DoorwardError
from flows.contention import contention_action
from tests.flows.asking import answer, be_asked, checks, close, contend, declare, observed
from tests.world import Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    person = world.person("imani")
    declare(world, person)
    return person


def test_several_people_are_asked_at_the_same_moment(world: World) -> None:
    imani, mei, olu = (world.person(name) for name in ("imani", "mei", "olu"))
    viewers = {person.id: world.login(person) for person in (imani, mei)}

    contend(world, imani, mei, olu, by="asha")

    found = {check.person_id: check for check in checks(world)}
    assert {check.deadline for check in found.values()} == {world.clock.now() + timedelta(seconds=90)}
    assert [found[p.id].outcome for p in (imani, mei, olu)] == ["open", "open", "absent"]
    world.clock.advance(seconds=4)
    answer(world, viewers[mei.id], mei, found[mei.id])
    close(world)
    assert {row.person_id: (row.kind, row.adverse) for row in observed(world)} == {
        mei.id: ("presence.contention", False),
        imani.id: ("presence.contention", True),
    }


def test_a_contention_needs_two_who_are_there(world: World) -> None:
    imani, mei = world.person("imani"), world.person("mei")
    world.login(imani)

    with pytest.raises(Conflict) as refused:
        contend(world, imani, mei)

    assert refused.value.code == "contention-absent"
    assert checks(world) == []


def test_one_person_is_asked_alone_if_they_are_there(world: World) -> None:
    imani = world.person("imani")
    with pytest.raises(Conflict) as refused:
        contend(world, imani)
    world.login(imani)

    contend(world, imani, by="asha")

    assert refused.value.code == "contention-absent"
    assert [(check.person_id, check.outcome) for check in checks(world)] == [(imani.id, "open")]
    close(world)
    assert [row.kind for row in observed(world)] == ["presence.touch"]


def test_nobody_asks_themselves_when_it_suits_them(world: World) -> None:
    asha, imani = world.person("asha"), world.person("imani")
    world.login(asha)
    world.login(imani)

    for people in ([asha], [asha, imani]):
        with pytest.raises(Conflict) as refused:
            contend(world, *people, by=asha.id)
        assert refused.value.code == "contention-self"
    assert checks(world) == []


def test_nobody_is_asked_twice_at_once(world: World, imani: Contractor) -> None:
    mei = world.person("mei")
    world.login(mei)
    be_asked(world, imani)

    with pytest.raises(Conflict) as refused:
        contend(world, imani, mei)

    assert refused.value.code == "contention-busy"


def test_a_contention_names_its_people_once_each_in_the_signed_action() -> None:
    assert contention_action(["b", "a", "b"], "why") == contention_action(["a", "b"], "why")
    for people in ([], [str(number) for number in range(51)]):
        with pytest.raises(DoorwardError):
            contention_action(people, "why")
