"""A key goes from its batch to its owner, and what the policy makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from demo.softkey import SoftKey
from domain.custody import Step
from domain.errors import Conflict, DoorwardError
from domain.evidence import Kind
from domain.reasons import ReasonCode
from flows import access, activate, approval, custody, key_states, keys, people, register
from flows.parts import Parts
from flows.register import KeyNotAccepted
from models.audit import AuditRecord
from models.custody import CustodyStep, KeyItem
from models.evidence import ObservationRow
from models.keys import Credential
from tests.flows.test_loss import write
from tests.world import AAGUID, HOME, Contractor, World

ASHA, BEN = "prs_asha", "prs_ben"  # pseudonymous ids: steps need no account
RULE = "p, logs-read, role:support, read, data:customer-logs, custody >= 2, max 10m, allow\n"


def received(world: World, serial: str | None = "S-1", *, by: str = ASHA) -> str:
    def enter(session: Any) -> Any:
        (item,), events = custody.receive(
            session, world.parts, batch="B-1", model="Test key", serials=[serial], by=by
        )
        return [*events, item.id]

    return str(write(world, enter)[-1])


def newcomer(world: World, name: str = "imani") -> str:
    now = world.clock.now()

    def enter(session: Any) -> Any:
        row, created = people.create_person(session, world.parts, name=name, display_name=name, by="host")
        role = people.assign(session, world.parts, row.id, "role:support", not_after=None, by="host")
        engaged = people.add_engagement(
            session, world.parts, row.id, vendor="V", sponsor="S", project="P",
            starts_at=now, ends_at=now + timedelta(days=60), by="host",
        )  # fmt: skip
        return [created, role, engaged, row.id]

    return str(write(world, enter)[-1])


def approved(world: World, item: str, *, by: str = BEN) -> None:
    def act(session: Any) -> Any:
        digest = approval.action_of(session.get_one(KeyItem, item))["digest"]
        return approval.approve(session, world.parts, item, digest=digest, by=by, signature_id=None)

    write(world, act)


def shipped(world: World, person: str, serial: str | None = "S-1") -> str:
    """Have a key received and assigned by Asha, approved and shipped by Ben, and delivered."""
    item = received(world, serial)
    write(world, lambda s: custody.assign(s, world.parts, item, person, "Long Road 1, Kyiv", by=ASHA))
    approved(world, item)
    write(world, lambda s: custody.ship(s, world.parts, item, carrier="DHL", reference="JD1", by=BEN))
    write(world, lambda s: custody.move(s, world.parts, item, Step.DELIVERED, by=BEN))
    return item


def register_key(
    world: World, person: str, serial: bytes | None, name: str = "imani"
) -> tuple[Contractor, str]:
    def invite(session: Any) -> Any:
        secret, invited = people.invite(session, world.parts, person, by=ASHA)
        code, made = activate.make_code(session, world.parts, person, by=ASHA)
        return invited, made, secret, code

    *_, secret, code = write(world, invite)
    key = SoftKey.create(world.authority, AAGUID, now=world.clock.now(), serial=serial)
    begun = register.begin(world.parts, secret=secret, browser="b-" + name, address=HOME)
    answer = key.register(begun["publicKey"], world.origin)
    register.finish(
        world.parts, ceremony=begun["ceremony"], credential=answer, browser="b-" + name, address=HOME
    )
    return Contractor(person, name, key), code


def level(world: World, person: str) -> int:
    with world.parts.db.read() as session:
        key = session.scalars(select(Credential).where(Credential.person_id == person)).one()
        return custody.level_of_key(session, key)


def test_a_shipped_key_whose_maker_attests_its_serial_is_serialised(world: World) -> None:
    imani = newcomer(world)
    item = shipped(world, imani)

    contractor, code = register_key(world, imani, b"S-1")
    world.activate(contractor, code)

    assert level(world, imani) == 2
    with world.parts.db.read() as session:
        steps = session.scalars(
            select(CustodyStep.step).where(CustodyStep.item_id == item).order_by(CustodyStep.number)
        )
        assert list(steps) == ["received", "assigned", "approved", "shipped", "delivered", "activated"]
        assert session.get_one(KeyItem, item).state == "active"


@pytest.mark.parametrize("attested", [bytes.fromhex("000007d1"), b"2001", b"0x7D1"], ids=repr)
def test_a_serial_number_may_be_attested_in_another_way_than_it_is_printed(
    world: World, attested: bytes
) -> None:
    world.parts = with_inventory(world.parts)
    imani = newcomer(world)
    shipped(world, imani, "2001")

    contractor, code = register_key(world, imani, attested)
    world.activate(contractor, code)

    assert level(world, imani) == 2


@pytest.mark.parametrize("again", ["2001", "0002001", "000007D1", "0x7d1"])
def test_one_serial_number_is_entered_once_however_it_is_written(world: World, again: str) -> None:
    received(world, "2001")

    with pytest.raises(Conflict):
        received(world, again)
    assert received(world, "2002")


def test_a_key_that_told_no_serial_is_linked_by_its_activation_and_unserialised(world: World) -> None:
    imani = newcomer(world)
    shipped(world, imani, None)

    contractor, code = register_key(world, imani, None)
    world.activate(contractor, code)

    assert level(world, imani) == 1


def test_a_key_registered_before_it_was_shipped_is_preregistered(world: World) -> None:
    imani = newcomer(world)
    item = received(world)
    write(world, lambda s: custody.assign(s, world.parts, item, imani, "Long Road 1", by=ASHA))
    contractor, code = register_key(world, imani, b"S-1")
    approved(world, item)
    write(world, lambda s: custody.ship(s, world.parts, item, carrier="DHL", reference="JD1", by=BEN))

    world.activate(contractor, code)

    assert level(world, imani) == 3


def test_a_key_without_an_item_is_worth_nothing(world: World) -> None:
    assert level(world, world.person("imani").id) == 0


def test_a_rule_asks_for_custody_and_closes_at_once_when_the_chain_breaks(world: World) -> None:
    world.resource("data:customer-logs", "read")
    world.publish(RULE)
    imani, jon = newcomer(world), newcomer(world, "jon")
    item = shipped(world, imani)
    serialised = world.activate(*register_key(world, imani, b"S-1"))
    shipped(world, jon, None)
    silent = world.activate(*register_key(world, jon, None, "jon"))

    first = why(world, serialised)
    other = why(world, silent)
    with world.parts.db.write() as session:  # an edit behind our back
        session.execute(update(KeyItem).where(KeyItem.id == item).values(address_digest="elsewhere"))
        session.commit()
    after = why(world, serialised)

    assert first.permitted
    assert other.reason.code is after.reason.code is ReasonCode.CUSTODY_TOO_LOW
    assert other.reason.remedy
    assert not after.permitted


def why(world: World, viewer: Any) -> Any:
    return access.why(world.parts, viewer, resource="data:customer-logs", action="read")


def with_inventory(parts: Parts) -> Parts:
    return replace(parts, key_rules=replace(parts.key_rules, inventory=True))


@pytest.mark.parametrize(
    ("serial", "code"),
    [(None, "serial-missing"), (b"S-9", "serial-mismatch"), (b"S-2", "serial-mismatch")],
    ids=["told none", "is not in the inventory", "was sent to somebody else"],
)
def test_with_an_inventory_only_the_key_that_was_sent_is_accepted(
    world: World, serial: bytes | None, code: str
) -> None:
    world.parts = with_inventory(world.parts)
    imani, jon = newcomer(world), newcomer(world, "jon")
    shipped(world, imani)
    shipped(world, jon, "S-2")

    with pytest.raises(KeyNotAccepted) as refused:
        register_key(world, imani, serial)

    assert refused.value.code == code
    contractor, activation = register_key(world, imani, b"S-1", "imani2")
    assert contractor.id == imani
    assert activation


def test_a_key_of_somebody_elses_shipment_is_refused_without_an_inventory_too(world: World) -> None:
    imani, jon = newcomer(world), newcomer(world, "jon")
    shipped(world, jon)

    with pytest.raises(KeyNotAccepted) as refused:
        register_key(world, imani, b"S-1")

    assert refused.value.code == "serial-mismatch"


def test_an_illegal_step_is_refused_by_name_and_leaves_nothing(world: World) -> None:
    item = received(world)

    with pytest.raises(Conflict) as refused:
        write(world, lambda s: custody.move(s, world.parts, item, Step.DELIVERED, by=ASHA))

    assert "cannot be delivered" in refused.value.message


def test_nothing_is_shipped_but_what_was_approved(world: World) -> None:
    imani = newcomer(world)
    item = received(world)
    write(world, lambda s: custody.assign(s, world.parts, item, imani, "Long Road 1", by=ASHA))
    with pytest.raises(Conflict):
        approved(world, item, by=ASHA)
    approved(world, item)
    write(world, lambda s: custody.assign(s, world.parts, item, imani, "Short Road 2", by=ASHA))

    with pytest.raises(Conflict) as refused:
        write(world, lambda s: custody.ship(s, world.parts, item, carrier="DHL", reference="1", by=BEN))

    assert refused.value.code == "custody-unapproved"


def test_an_address_is_not_kept_and_equal_ones_are_seen(world: World) -> None:
    one = custody.address_digest(world.parts, "Long Road 1,  KYIV")
    same = custody.address_digest(world.parts, "long road 1 kyiv")
    other = custody.address_digest(world.parts, "Long Road 2, Kyiv")

    assert one == same != other
    with pytest.raises(DoorwardError):
        custody.address_digest(world.parts, " ,. ")


def test_what_becomes_of_a_key_is_a_step_of_its_item(world: World) -> None:
    imani = newcomer(world)
    item = shipped(world, imani)
    viewer = world.activate(*register_key(world, imani, b"S-1"))
    key = viewer.credential_id

    write(world, lambda s: key_states.stop(s, world.parts, key, "suspended", reason="x", by=ASHA))
    suspended = level(world, imani)
    write(world, lambda s: key_states.reinstate(s, world.parts, key, reason="x", by=ASHA))
    again = level(world, imani)
    write(world, lambda s: keys.revoke(s, world.parts, key, reason="x", by=ASHA))

    with world.parts.db.read() as session:
        assert session.get_one(KeyItem, item).state == "revoked"
        steps = select(AuditRecord).where(AuditRecord.kind == "custody.step")
        assert len(session.scalars(steps).all()) == 9
    assert (suspended, again, level(world, imani)) == (0, 2, 0)


def test_the_first_touch_tells_where_and_how_long_after_the_delivery(world: World) -> None:
    imani = newcomer(world)
    shipped(world, imani)
    registered = register_key(world, imani, b"S-1")
    world.clock.advance(hours=30, minutes=59)
    contractor, _ = registered

    def anew(session: Any) -> Any:
        code, made = activate.make_code(session, world.parts, imani, by=ASHA)
        return [made, code]

    world.activate(contractor, write(world, anew)[-1])

    with world.parts.db.read() as session:
        kind = Kind.CEREMONY_FIRST_TAP.value
        row = session.scalars(select(ObservationRow).where(ObservationRow.kind == kind)).one()
    assert row.value == {"country": "DE", "asn": 64500, "hours": 30}
    assert not row.adverse
