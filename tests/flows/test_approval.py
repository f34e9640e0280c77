"""A second person approves a shipment: what they must know, and what they cannot find out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from crypto.keyring import KeyRing
from domain.errors import Conflict, DoorwardError, Invalid, TooMany
from flows import approval, custody
from models.audit import AuditRecord
from models.custody import KeyItem
from tests.flows.test_custody import ASHA, BEN, approved, newcomer, received
from tests.flows.test_loss import write
from tests.world import World

HOME = "Long Road 1\nKyiv"


@pytest.fixture
def item(world: World) -> str:
    """A key that Asha assigned."""
    imani, item = newcomer(world), received(world)
    write(world, lambda s: custody.assign(s, world.parts, item, imani, HOME, by=ASHA))
    return item


def compared(world: World, item: str, address: str, *, by: str = BEN) -> dict[str, Any]:
    return approval.compared(world.parts, item, address=address, by=by)


def refused(world: World) -> int:
    with world.parts.db.read() as session:
        kind = AuditRecord.kind == "custody.address-refused"
        return len(session.scalars(select(AuditRecord).where(kind, AuditRecord.actor == BEN)).all())


@pytest.mark.parametrize("written", [HOME, "long road 1, KYIV", " Long  Road 1 - Kyiv. "])
def test_the_address_of_the_contract_is_compared_before_the_touch(
    world: World, item: str, written: str
) -> None:
    with world.parts.db.read() as session:
        action = approval.action_of(session.get_one(KeyItem, item))

    assert compared(world, item, written) == action
    assert refused(world) == 0


def test_an_accomplices_address_is_not_approved_and_the_attempt_is_recorded(world: World, item: str) -> None:
    """The first admin entered another address than the contract's: nobody could see it before."""
    with pytest.raises(Conflict) as other:
        compared(world, item, "Long Road 2, Kyiv")

    assert other.value.code == "custody-address"
    assert "letter by letter" in (other.value.remedy or "")
    assert refused(world) == 1
    with world.parts.db.read() as session:
        assert session.get_one(KeyItem, item).state == "assigned"


def test_no_address_is_compared_without_words(world: World, item: str) -> None:
    with pytest.raises(Invalid):
        compared(world, item, " ,. ")


def test_addresses_are_not_guessed_in_the_form(world: World, item: str) -> None:
    for n in range(5):
        with pytest.raises(Conflict):
            compared(world, item, f"Short Road {n}")

    with pytest.raises(TooMany):
        compared(world, item, HOME)
    world.clock.advance(minutes=16)
    assert compared(world, item, HOME)


def test_whoever_may_not_approve_is_told_whom_to_ask_and_learns_nothing(world: World, item: str) -> None:
    for address in (HOME, "Short Road 2"):
        with pytest.raises(DoorwardError) as told:
            compared(world, item, address, by=ASHA)
        assert told.value.code == "custody-step"
        assert told.value.remedy == "Ask another admin."


def test_a_key_that_is_gone_or_unknown_is_not_compared(world: World, item: str) -> None:
    approved(world, item)
    write(world, lambda s: custody.ship(s, world.parts, item, carrier="DHL", reference="1", by=BEN))

    with pytest.raises(Conflict) as shipped:
        compared(world, item, HOME)
    with pytest.raises(DoorwardError) as unknown:
        compared(world, "itm_none", HOME)

    assert "cannot be approved" in shipped.value.message
    assert unknown.value.status == 404


def test_a_copy_of_the_database_is_not_enough_to_guess_an_address(world: World) -> None:
    elsewhere = replace(world.parts, ring=KeyRing(bytes(32)))

    assert custody.address_digest(world.parts, HOME) != custody.address_digest(elsewhere, HOME)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Caf\u00e9 1", "Cafe\u0301 1", True),
        ("\uff11 Road", "1 road", True),
        ("Stra\u00dfe 1", "STRASSE 1", True),
        ("Long Road 11", "Long Road 1 1", False),
        ("\u0915\u093f 1", "\u0915\u093e 1", False),
    ],
    ids=["one letter in two codes", "wide figures", "sharp s", "spaces count between figures", "vowel signs"],
)
def test_an_address_is_the_same_however_its_letters_are_encoded(
    world: World, one: str, other: str, same: bool
) -> None:
    digests = {custody.address_digest(world.parts, text) for text in (one, other)}

    assert (len(digests) == 1) is same
