"""What an accepted touch leaves behind, what it costs, and when it is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from domain.evidence import Kind, Outcome
from evidence.ceremony import TouchTimes
from evidence.company import WINDOW
from flows import login, tap
from flows.decide import know
from flows.jobs import Task
from flows.liveness import read_roots
from flows.people_view import person_page
from flows.upkeep import forget
from models.keys import Credential
from models.touches import Touch
from tests.stories.onlooker import ELSEWHERE, log_in, newest, walk_along
from tests.world import HOME, Contractor, World


def test_a_touch_leaves_its_time_and_the_counters_step(world: World, three: list[Contractor]) -> None:
    viewer = world.login(three[0])
    begun = tap.begin(world.parts, viewer, action=tap.TOUCH, browser="b-imani")
    world.clock.advance(seconds=4)
    tap.finish(
        world.parts,
        viewer,
        ceremony=begun["ceremony"],
        credential=three[0].key.sign(begun["publicKey"], world.origin),
        browser="b-imani",
    )

    assert newest(world, viewer, Kind.CEREMONY_TOUCH).value == {"purpose": "sign", "ms": 4000}
    assert newest(world, viewer, Kind.CEREMONY_COUNTER).value == {"delta": 1}


def test_an_admin_sees_how_long_the_touches_of_a_person_took(world: World, three: list[Contractor]) -> None:
    for seconds in (2, 4, 9):
        begun = login.begin(world.parts, login_name="imani", browser="b", address=HOME)
        world.clock.advance(seconds=seconds)
        login.finish(
            world.parts,
            ceremony=begun["ceremony"],
            credential=three[0].key.sign(begun["publicKey"], world.origin),
            browser="b",
            address=HOME,
        )

    at_activation, at_logins = person_page(world.parts, three[0].id).touches
    assert (at_activation.purpose, at_activation.touches) == ("activate", 1)
    assert at_logins == TouchTimes("login", 3, 4000, 9000, 9000)
    world.clock.advance(days=31)
    assert person_page(world.parts, three[0].id).touches == ()


def test_a_key_that_became_part_of_the_computer_is_seen_and_logs_in_all_the_same(
    world: World, three: list[Contractor]
) -> None:
    world.login(three[0])
    world.clock.advance(minutes=1)

    viewer = log_in(world, three[0], browser="b-imani", authenticatorAttachment="platform")

    assert newest(world, viewer, Kind.CEREMONY_REDIRECTED).value == {"by": ["platform"]}
    moved = newest(world, viewer, Kind.CEREMONY_TRANSPORT)
    assert moved.adverse
    assert moved.value["seen"] == ["cross-platform"]
    assert moved.device_id == viewer.credential_id


@pytest.mark.parametrize(
    "said", [None, 7, ["platform"], {"a": 1}, "\x00", "x" * 10_000, {"remote" + "\x00": 1}]
)
def test_odd_words_of_a_browser_break_no_login(world: World, three: list[Contractor], said: object) -> None:
    viewer = log_in(
        world,
        three[0],
        browser="b-imani",
        authenticatorAttachment=said,
        clientExtensionResults=said,
    )

    assert viewer.person_id == three[0].id


def test_a_revoked_key_speaks_no_more(world: World, three: list[Contractor]) -> None:
    """Nobody can show the end of what was seen on a key that is no more."""
    viewer = log_in(world, three[0], browser="b-imani", authenticatorAttachment="platform")
    with world.parts.db.write() as session:
        roots = read_roots(session, viewer.session_id)
        before = know(session, world.parts, viewer.person_id, roots, world.clock.now())
        session.execute(
            update(Credential).where(Credential.id == viewer.credential_id).values(state="revoked")
        )
        after = know(session, world.parts, viewer.person_id, roots, world.clock.now())

    def against(known: Any) -> set[Kind]:
        return {c.kind for c in known.assessment.contributions if c.outcome is Outcome.AGAINST}

    assert Kind.CEREMONY_REDIRECTED in against(before)
    assert Kind.CEREMONY_REDIRECTED not in against(after)


def test_touches_are_forgotten_after_a_month(world: World, three: list[Contractor]) -> None:
    world.login(three[0])
    world.clock.advance(days=WINDOW.days, minutes=-1)
    upkeep(world)
    assert touches(world) == 4  # of three activations and a login

    world.clock.advance(minutes=2)
    upkeep(world)

    assert touches(world) == 0


def upkeep(world: World) -> None:
    now = world.clock.now()
    with world.parts.db.write() as session:
        forget(session, world.parts, Task("", {}, now, now))
        world.parts.commit(session)


def touches(world: World) -> int:
    with world.parts.db.read() as session:
        return session.scalar(select(func.count()).select_from(Touch)) or 0


@contextmanager
def reads_of_touches(world: World) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "touches" in statement and statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(world.parts.db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(world.parts.db.engine, "before_cursor_execute", note)


def test_looking_around_costs_four_reads_at_a_login_and_one_at_a_tap(
    world: World, three: list[Contractor]
) -> None:
    with reads_of_touches(world) as at_login:
        viewer = world.login(three[0], address=ELSEWHERE)
    with reads_of_touches(world) as at_tap:
        world.tap(viewer, three[0], tap.TOUCH)
    world.clock.advance(seconds=timedelta(minutes=1).total_seconds())
    walk_along(world, three[1:], address=ELSEWHERE)
    with reads_of_touches(world) as in_company:
        world.login(three[0], address=ELSEWHERE)

    assert (len(at_login), len(at_tap), len(in_company)) == (4, 1, 5)
