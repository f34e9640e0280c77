"""Who answers an unannounced touch for another, twice, from elsewhere, or in a race, gains nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.errors import ChallengeExpired, DoorwardError, NotFound
from flows import presence_answer, tap
from flows.presence import CLOSE
from flows.presence_answer import TooLate
from flows.session import Viewer, current
from flows.tap import TapRefused
from models.audit import records
from models.presence import PresenceCheck
from tests.flows.asking import (
    be_asked,
    begin,
    checks,
    close,
    contend,
    declare,
    go_to,
    jobs,
    observed,
    work,
)
from tests.world import HOME, Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    person = world.person("imani")
    declare(world, person)
    return person


@pytest.fixture
def asked(world: World, imani: Contractor) -> tuple[Viewer, PresenceCheck]:
    return be_asked(world, imani)


def test_nobody_answers_for_another(
    world: World, imani: Contractor, asked: tuple[Viewer, PresenceCheck]
) -> None:
    mei = world.person("mei")
    other = world.login(mei)

    with pytest.raises(NotFound):
        presence_answer.look(world.parts, other, asked[1].id)
    with pytest.raises(NotFound):
        begin(world, other, mei, asked[1])
    sent = begin(world, asked[0], imani, asked[1])
    with pytest.raises(TapRefused):
        presence_answer.finish(world.parts, other, **sent)

    assert checks(world)[0].outcome == "open"


def test_another_key_does_not_answer(
    world: World, imani: Contractor, asked: tuple[Viewer, PresenceCheck]
) -> None:
    mei = world.person("mei")
    begun = presence_answer.begin(world.parts, asked[0], asked[1].id, browser="b-imani")
    foreign = world.login(mei)
    theirs = tap.begin(world.parts, foreign, action=tap.TOUCH, browser="b-mei")
    answered = mei.key.sign(theirs["publicKey"], world.origin)

    with pytest.raises(TapRefused):
        presence_answer.finish(
            world.parts, asked[0], ceremony=begun["ceremony"], credential=answered, browser="b-imani"
        )

    assert checks(world)[0].outcome == "open"
    with world.parts.db.read() as session:
        assert len(records(session, kind="action.sign-refused")) == 1


def test_another_session_of_the_same_person_does_not_answer(
    world: World, imani: Contractor, asked: tuple[Viewer, PresenceCheck]
) -> None:
    elsewhere = world.login(imani)

    assert presence_answer.asked_now(world.parts, elsewhere) is None
    with pytest.raises(NotFound):
        begin(world, elsewhere, imani, asked[1])


def test_another_browser_does_not_answer(
    world: World, imani: Contractor, asked: tuple[Viewer, PresenceCheck]
) -> None:
    sent = begin(world, asked[0], imani, asked[1])

    with pytest.raises(ChallengeExpired):
        presence_answer.finish(world.parts, asked[0], **{**sent, "browser": "b-other"})


def test_an_old_answer_answers_no_later_asking(world: World, imani: Contractor) -> None:
    viewer, check = be_asked(world, imani)
    sent = begin(world, viewer, imani, check)
    presence_answer.finish(world.parts, viewer, **sent)
    viewer, later = be_asked(world, imani)

    with pytest.raises(ChallengeExpired):
        presence_answer.finish(world.parts, viewer, **sent)
    fresh = presence_answer.begin(world.parts, viewer, later.id, browser="b-imani")
    with pytest.raises(TapRefused):
        presence_answer.finish(world.parts, viewer, **{**sent, "ceremony": fresh["ceremony"]})

    assert checks(world)[-1].outcome == "open"


def test_a_touch_for_an_asking_signs_nothing_else(
    world: World, imani: Contractor, asked: tuple[Viewer, PresenceCheck]
) -> None:
    sent = begin(world, asked[0], imani, asked[1])

    with pytest.raises(ChallengeExpired):
        tap.finish(world.parts, asked[0], **sent)


def test_a_touch_for_something_else_answers_no_asking(
    world: World, imani: Contractor, asked: tuple[Viewer, PresenceCheck]
) -> None:
    action = {"do": "presence.answer", "check": asked[1].id}
    begun = tap.begin(world.parts, asked[0], action=action, browser="b-imani")
    signed = imani.key.sign(begun["publicKey"], world.origin)

    with pytest.raises(ChallengeExpired):
        presence_answer.finish(
            world.parts, asked[0], ceremony=begun["ceremony"], credential=signed, browser="b-imani"
        )


@pytest.mark.parametrize("closed", [False, True], ids=["before it is closed", "after"])
def test_a_touch_after_the_deadline_is_kept_and_changes_nothing(
    world: World, imani: Contractor, asked: tuple[Viewer, PresenceCheck], closed: bool
) -> None:
    world.clock.advance(seconds=85)
    sent = begin(world, asked[0], imani, asked[1])
    world.clock.advance(seconds=12 if closed else 8)
    if closed:
        work(world)

    with pytest.raises(TooLate):
        presence_answer.finish(world.parts, asked[0], **sent)
    close(world)

    (check,) = checks(world)
    assert check.outcome == "missed"
    assert check.answered_at == check.deadline + timedelta(seconds=7 if closed else 3)
    (found,) = observed(world)
    assert found.value["late_ms"] == (None if closed else 3000)
    with world.parts.db.read() as session:
        ((_, detail),) = records(session, kind="presence.late")
        assert len(records(session, kind="presence.missed")) == 1
    assert detail is not None
    assert detail.details["late_ms"] == (7000 if closed else 3000)


def test_after_the_deadline_no_touch_begins(
    world: World, imani: Contractor, asked: tuple[Viewer, PresenceCheck]
) -> None:
    world.clock.advance(seconds=91)

    with pytest.raises(TooLate):
        begin(world, asked[0], imani, asked[1])


def test_of_64_parallel_answers_one_counts(
    world: World, imani: Contractor, asked: tuple[Viewer, PresenceCheck]
) -> None:
    sent = [begin(world, asked[0], imani, asked[1]) for _ in range(8)]

    def attempt(number: int) -> bool:
        try:
            presence_answer.finish(world.parts, asked[0], **sent[number % 8])
        except DoorwardError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(64))) == 1

    assert len(observed(world)) == 1


def test_an_answer_that_races_with_the_closing_ends_in_one_way(world: World) -> None:
    """Both at once, many times: the outcome, the observation and the record always tell the same."""
    people = [world.person(f"p{number}") for number in range(8)]
    viewers = {person.id: world.login(person) for person in people}
    contend(world, *people)
    world.clock.advance(seconds=80)
    sent = [
        (viewers[person.id], begin(world, viewers[person.id], person, check))
        for check in checks(world)
        for person in people
        if person.id == check.person_id
    ]
    go_to(world, jobs(world, CLOSE)[0].due_at - timedelta(seconds=5))
    with world.parts.db.write() as session:
        # Close early, at the very deadline, so that both are allowed to win.
        session.get_one(type(jobs(world, CLOSE)[0]), jobs(world, CLOSE)[0].id).due_at = world.clock.now()
        session.commit()
    barrier = threading.Barrier(len(sent) + 1)

    def send(index: int) -> None:
        barrier.wait()
        try:
            presence_answer.finish(world.parts, sent[index][0], **sent[index][1])
        except DoorwardError:
            return

    def shut(_index: int) -> None:
        barrier.wait()
        while jobs(world, CLOSE):
            work(world)

    with ThreadPoolExecutor(len(sent) + 1) as pool:
        futures = [pool.submit(send, index) for index in range(len(sent))] + [pool.submit(shut, 0)]
        for future in futures:
            future.result()

    outcomes = {check.person_id: check.outcome for check in checks(world)}
    assert set(outcomes.values()) <= {"answered", "missed"}
    assert {row.person_id: row.value["outcome"] for row in observed(world)} == outcomes
    assert len(observed(world)) == len(people)
    with world.parts.db.read() as session:
        told = {
            r.subject: r.kind
            for r, _ in records(session, kind="presence.")
            if r.kind[9:] in {"answered", "missed"}
        }
    assert told == {person: f"presence.{outcome}" for person, outcome in outcomes.items()}


def test_looking_tells_nothing_before_an_asking_and_is_no_activity(world: World, imani: Contractor) -> None:
    (job,) = jobs(world)
    go_to(world, job.due_at - timedelta(minutes=14))
    viewer = world.login(imani)
    for _ in range(28):
        assert current(world.parts, imani.cookie, HOME, active=False) is not None
        assert presence_answer.asked_now(world.parts, viewer) is None
        world.clock.advance(seconds=30)

    world.clock.advance(minutes=1)

    assert current(world.parts, imani.cookie, HOME) is None, "looking kept nobody from becoming idle"
