"""Logging in: who may, who may not, and what a stranger can learn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from domain.errors import ChallengeExpired, DoorwardError, TooMany
from flows import end_access, login, people, tap
from flows.enter import LoggedIn
from flows.jobs import Task
from flows.login import LoginRefused
from flows.session import current
from flows.upkeep import forget
from models.audit import AuditRecord
from models.keys import Challenge, Credential
from models.sessions import BrowserSession, RateCounter
from tests.world import HOME, HOSTED, Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani", "role:support")


def begin(world: World, name: str = "imani", *, browser: str = "b", address: str = HOME) -> dict:
    return login.begin(world.parts, login_name=name, browser=browser, address=address)


def finish(
    world: World, ceremony: str, credential: dict, *, browser: str = "b", address: str = HOME
) -> LoggedIn:
    return login.finish(
        world.parts, ceremony=ceremony, credential=credential, browser=browser, address=address
    )


def count(world: World, table: type, *where: Any) -> int:
    with world.parts.db.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def test_a_touch_opens_a_session(world: World, imani: Contractor) -> None:
    begun = begin(world)

    done = finish(world, begun["ceremony"], imani.key.sign(begun["publicKey"], world.origin))

    viewer = current(world.parts, done.cookie, HOME)
    assert viewer is not None
    assert viewer.person_id == imani.id


def test_a_challenge_cannot_be_answered_twice(world: World, imani: Contractor) -> None:
    begun = begin(world)
    answer = imani.key.sign(begun["publicKey"], world.origin)
    finish(world, begun["ceremony"], answer)

    with pytest.raises(ChallengeExpired):
        finish(world, begun["ceremony"], answer)


def test_a_failed_answer_burns_the_challenge(world: World, imani: Contractor) -> None:
    begun = begin(world)
    answer = imani.key.sign(begun["publicKey"], world.origin)
    spoilt = {**answer, "response": {**answer["response"], "signature": "AAAA"}}
    with pytest.raises(LoginRefused):
        finish(world, begun["ceremony"], spoilt)

    with pytest.raises(ChallengeExpired):
        finish(world, begun["ceremony"], answer)


def test_a_challenge_ends_after_three_minutes(world: World, imani: Contractor) -> None:
    begun = begin(world)
    world.clock.advance(minutes=3)

    with pytest.raises(ChallengeExpired):
        finish(world, begun["ceremony"], imani.key.sign(begun["publicKey"], world.origin))


def test_a_challenge_belongs_to_the_browser_that_asked(world: World, imani: Contractor) -> None:
    begun = begin(world)
    answer = imani.key.sign(begun["publicKey"], world.origin)

    with pytest.raises(ChallengeExpired):
        finish(world, begun["ceremony"], answer, browser="another")


def test_another_persons_key_does_not_open_my_session(world: World, imani: Contractor) -> None:
    jon = world.person("jon", "role:support")
    begun = begin(world, "imani")
    options = begun["publicKey"]
    with world.parts.db.read() as session:
        raw = session.scalars(select(Credential.credential_id).where(Credential.person_id == jon.id)).one()
    mine = begin(world, "jon", browser="j")["publicKey"]["allowCredentials"]

    answer = jon.key.sign({**options, "allowCredentials": mine}, world.origin)

    with pytest.raises(LoginRefused):
        finish(world, begun["ceremony"], answer)
    assert raw


def test_a_stranger_cannot_tell_a_known_name_from_an_unknown_one(world: World, imani: Contractor) -> None:
    known, unknown = begin(world, "imani"), begin(world, "nobody")
    again = begin(world, "nobody", browser="c")

    assert known.keys() == unknown.keys()
    assert known["publicKey"].keys() == unknown["publicKey"].keys()
    assert unknown["publicKey"]["allowCredentials"] == again["publicKey"]["allowCredentials"]
    assert len(known["publicKey"]["allowCredentials"]) == len(unknown["publicKey"]["allowCredentials"])
    refusals = []
    for begun in (known, unknown):
        with pytest.raises(LoginRefused) as refused:
            finish(world, begun["ceremony"], {"id": "AAAA", "rawId": "AAAA", "type": "public-key"})
        refusals.append((refused.value.message, refused.value.remedy, refused.value.code))
    assert refusals[0] == refusals[1]


def test_every_refusal_leaves_a_record(world: World, imani: Contractor) -> None:
    begun = begin(world)
    with pytest.raises(LoginRefused):
        finish(world, begun["ceremony"], {})

    assert count(world, AuditRecord, AuditRecord.kind == "login.refused") == 1


def test_guessing_is_slowed_down_and_never_locks_from_elsewhere(world: World, imani: Contractor) -> None:
    for _ in range(5):
        begun = begin(world)
        with pytest.raises(LoginRefused):
            finish(world, begun["ceremony"], {})

    with pytest.raises(TooMany):
        begin(world)
    world.login(imani, address="203.0.113.200")


def test_a_counter_that_did_not_rise_suspends_the_key_and_ends_its_sessions(
    world: World, imani: Contractor
) -> None:
    world.login(imani)
    cookie = imani.cookie
    with world.parts.db.write() as session:
        session.execute(update(Credential).values(sign_count=1000))
        session.commit()
    begun = begin(world)

    with pytest.raises(LoginRefused):
        finish(world, begun["ceremony"], imani.key.sign(begun["publicKey"], world.origin))

    assert count(world, Credential, Credential.state == "suspended") == 1
    assert current(world.parts, cookie, HOME) is None


def test_two_honest_tabs_do_not_suspend_the_key(world: World, imani: Contractor) -> None:
    first, second = begin(world, browser="one"), begin(world, browser="two")
    early = imani.key.sign(first["publicKey"], world.origin)
    late = imani.key.sign(second["publicKey"], world.origin)
    finish(world, second["ceremony"], late, browser="two")

    with pytest.raises(LoginRefused):
        finish(world, first["ceremony"], early, browser="one")

    assert count(world, Credential, Credential.state == "active") == 1


def test_of_64_parallel_answers_to_one_challenge_one_opens_a_session(world: World, imani: Contractor) -> None:
    begun = begin(world)
    answer = imani.key.sign(begun["publicKey"], world.origin)

    def attempt(_number: int) -> bool:
        try:
            finish(world, begun["ceremony"], answer)
        except DoorwardError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        opened = list(pool.map(attempt, range(64)))

    assert sum(opened) == 1
    assert count(world, BrowserSession, BrowserSession.ended_at.is_(None)) == 1


def test_a_session_ends_when_idle_when_old_and_when_ended(world: World, imani: Contractor) -> None:
    world.login(imani)
    world.clock.advance(minutes=14)
    assert current(world.parts, imani.cookie, HOME) is not None
    world.clock.advance(minutes=14)
    assert current(world.parts, imani.cookie, HOME) is not None
    world.clock.advance(minutes=15, seconds=1)

    assert current(world.parts, imani.cookie, HOME) is None


def test_a_session_ends_after_twelve_hours_whatever_happens(world: World, imani: Contractor) -> None:
    world.login(imani)
    for _ in range(12 * 6):
        world.clock.advance(minutes=10)
        current(world.parts, imani.cookie, HOME)

    assert current(world.parts, imani.cookie, HOME) is None


def test_a_suspended_person_is_out_at_once_and_cannot_come_back(world: World, imani: Contractor) -> None:
    world.person("asha", "role:admin", engaged=False)
    world.login(imani)
    with world.parts.db.write() as session:
        events = people.suspend(session, world.parts, imani.id, reason="test", by="host")
        world.parts.commit(session, *events)

    assert current(world.parts, imani.cookie, HOME) is None
    with pytest.raises(LoginRefused):
        world.login(imani)


def test_cookies_are_stored_as_digests_only(world: World, imani: Contractor) -> None:
    world.login(imani)

    with world.parts.db.read() as session:
        stored = session.scalars(select(BrowserSession.digest)).all()

    assert imani.cookie not in stored
    assert {len(digest) for digest in stored} == {64}


def test_old_challenges_are_forgotten(world: World, imani: Contractor) -> None:
    begin(world)
    world.clock.advance(minutes=10)
    begin(world)

    assert count(world, Challenge) == 1


def test_signing_out_ends_the_session_for_good(world: World, imani: Contractor) -> None:
    viewer = world.login(imani)

    end_access.end_session(world.parts, viewer, viewer.session_id, cause="signed-out")

    assert current(world.parts, imani.cookie, HOME) is None


def test_nobody_ends_another_persons_session(world: World, imani: Contractor) -> None:
    mallory = world.login(world.person("mallory"))
    viewer = world.login(imani)

    end_access.end_session(world.parts, mallory, viewer.session_id, cause="own-wish")

    assert current(world.parts, imani.cookie, HOME) is not None


def test_touching_again_gives_the_session_a_new_secret(world: World, imani: Contractor) -> None:
    viewer = world.login(imani)
    old = imani.cookie
    world.clock.advance(minutes=5)

    new = tap.touch_session(world.parts, viewer, world.tap(viewer, imani, tap.TOUCH))

    assert current(world.parts, old, HOME) is None
    fresh = current(world.parts, new, HOME)
    assert fresh is not None
    assert world.clock.now() - fresh.touched_at < timedelta(seconds=1)


def test_a_cookie_is_worth_nothing_from_another_network(world: World, imani: Contractor) -> None:
    world.login(imani)

    assert current(world.parts, imani.cookie, HOSTED) is None
    assert current(world.parts, imani.cookie, "203.0.113.8") is None
    assert current(world.parts, imani.cookie, HOME) is not None
    assert count(world, AuditRecord, AuditRecord.kind == "session.moved") == 1


def test_a_companys_own_egress_is_one_place(world: World, imani: Contractor) -> None:
    world.login(imani, address="198.51.100.9")

    assert current(world.parts, imani.cookie, "198.51.100.77") is not None
    assert current(world.parts, imani.cookie, HOME) is None


def test_old_counters_are_forgotten_and_new_ones_kept(world: World, imani: Contractor) -> None:
    begin(world)
    world.clock.advance(days=1, minutes=2)
    begin(world)

    with world.parts.db.write() as session:
        forget(session, world.parts, Task("", {}, world.clock.now(), world.clock.now()))
        session.commit()

    assert count(world, RateCounter, RateCounter.window < world.clock.now() - timedelta(days=1)) == 0
    assert count(world, RateCounter) > 0
