"""What pages say about physical keys: which one, what became of it, for whom it is, and what to ask."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from demo.softkey import SoftKey
from domain.custody import Step
from flows import custody, people
from models.custody import KeyItem
from models.keys import Credential
from tests.flows.test_custody import ASHA, newcomer, received, register_key, shipped
from tests.flows.test_loss import write
from tests.web.desk import Desk, recorded
from tests.web.test_own_keys import add_second
from tests.world import AAGUID, World


def key_of(world: World, person: str, *, state: str) -> str:
    with world.parts.db.read() as session:
        of = select(Credential.id).where(Credential.person_id == person, Credential.state == state)
        return session.scalars(of).one()


def test_the_record_says_which_key_took_which_step(world: World, asha: Desk) -> None:
    imani = newcomer(world)
    shipped(world, imani, "2001")
    silent = received(world, None)

    table = asha.get("/admin/audit?kind=custody.").text
    person = asha.get(f"/admin/people/{imani}").text
    newest = recorded(world, "custody.step")[0][0].sequence
    record = asha.get(f"/admin/audit/{newest}").text

    for words in ("shipped", "recipient, address and serial approved", "delivered"):
        assert f"Key 2001: {words}" in table
        assert f"Key 2001: {words}" in person
    assert f"Key no serial {silent[-6:]}: {Step.RECEIVED.words}" in table
    assert f"Key no serial {silent[-6:]}: {Step.RECEIVED.words}" in record
    assert custody.address_digest(world.parts, "Long Road 1, Kyiv") not in table
    assert "took a step of its life</" not in table.split("<tbody>")[1]


def test_the_level_has_its_number_wherever_it_is_shown(world: World, asha: Desk) -> None:
    imani = newcomer(world)
    item = shipped(world, imani)
    waiting = [asha.get(path).text for path in (f"/admin/keys/inventory/{item}", "/admin/keys/inventory")]
    contractor, code = register_key(world, imani, b"S-1")
    world.activate(contractor, code)
    key = key_of(world, imani, state="active")

    shown = [
        asha.get(path).text
        for path in (f"/admin/keys/inventory/{item}", "/admin/keys/inventory", f"/admin/keys/{key}")
    ]

    assert all("0 · not known" in text for text in waiting)
    assert all("2 · serialised" in text for text in (*shown, Desk(world, contractor).get("/keys").text))


def test_a_second_key_was_added_by_a_touch_and_not_by_a_link(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    add_second(world, Desk(world, imani))
    jon = newcomer(world, "jon")
    register_key(world, jon, None, "jon")

    second = asha.get(f"/admin/keys/{key_of(world, imani.id, state='pending')}/activate").text
    first = asha.get(f"/admin/keys/{key_of(world, jon, state='pending')}/activate").text

    assert "added this second key from a session" in second
    assert "The link to register went to" not in second
    assert "The link to register went to" in first
    assert "added this second key" not in first


def test_whoever_registers_a_key_for_somebody_else_is_told_whose_it_becomes(world: World, asha: Desk) -> None:
    imani, item = newcomer(world), received(world)
    write(world, lambda s: custody.assign(s, world.parts, item, imani, "Long Road 1", by=ASHA))
    *_, secret = write(
        world, lambda s: (lambda made: [made[1], made[0]])(people.invite(s, world.parts, imani, by=ASHA))
    )

    page = asha.get(f"/register/{secret}").text
    stranger = Desk(world, None).get(f"/register/{secret}").text
    begun = asha.send(f"/register/{secret}/options", {})
    key = SoftKey.create(world.authority, AAGUID, now=world.clock.now(), serial=b"S-1")
    answer = key.register(begun.json["publicKey"], world.origin)
    done = asha.send("/register/finish", {"ceremony": begun.json["ceremony"], "credential": answer})
    shown = asha.get(done.json["location"]).text
    again = asha.get(done.json["location"]).text

    assert "You register this for imani" in page
    assert "You register this for" not in stranger
    assert "This stop code is for imani" in shown
    assert "Write down" not in shown
    assert "This stop code is for" not in again
    with world.parts.db.read() as session:
        assert session.get_one(KeyItem, item).credential_id is not None


@pytest.mark.parametrize("role", ["role:admin", "role:sponsor"])
def test_whoever_touches_for_a_new_key_reads_whom_the_contract_names(world: World, role: str) -> None:
    imani = world.person("imani")
    asha = Desk(world, world.person("asha", "role:admin", engaged=False))
    asha.touch(f"/admin/keys/{key_of(world, imani.id, state='active')}/change/lost", reason="train")
    here = f"/admin/people/{imani.id}/reissue"
    asha.post(here, reason="train", how="live-video", by="Asha", reference="call 7")
    asha.touch(f"{here}/admin")
    somebody = asha if role == "role:admin" else Desk(world, world.person("sam", role, engaged=False))

    assert "The contract names" in somebody.get(here).text
