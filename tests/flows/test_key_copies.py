"""Copies of a key, and spoilt answers: what stops a key, and what must not."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from demo.softkey import SoftKey
from domain.errors import NotAuthenticated
from flows import login, register
from flows.login import LoginRefused
from flows.register import KeyNotAccepted
from models.keys import Credential
from models.sessions import BrowserSession
from tests.authn.mutants import ASSERTION, REGISTRATION
from tests.flows.test_key_trust import told
from tests.flows.test_login import count
from tests.flows.test_register import begin, invited, new_key
from tests.world import HOME, Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani")


def answered(
    world: World, imani: Contractor, key: SoftKey, *, browser: str = "b"
) -> tuple[str, dict[str, Any]]:
    begun = login.begin(world.parts, login_name=imani.name, browser=browser, address=HOME)
    return begun["ceremony"], key.sign(begun["publicKey"], world.origin)


def finish_login(world: World, ceremony: str, answer: dict[str, Any], *, browser: str = "b") -> None:
    login.finish(world.parts, ceremony=ceremony, credential=answer, browser=browser, address=HOME)


def state(world: World) -> str:
    with world.parts.db.read() as session:
        return session.scalars(select(Credential.state)).one()


def test_of_a_key_and_its_copy_that_race_the_key_is_suspended(world: World, imani: Contractor) -> None:
    """The copy counts on by itself, so sooner or later one of the two is behind."""
    copy = SoftKey.from_json(imani.key.to_json())
    finish_login(world, *answered(world, imani, imani.key))
    finish_login(world, *answered(world, imani, imani.key))
    assert state(world) == "active"

    with pytest.raises(LoginRefused):
        finish_login(world, *answered(world, imani, copy))

    assert state(world) == "suspended"
    assert told(world, "login.refused")["reason"] == "counter-regressed"


def test_a_copy_that_answers_at_the_same_moment_opens_at_most_one_session(
    world: World, imani: Contractor
) -> None:
    copy, before = SoftKey.from_json(imani.key.to_json()), count(world, BrowserSession)
    first, second = (
        answered(world, imani, imani.key, browser="one"),
        answered(world, imani, copy, browser="two"),
    )

    finish_login(world, *first, browser="one")
    with pytest.raises(LoginRefused):
        finish_login(world, *second, browser="two")

    assert count(world, BrowserSession) == before + 1


def test_a_key_that_does_not_count_logs_in_again_and_again(world: World, imani: Contractor) -> None:
    with world.parts.db.write() as session:
        session.scalars(select(Credential)).one().sign_count = 0
        session.commit()

    for _ in range(3):
        imani.key.counter = -1
        finish_login(world, *answered(world, imani, imani.key))

    assert state(world) == "active"


def test_a_counter_that_starts_to_stand_still_suspends_the_key(world: World, imani: Contractor) -> None:
    imani.key.counter = -1

    with pytest.raises(LoginRefused):
        finish_login(world, *answered(world, imani, imani.key))

    assert state(world) == "suspended"


def test_no_forged_or_old_answer_stops_a_key(world: World, imani: Contractor) -> None:
    """Otherwise a stranger could lock a contractor out."""
    ceremony, old = answered(world, imani, imani.key)
    finish_login(world, ceremony, old)
    fresh, _ = answered(world, imani, imani.key)
    with pytest.raises(LoginRefused):
        finish_login(world, fresh, old)
    forger = SoftKey.from_json(imani.key.to_json())
    forger.counter = 0
    forger.credentials[0].key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(LoginRefused):
        finish_login(world, *answered(world, imani, forger))

    assert state(world) == "active"
    finish_login(world, *answered(world, imani, imani.key))


def test_no_spoilt_ceremony_is_a_fault_of_ours(world: World, imani: Contractor) -> None:
    """Whatever is sent, the answer is an error of the request, and the key stays as it is."""
    rng = random.Random(20261125)
    for number in range(60):
        world.clock.advance(minutes=10)
        ceremony, honest = answered(world, imani, imani.key)
        with contextlib.suppress(NotAuthenticated):
            finish_login(world, ceremony, ASSERTION[number % len(ASSERTION)](with_handle(honest), rng))

    assert state(world) == "active"


def test_no_spoilt_registration_is_a_fault_of_ours(world: World) -> None:
    rng = random.Random(20261125)
    for number in range(30):
        world.clock.advance(minutes=10)
        begun = begin(world, invited(world, f"person-{number}"))
        honest = new_key(world).register(begun["publicKey"], world.origin)
        spoilt = REGISTRATION[number % len(REGISTRATION)](honest, rng)
        with contextlib.suppress(KeyNotAccepted):
            register.finish(
                world.parts, ceremony=begun["ceremony"], credential=spoilt, browser="b", address=HOME
            )


def with_handle(presented: dict[str, Any]) -> dict[str, Any]:
    return presented | {"response": presented["response"] | {"userHandle": "AAAA"}}
