"""People are asked for a touch unannounced, while they are there, and each asking ends in one way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import Conflict, NotFound
from domain.evidence import Kind
from evidence.standing import standing
from flows import end_access, people, presence_answer
from flows.access import my_access
from flows.presence import LATE, MOST_A_DAY, busy
from flows.presence_hours import HoursForm
from flows.presence_view import my_askings
from flows.session import Viewer, current
from models.audit import records
from models.evidence import observations_for
from models.jobs import Job
from tests.flows.asking import (
    ALWAYS,
    answer,
    be_asked,
    checks,
    close,
    contend,
    declare,
    go_to,
    jobs,
    observed,
    rounds,
    work,
)
from tests.world import HOME, Contractor, World

WINDOW = timedelta(seconds=90)


@pytest.fixture
def imani(world: World) -> Contractor:
    person = world.person("imani")
    declare(world, person)
    return person


def kinds(world: World, who: Contractor, kind: str) -> int:
    with world.parts.db.read() as session:
        return len(records(session, kind=kind, who=who.id))


def test_who_is_there_is_asked_and_the_answer_is_kept_whole(world: World, imani: Contractor) -> None:
    viewer, check = be_asked(world, imani)
    assert (check.outcome, check.session_id) == ("open", viewer.session_id)
    assert check.deadline - check.opened_at == WINDOW
    world.clock.advance(seconds=5)
    shown = presence_answer.asked_now(world.parts, viewer)
    assert shown is not None
    world.clock.advance(seconds=7)

    answer(world, viewer, imani, check)

    (check,) = checks(world)
    assert (check.outcome, check.credential_id) == ("answered", viewer.credential_id)
    (found,) = observed(world)
    assert (found.kind, found.adverse, found.session_id) == ("presence.touch", False, viewer.session_id)
    assert found.value == {"outcome": "answered", "latency_ms": 12_000, "shown_ms": 7_000}
    assert presence_answer.asked_now(world.parts, viewer) is None
    assert kinds(world, imani, "presence.answered") == 1
    close(world)
    assert checks(world)[0].outcome == "answered"
    assert rounds(world)[0].closed_at is not None


def test_what_nobody_answers_is_missed_once(world: World, imani: Contractor) -> None:
    viewer, _check = be_asked(world, imani)
    presence_answer.asked_now(world.parts, viewer)

    close(world)

    assert checks(world)[0].outcome == "missed"
    (found,) = observed(world)
    assert found.adverse
    assert found.value == {"outcome": "missed", "shown": True, "late_ms": None}
    assert kinds(world, imani, "presence.missed") == 1
    assert work(world) == 0


def test_a_missed_touch_stays_in_force_until_a_later_one_is_answered(world: World, imani: Contractor) -> None:
    viewer, _check = be_asked(world, imani)
    close(world)
    assert in_force(world, viewer) == 1

    viewer, check = be_asked(world, imani)
    assert in_force(world, viewer) == 1, "also in a later session"
    answer(world, viewer, imani, check)

    assert in_force(world, viewer) == 0


def in_force(world: World, viewer: Viewer) -> int:
    with world.parts.db.read() as session:
        known = observations_for(session, viewer.person_id, viewer.session_id)
    found = standing(known, Kind.PRESENCE_TOUCH, session=viewer.session_id, now=world.clock.now())
    return len(found.adverse)


def test_an_outcome_weighs_nothing_by_itself(world: World, imani: Contractor) -> None:
    viewer, _check = be_asked(world, imani)
    before = my_access(world.parts, viewer).assessment

    close(world)

    after = my_access(world.parts, viewer).assessment
    assert in_force(world, viewer) == 1
    assert (after.score, after.tier) == (before.score, before.tier)


def test_who_is_not_logged_in_is_absent_and_nothing_is_held_against_them(
    world: World, imani: Contractor
) -> None:
    go_to(world, jobs(world)[0].due_at)

    work(world)

    assert [check.outcome for check in checks(world)] == ["absent"]
    assert observed(world) == []
    assert kinds(world, imani, "presence.") == 1, "only the declaration"
    assert len(jobs(world)) == 1


def test_who_is_idle_is_absent(world: World, imani: Contractor) -> None:
    (job,) = jobs(world)
    go_to(world, job.due_at - world.parts.limits.session_idle)
    world.login(imani)
    go_to(world, job.due_at)

    work(world)

    assert [check.outcome for check in checks(world)] == ["absent"]


def test_the_session_in_which_somebody_did_something_last_is_asked(world: World, imani: Contractor) -> None:
    (job,) = jobs(world)
    go_to(world, job.due_at - timedelta(minutes=5))
    first, cookie = world.login(imani), imani.cookie
    world.login(imani)
    go_to(world, job.due_at)
    current(world.parts, cookie, HOME)

    work(world)

    assert checks(world)[0].session_id == first.session_id


def test_a_worker_that_was_away_asks_nobody_late_and_nobody_twice(world: World, imani: Contractor) -> None:
    go_to(world, jobs(world)[0].due_at + LATE + timedelta(seconds=1))
    world.login(imani)

    work(world)

    assert checks(world) == []
    (following,) = jobs(world)
    assert following.due_at > world.clock.now()


def test_outside_declared_hours_nobody_is_asked(world: World, imani: Contractor) -> None:
    """A job can be due in the last second of the hours, and be done in the first one after."""
    declare(world, imani, HoursForm("UTC", tuple(range(7)), 9 * 60, 17 * 60, 240))
    evening = world.clock.now().replace(hour=17)
    (job,) = (job for job in jobs(world) if job.payload["revision"] == 2)
    with world.parts.db.write() as session:
        session.get_one(Job, job.id).due_at = evening - timedelta(seconds=1)
        session.commit()
    go_to(world, evening)
    world.login(imani)

    work(world)

    assert checks(world) == []


def test_who_is_suspended_is_not_asked_and_is_again_once_reinstated(world: World, imani: Contractor) -> None:
    with world.parts.db.write() as session:
        world.parts.commit(session, *people.suspend(session, world.parts, imani.id, reason="x", by="host"))
    go_to(world, jobs(world)[0].due_at)
    work(world)
    assert checks(world) == []
    with world.parts.db.write() as session:
        world.parts.commit(session, people.resume(session, imani.id, by="host"))

    _viewer, check = be_asked(world, imani)

    assert check.outcome == "open"


def test_who_has_no_running_engagement_is_not_asked(world: World, imani: Contractor) -> None:
    world.clock.advance(days=61)

    work(world)
    go_to(world, jobs(world)[0].due_at)
    world.login(imani)
    work(world)

    assert checks(world) == []


def test_nobody_is_asked_more_than_a_dozen_times_a_day(world: World) -> None:
    busy = [world.person("imani"), world.person("mei")]
    for person in busy:
        world.login(person)
    for _ in range(MOST_A_DAY):
        contend(world, *busy)
        close(world)
        for person in busy:
            world.login(person)

    with pytest.raises(Conflict) as refused:
        contend(world, *busy)
    assert refused.value.code == "contention-busy"
    declare(world, busy[0], replace(ALWAYS, mean_gap=60))
    go_to(world, jobs(world)[0].due_at)
    world.login(busy[0])
    work(world)

    assert len(checks(world)) == 2 * MOST_A_DAY, "a drawn asking counts as well"


def test_signing_out_after_the_asking_was_shown_is_missing_it(world: World, imani: Contractor) -> None:
    viewer, _check = be_asked(world, imani)
    presence_answer.asked_now(world.parts, viewer)
    end_access.end_session(world.parts, viewer, viewer.session_id, cause="signed-out")

    close(world)

    assert checks(world)[0].outcome == "missed"


@pytest.mark.parametrize("ending", ["sign out", "end everything"])
def test_signing_out_before_anybody_saw_the_asking_is_not(
    world: World, imani: Contractor, ending: str
) -> None:
    viewer, _check = be_asked(world, imani)
    if ending == "sign out":
        end_access.end_session(world.parts, viewer, viewer.session_id, cause="signed-out")
    else:
        end_access.end_everything(world.parts, viewer)

    close(world)

    assert checks(world)[0].outcome == "absent"
    assert observed(world) == []


def test_who_was_stopped_meanwhile_has_missed_nothing(world: World, imani: Contractor) -> None:
    viewer, _check = be_asked(world, imani)
    presence_answer.asked_now(world.parts, viewer)
    with world.parts.db.write() as session:
        world.parts.commit(session, *people.suspend(session, world.parts, imani.id, reason="x", by="host"))

    close(world)

    assert checks(world)[0].outcome == "absent"


def test_what_one_session_is_asked_the_others_do_not_see(world: World, imani: Contractor) -> None:
    """One session looked on, and signed the other out before it had shown anything: that was excused."""
    (job,) = jobs(world)
    go_to(world, job.due_at - timedelta(seconds=20))
    other = world.login(imani)
    world.clock.advance(seconds=10)
    asked = world.login(imani)
    go_to(world, job.due_at)
    work(world)
    (check,) = checks(world)

    assert check.session_id == asked.session_id
    assert my_askings(world.parts, other).rows == ()
    with pytest.raises(NotFound):
        presence_answer.look(world.parts, other, check.id)
    assert [row.check.id for row in my_askings(world.parts, asked).rows] == [check.id]


def test_a_close_that_fails_for_good_keeps_nobody_from_being_asked(world: World, imani: Contractor) -> None:
    """The check stays open, and was taken for an asking that goes on."""
    be_asked(world, imani)
    with world.parts.db.read() as session:
        assert busy(session, imani.id, world.clock.now())

    world.clock.advance(minutes=12)

    with world.parts.db.read() as session:
        assert [check.outcome for check in checks(world)] == ["open"]
        assert not busy(session, imani.id, world.clock.now())
