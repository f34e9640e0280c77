"""Declared hours: what they may be, and what declaring anew does to what was drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import Invalid
from flows.document import read_document
from flows.load import load_document
from flows.presence_hours import clock_minutes, clock_words
from models.people import person_by_login
from tests.flows.asking import ALWAYS, checks, declare, go_to, jobs, work
from tests.world import Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    person = world.person("imani")
    declare(world, person)
    return person


def test_hours_declared_anew_draw_anew_and_what_was_drawn_before_asks_nobody(
    world: World, imani: Contractor
) -> None:
    declare(world, imani)
    first, second = sorted(jobs(world), key=lambda job: job.payload["revision"])
    for job in sorted((first, second), key=lambda job: job.due_at):
        go_to(world, job.due_at)
        world.login(imani)
        work(world)

    assert [check.opened_at for check in checks(world)] == [second.due_at]
    assert [job.payload["revision"] for job in jobs(world)] == [2]


def test_a_mean_of_zero_asks_nothing(world: World, imani: Contractor) -> None:
    declare(world, imani, replace(ALWAYS, mean_gap=0))
    (old,) = jobs(world)
    go_to(world, old.due_at)
    world.login(imani)

    work(world)

    assert checks(world) == []
    assert jobs(world) == []


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"zone": "Mars/Olympus"}, "hours-zone"),
    ({"zone": "../etc/passwd"}, "hours-zone"),
    ({"days": ()}, "hours-days"),
    ({"days": (7,)}, "hours-days"),
    ({"starts": 24 * 60}, "hours-time"),
    ({"ends": -1}, "hours-time"),
    ({"starts": 600, "ends": 629}, "hours-time"),
    ({"starts": 600, "ends": 600}, "hours-time"),
    ({"mean_gap": 59}, "hours-gap"),
    ({"mean_gap": 4801}, "hours-gap"),
    ({"mean_gap": -60}, "hours-gap"),
)


@pytest.mark.parametrize(("change", "code"), WRONG)
def test_hours_that_cannot_be_kept_are_refused_with_what_is_wrong(
    world: World, imani: Contractor, change: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        declare(world, imani, replace(ALWAYS, **change))

    assert refused.value.code == code


@pytest.mark.parametrize("text", ["", "9", "24:01", "12:60", "-1:30", "٠٩:٠٠", "9:5", "009:00"])
def test_a_time_of_the_day_is_written_with_a_colon(text: str) -> None:
    with pytest.raises(Invalid):
        clock_minutes(text)
    assert (clock_minutes("09:05"), clock_minutes("24:00"), clock_words(545)) == (545, 1440, "09:05")


DOCUMENT = """
[[people]]
login_name = "olu"
display_name = "Olu"

[people.hours]
zone = "Europe/Berlin"
days = [4, 0]
starts = "22:00"
ends = "06:00"
mean_gap = 120
"""


def test_hours_come_from_the_document_and_a_second_load_draws_nothing_anew(world: World) -> None:
    load_document(world.parts, read_document(DOCUMENT.encode()))
    first = [job.key for job in jobs(world)]

    load_document(world.parts, read_document(DOCUMENT.encode()))
    again = [job.key for job in jobs(world)]
    load_document(world.parts, read_document(DOCUMENT.replace("120", "180").encode()))

    assert len(first) == 1
    assert again == first
    assert sorted(job.payload["revision"] for job in jobs(world)) == [1, 2]


def test_a_wrong_hour_in_the_document_writes_nothing(world: World) -> None:
    with pytest.raises(Invalid):
        load_document(world.parts, read_document(DOCUMENT.replace("22:00", "22h").encode()))

    with world.parts.db.read() as session:
        assert person_by_login(session, "olu") is None
