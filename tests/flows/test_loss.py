"""Two keys, stop codes, and keys that are stopped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from crypto.secrets import from_base64url
from demo.softkey import NotAllowed, SoftKey
from domain.errors import Conflict, DoorwardError, Forbidden, NotFound, TooMany
from flows import activate, key_states, second_key, tap
from flows.register import KeyNotAccepted
from flows.session import Viewer, current
from flows.stop_code import StopCodeUnknown, StoppedAlready, make_stop_code, stop_by_code
from models.audit import AuditRecord
from models.custody import StopCode
from models.keys import Credential
from tests.world import AAGUID, HOME, HOSTED, Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani")


@pytest.fixture
def asha(world: World) -> Contractor:
    return world.person("asha", "role:admin", engaged=False)


@pytest.fixture
def sam(world: World) -> Contractor:
    return world.person("sam", "role:sponsor", engaged=False)


def key_of(world: World, person: Contractor) -> Credential:
    with world.parts.db.read() as session:
        keys = select(Credential).where(Credential.person_id == person.id).order_by(Credential.id)
        return session.scalars(keys).all()[-1]


def write(world: World, act: Any) -> Any:
    """Run one act in a transaction of its own, commit what it returns to be recorded, and return the rest."""
    with world.parts.db.write() as session:
        done = act(session)
        events = done if isinstance(done, list | tuple) else [done]
        world.parts.commit(session, *[e for e in events if hasattr(e, "kind")])
        return done


def add_key(world: World, viewer: Viewer, person: Contractor) -> tuple[SoftKey, second_key.Added]:
    browser = "b-" + person.name
    touch = world.tap(viewer, person, second_key.ADD)
    begun = second_key.begin(world.parts, viewer, signature_id=touch.signature_id, browser=browser)
    key = SoftKey.create(world.authority, AAGUID, now=world.clock.now())
    answer = key.register(begun["publicKey"], world.origin)
    added = second_key.finish(
        world.parts, viewer, ceremony=begun["ceremony"], credential=answer, browser=browser, address=HOME
    )
    return key, added


def test_a_second_key_waits_for_a_second_person_and_then_both_log_in(
    world: World, imani: Contractor, asha: Contractor
) -> None:
    viewer = world.login(imani)
    spare, added = add_key(world, viewer, imani)
    first, imani.key = imani.key, spare
    with pytest.raises(DoorwardError) as early:
        world.login(imani)

    write(world, lambda s: activate.activate_for(s, world.parts, added.key_id, by=asha.id))

    assert early.value.code == "key-pending"
    assert world.login(imani).credential_id == added.key_id
    imani.key = first
    assert world.login(imani).credential_id == viewer.credential_id


def test_a_third_key_is_refused_and_a_lost_one_counts_until_it_is_revoked(
    world: World, imani: Contractor
) -> None:
    viewer = world.login(imani)
    _, added = add_key(world, viewer, imani)
    write(world, lambda s: key_states.stop_own(s, world.parts, imani.id, added.key_id, reason="x"))

    with pytest.raises(Conflict) as refused:
        add_key(world, viewer, imani)

    assert refused.value.code == "two-keys"


def test_a_touch_for_something_else_adds_no_key(world: World, imani: Contractor, asha: Contractor) -> None:
    viewer, other = world.login(imani), world.login(asha)
    something_else = world.tap(viewer, imani, tap.TOUCH).signature_id
    of_another = world.tap(other, asha, second_key.ADD).signature_id

    for signature in (something_else, of_another, "sig_nothing"):
        with pytest.raises(Conflict):
            second_key.begin(world.parts, viewer, signature_id=signature, browser="b")


def test_a_key_that_is_registered_already_is_no_second_key(world: World, imani: Contractor) -> None:
    viewer = world.login(imani)
    touch = world.tap(viewer, imani, second_key.ADD)
    begun = second_key.begin(world.parts, viewer, signature_id=touch.signature_id, browser="b-imani")
    answer = imani.key.register({**begun["publicKey"], "excludeCredentials": []}, world.origin)
    with world.parts.db.write() as session:
        session.get_one(Credential, viewer.credential_id).credential_id = from_base64url(answer["rawId"])
        session.commit()

    with pytest.raises(KeyNotAccepted) as refused:
        second_key.finish(
            world.parts,
            viewer,
            ceremony=begun["ceremony"],
            credential=answer,
            browser="b-imani",
            address=HOME,
        )

    assert refused.value.code == "key-in-use"


def test_a_session_whose_key_was_stopped_adds_none(world: World, imani: Contractor) -> None:
    viewer = world.login(imani)
    touch = world.tap(viewer, imani, second_key.ADD)
    write(world, lambda s: key_states.stop_own(s, world.parts, imani.id, viewer.credential_id, reason="x"))

    with pytest.raises(DoorwardError):
        second_key.begin(world.parts, viewer, signature_id=touch.signature_id, browser="b-imani")


def stop_code_of(world: World, person: Contractor) -> str:
    key = key_of(world, person)
    with world.parts.db.write() as session:
        code = make_stop_code(session, world.parts, key.id)
        session.commit()
    return code


def test_a_stop_code_stops_its_key_at_once_for_good_and_needs_no_login(
    world: World, imani: Contractor, asha: Contractor
) -> None:
    code = stop_code_of(world, imani)
    world.login(imani)

    stop_by_code(world.parts, code=code.lower(), address=HOSTED)

    assert current(world.parts, imani.cookie, HOME) is None
    assert key_of(world, imani).state == "lost"
    with pytest.raises(Conflict):
        write(
            world,
            lambda s: key_states.reinstate(s, world.parts, key_of(world, imani).id, reason="x", by=asha.id),
        )
    with pytest.raises(StoppedAlready):
        stop_by_code(world.parts, code=code, address=HOSTED)


def test_wrong_stop_codes_are_counted_by_place_and_recorded(world: World, imani: Contractor) -> None:
    code = stop_code_of(world, imani)
    for _ in range(5):
        with pytest.raises(StopCodeUnknown):
            stop_by_code(world.parts, code="AAAA-AAAA-AAAA-AAAA", address=HOSTED)

    with pytest.raises(TooMany):
        stop_by_code(world.parts, code=code, address=HOSTED)
    stop_by_code(world.parts, code=code, address=HOME)
    with world.parts.db.read() as session:
        refused = select(AuditRecord).where(AuditRecord.kind == "key.stop-refused")
        assert len(session.scalars(refused).all()) == 5


def test_each_registered_key_has_a_stop_code_of_which_only_a_digest_is_kept(
    world: World, imani: Contractor
) -> None:
    viewer = world.login(imani)
    _, added = add_key(world, viewer, imani)

    with world.parts.db.read() as session:
        stored = session.scalars(select(StopCode.digest)).all()

    assert len(stored) == 2
    assert added.stop_code not in stored
    stop_by_code(world.parts, code=added.stop_code, address=HOME)
    assert key_of(world, imani).state == "lost"
    assert current(world.parts, imani.cookie, HOME) is not None  # the first key goes on


def test_a_code_is_used_once_by_many_at_once_and_no_login_survives_it(
    world: World, imani: Contractor
) -> None:
    code = stop_code_of(world, imani)

    def stop(_: int) -> bool:
        try:
            stop_by_code(world.parts, code=code, address=HOME)
        except StoppedAlready:
            return False
        return True

    def log_in(_: int) -> str:
        try:
            world.login(imani)
        except (DoorwardError, NotAllowed, AssertionError):
            return ""
        return imani.cookie

    with ThreadPoolExecutor(9) as pool:
        cookies = [pool.submit(log_in, 0)]
        stopped = list(pool.map(stop, range(8)))
        opened = [cookie.result() for cookie in cookies]

    assert sum(stopped) == 1
    assert all(current(world.parts, cookie, HOME) is None for cookie in opened if cookie)


def test_an_admin_suspends_and_somebody_else_reinstates(
    world: World, imani: Contractor, asha: Contractor
) -> None:
    key = key_of(world, imani).id
    write(world, lambda s: key_states.stop(s, world.parts, key, "suspended", reason="odd", by=asha.id))
    with pytest.raises(Forbidden):
        write(world, lambda s: key_states.reinstate(s, world.parts, key, reason="mine", by=imani.id))

    write(world, lambda s: key_states.reinstate(s, world.parts, key, reason="called her", by=asha.id))

    assert world.login(imani).person_id == imani.id


def test_nobody_stops_the_key_of_another_as_their_own(
    world: World, imani: Contractor, asha: Contractor
) -> None:
    with pytest.raises(NotFound):
        write(
            world, lambda s: key_states.stop_own(s, world.parts, imani.id, key_of(world, asha).id, reason="x")
        )


def test_the_only_key_of_the_last_admin_is_not_suspended(world: World, asha: Contractor) -> None:
    with pytest.raises(Conflict) as refused:
        write(
            world,
            lambda s: key_states.stop(
                s, world.parts, key_of(world, asha).id, "suspended", reason="x", by=asha.id
            ),
        )

    assert refused.value.code == "last-admin"
