"""A touch signs one exact action, once, and is kept whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import select
from webauthn.helpers import decode_credential_public_key, parse_client_data_json

from domain.errors import ChallengeExpired, Conflict, DoorwardError
from flows import login, tap
from flows.ceremony import challenge_bytes
from flows.session import Viewer
from flows.tap import TapRefused
from models.keys import Credential, Signature
from tests.world import Contractor, World

ACTION: dict[str, Any] = {"do": "policy.publish", "bundle": "sha256:aa", "base": 1}


@pytest.fixture
def asha(world: World) -> Contractor:
    return world.person("asha", "role:admin")


@pytest.fixture
def viewer(world: World, asha: Contractor) -> Viewer:
    return world.login(asha)


def spend(world: World, touched: tap.Tap, action: dict[str, Any]) -> None:
    with world.parts.db.write() as session:
        tap.spend(session, touched, action, world.clock.now())
        session.commit()


def test_a_touch_is_spent_once(world: World, asha: Contractor, viewer: Viewer) -> None:
    touched = world.tap(viewer, asha, ACTION)
    spend(world, touched, ACTION)

    with pytest.raises(Conflict):
        spend(world, touched, ACTION)


def test_a_touch_is_spent_once_by_64_at_once(world: World, asha: Contractor, viewer: Viewer) -> None:
    touched = world.tap(viewer, asha, ACTION)

    def attempt(_number: int) -> bool:
        try:
            spend(world, touched, ACTION)
        except DoorwardError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(64))) == 1


def test_a_touch_for_one_action_does_not_do_another(world: World, asha: Contractor, viewer: Viewer) -> None:
    touched = world.tap(viewer, asha, ACTION)

    with pytest.raises(Conflict):
        spend(world, touched, {**ACTION, "bundle": "sha256:bb"})


def test_a_touch_is_worth_nothing_after_a_minute(world: World, asha: Contractor, viewer: Viewer) -> None:
    touched = world.tap(viewer, asha, ACTION)
    world.clock.advance(seconds=61)

    with pytest.raises(Conflict):
        spend(world, touched, ACTION)


def test_a_touch_of_one_session_is_not_taken_in_another(
    world: World, asha: Contractor, viewer: Viewer
) -> None:
    begun = tap.begin(world.parts, viewer, action=ACTION, browser="b-asha")
    other = world.login(asha)
    answer = asha.key.sign(begun["publicKey"], world.origin)

    with pytest.raises(TapRefused):
        tap.finish(world.parts, other, ceremony=begun["ceremony"], credential=answer, browser="b-asha")


def test_a_login_answer_does_not_sign_an_action(world: World, asha: Contractor, viewer: Viewer) -> None:
    begun = login.begin(world.parts, login_name="asha", browser="b-asha", address="203.0.113.7")
    answer = asha.key.sign(begun["publicKey"], world.origin)

    with pytest.raises(ChallengeExpired):
        tap.finish(world.parts, viewer, ceremony=begun["ceremony"], credential=answer, browser="b-asha")


def test_a_stored_touch_proves_for_ever_what_was_signed(
    world: World, asha: Contractor, viewer: Viewer
) -> None:
    world.tap(viewer, asha, ACTION)

    with world.parts.db.read() as session:
        row = session.scalars(select(Signature)).one()
        key = session.get(Credential, row.credential_id)
    assert key is not None
    assert row.action["action"] == ACTION
    assert parse_client_data_json(row.client_data).challenge == challenge_bytes(row.action)
    public = decode_credential_public_key(key.public_key)
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(public.x, "big"),  # type: ignore[union-attr]
        int.from_bytes(public.y, "big"),  # type: ignore[union-attr]
        ec.SECP256R1(),
    )
    numbers.public_key().verify(
        row.signature, row.authenticator_data + sha256(row.client_data).digest(), ec.ECDSA(SHA256())
    )
