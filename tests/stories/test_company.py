"""Keys that travel together: a shelf of laptops, a couple, an office, one browser for two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from domain.evidence import Kind, Outcome
from evidence.company import WINDOW
from evidence.sentences import red_for_contractor
from evidence.standing import standing
from flows import catalog, login, tap
from flows.decide import know
from flows.jobs import Task
from flows.liveness import read_roots
from flows.session import Viewer, current
from flows.upkeep import forget
from models.evidence import ObservationRow, observations_for
from models.keys import Credential
from models.touches import Touch
from tests.world import HOME, OFFICE, Contractor, World

FARM = "203.0.113.66"
ELSEWHERE = "203.0.113.200"


def walk_along(world: World, people: list[Contractor], *, address: str, seconds: int = 20) -> list[Viewer]:
    """Log *people* in, one after the other, as one pair of hands does it."""
    viewers = []
    for person in people:
        world.clock.advance(seconds=seconds)
        viewers.append(world.login(person, address=address))
    return viewers


def log_in(world: World, person: Contractor, *, browser: str, address: str = HOME, **changes: Any) -> Viewer:
    """Log in from a certain browser; *changes* edit what the browser says beside the signature."""
    begun = login.begin(world.parts, login_name=person.name, browser=browser, address=address)
    answer = {**person.key.sign(begun["publicKey"], world.origin), **changes}
    done = login.finish(
        world.parts, ceremony=begun["ceremony"], credential=answer, browser=browser, address=address
    )
    viewer = current(world.parts, done.cookie, address)
    assert viewer is not None
    return viewer


def newest(world: World, viewer: Viewer, kind: Kind) -> ObservationRow:
    with world.parts.db.read() as session:
        row = session.scalars(
            select(ObservationRow)
            .where(ObservationRow.session_id == viewer.session_id, ObservationRow.kind == kind.value)
            .order_by(ObservationRow.received_at.desc())
            .limit(1)
        ).one()
        session.expunge(row)
        return row


def in_force(world: World, viewer: Viewer, kind: Kind) -> bool:
    """Whether something adverse of *kind* stands for this session now."""
    with world.parts.db.read() as session:
        known = observations_for(session, viewer.person_id, viewer.session_id)
    found = standing(known, kind, session=viewer.session_id, now=world.clock.now())
    return bool(found.adverse)


@pytest.fixture
def three(world: World) -> list[Contractor]:
    return [world.person(name, "role:support") for name in ("imani", "jon", "mei")]


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
        "2 other people's keys were used from the same network, first 0 days ago."
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
