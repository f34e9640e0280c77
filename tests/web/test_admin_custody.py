"""The pages of inventory, shipments, changes of a key, and re-issue."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from flows.register import KeyNotAccepted
from models.custody import KeyItem
from models.keys import Credential
from tests.flows.test_custody import newcomer, register_key
from tests.web.desk import Desk, recorded
from tests.world import World


@pytest.fixture
def ben(world: World) -> Desk:
    return Desk(world, world.person("ben", "role:admin", engaged=False))


@pytest.fixture
def sam(world: World) -> Desk:
    return Desk(world, world.person("sam", "role:sponsor", engaged=False))


def item_of(world: World) -> KeyItem:
    with world.parts.db.read() as session:
        return session.scalars(select(KeyItem)).one()


def key_of(world: World, person: str) -> Credential:
    with world.parts.db.read() as session:
        return session.scalars(select(Credential).where(Credential.person_id == person)).one()


def test_a_key_goes_its_way_on_the_pages_by_two_people(world: World, asha: Desk, ben: Desk) -> None:
    imani = newcomer(world)
    asha.post("/admin/keys/inventory", batch="PO-1", model="Test key", serials="S-1", unmarked="")
    here = f"/admin/keys/inventory/{item_of(world).id}"
    asha.post(f"{here}/assign", person=imani, address="Long Road 1\nKyiv")
    own = asha.send(f"{here}/approve/options", {"contract_address": "Long Road 1, Kyiv"})
    told = asha.get(here).text
    elsewhere = ben.send(f"{here}/approve/options", {"contract_address": "Short Road 2, Kyiv"})
    early = ben.post(f"{here}/ship", carrier="DHL", reference="JD1")
    approved = ben.touch(f"{here}/approve", contract_address="Long Road 1, Kyiv")
    waiting = ben.get("/admin/keys/shipments").text
    ben.post(f"{here}/ship", carrier="DHL", reference="JD1")
    ben.post(f"{here}/delivered")
    world.activate(*register_key(world, imani, b"S-1"))

    page = asha.get(here).text
    key = asha.get(f"/admin/keys/{key_of(world, imani).id}").text

    assert own.status_code == elsewhere.status_code == 409
    assert own.json["remedy"] == "Ask another admin."
    assert "Another admin approves: show them this page." in told
    assert "Approve with your key" not in told
    assert elsewhere.json["code"] == "custody-address"
    assert recorded(world, "custody.address-refused")
    assert early.status_code == 409
    assert "not approved" in early.text
    assert approved.status_code == 200
    assert "it goes to the courier" in waiting
    assert "serialised" in page
    assert "serialised" in key
    assert "Long Road" not in page
    assert "with a touch" in page
    assert [d["step"] for _, d in reversed(recorded(world, "custody.step"))] == [
        "received", "assigned", "approved", "shipped", "delivered", "activated",
    ]  # fmt: skip


def test_nobody_is_chosen_before_somebody_chooses(world: World, asha: Desk) -> None:
    newcomer(world)
    asha.post("/admin/keys/inventory", batch="PO-1", model="Test key", serials="S-1", unmarked="")
    here = f"/admin/keys/inventory/{item_of(world).id}"

    form = asha.get(here).text
    refused = asha.post(f"{here}/assign", person="", address="Long Road 1")

    assert '<option value="">Choose</option>' in form
    assert " selected" not in form
    assert refused.status_code == 400
    assert "Choose who gets the key." in refused.text
    assert "Long Road 1" in refused.text  # what was typed is not lost


def test_an_edited_item_is_an_alarm_on_its_page(world: World, asha: Desk, ben: Desk) -> None:
    test_a_key_goes_its_way_on_the_pages_by_two_people(world, asha, ben)
    with world.parts.db.write() as session:
        session.scalars(select(KeyItem)).one().address_digest = "elsewhere"
        session.commit()

    page = asha.get(f"/admin/keys/inventory/{item_of(world).id}").text

    assert "The chain of this key is broken" in page
    assert "broken" in asha.get("/admin/keys/inventory").text


def test_a_serial_number_that_differs_is_shown_beside_the_one_that_was_sent(
    world: World, asha: Desk, ben: Desk
) -> None:
    imani = newcomer(world)
    asha.post("/admin/keys/inventory", batch="PO-1", model="Test key", serials="2001", unmarked="")
    here = f"/admin/keys/inventory/{item_of(world).id}"
    asha.post(f"{here}/assign", person=imani, address="Long Road 1")
    before = asha.get(here).text
    register_key(world, imani, bytes.fromhex("000007d2"))
    key = f"/admin/keys/{key_of(world, imani).id}"

    for page in (here, key, f"{key}/activate"):
        text = asha.get(page).text
        assert "Another serial number than the one that was sent" in text
        assert "<code>2001</code>" in text
        assert "<code>0x000007d2 (2002)</code>" in text
    assert "Another serial number" not in before


def test_a_batch_with_a_known_serial_is_told_at_its_field(asha: Desk) -> None:
    asha.post("/admin/keys/inventory", batch="PO-1", model="Test key", serials="S-1", unmarked="2")

    again = asha.post("/admin/keys/inventory", batch="PO-2", model="Test key", serials="S-1", unmarked="")
    empty = asha.post("/admin/keys/inventory", batch="", model="", serials="", unmarked="")

    assert again.status_code == 409
    assert "in the inventory already" in again.text
    assert empty.status_code == 400
    assert "3 keys in the inventory" in asha.get("/admin/keys/inventory").text


def test_the_host_enters_lists_ships_and_revokes_only_what_is_real(asha: Desk) -> None:
    for path in ("/admin/keys/inventory/itm_none", "/admin/keys/key_none/change/lost"):
        assert asha.get(path).status_code == 404
    assert asha.get("/admin/keys/key_none/change/eaten").status_code == 404


@pytest.mark.parametrize("change", ["suspended", "lost"])
def test_an_admin_stops_a_key_by_a_touch_and_a_reason(world: World, asha: Desk, change: str) -> None:
    imani = world.person("imani")
    world.login(imani)
    here = f"/admin/keys/{key_of(world, imani.id).id}/change"

    page = asha.get(f"{here}/{change}").text
    done = asha.touch(f"{here}/{change}", reason="odd")
    back = asha.touch(f"{here}/reinstated", reason="called her")

    assert "What ends now" in page
    assert "1 session" in page
    assert done.status_code == 200
    assert back.status_code == (200 if change == "suspended" else 409)
    assert key_of(world, imani.id).state == ("active" if change == "suspended" else "lost")


def test_a_lost_key_is_followed_by_a_new_one_after_two_touches_and_a_day(
    world: World, asha: Desk, ben: Desk, sam: Desk
) -> None:
    imani = world.person("imani")
    asha.touch(f"/admin/keys/{key_of(world, imani.id).id}/change/lost", reason="train")
    here = f"/admin/people/{imani.id}/reissue"

    lost = asha.get(f"/admin/people/{imani.id}").text
    assert "needs a re-issue" in lost
    assert "Make a link" not in lost  # it would be refused
    empty = asha.post(here, reason="", how="", by="", reference="")
    asha.post(here, reason="left on the train", how="live-video", by="Asha", reference="call 7")
    assert "is asked for Imani" in asha.get("/admin").text
    asked = asha.get(here).text
    by_admin = asha.touch(f"{here}/admin")
    twice = asha.send(f"{here}/sponsor/options", {})
    refused = sam.send(f"{here}/admin/options", {})
    second_admin = ben.send(f"{here}/sponsor/options", {})
    by_sponsor = sam.touch(f"{here}/sponsor")
    waits = asha.post(f"/admin/people/{imani.id}/invite")
    world.clock.advance(hours=24)
    desk = Desk(world, asha.person)
    assert "Make a link" in desk.get(f"/admin/people/{imani.id}").text
    invited = desk.post(f"/admin/people/{imani.id}/invite")

    assert empty.status_code == 400
    assert "Live video, by Asha" in asked
    assert "has not touched yet" in asked
    assert [r.status_code for r in (by_admin, twice, refused, by_sponsor)] == [200, 403, 403, 200]
    assert second_admin.status_code == 403  # two admins are no sponsor
    assert waits.status_code == 409
    assert re.search(r"/register/dwi_", invited.text)


def test_a_request_is_withdrawn_on_its_page(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    here = f"/admin/people/{imani.id}/reissue"
    asha.post(here, reason="x", how="document", by="Asha", reference="7")

    asha.post(f"{here}/withdraw")

    assert "What happened" in asha.get(here).text
    assert recorded(world, "reissue.withdrawn")


def test_somebody_with_the_key_of_another_is_an_alarm_for_both(world: World, asha: Desk, ben: Desk) -> None:
    test_a_key_goes_its_way_on_the_pages_by_two_people(world, asha, ben)
    jon = newcomer(world, "jon")

    with pytest.raises(KeyNotAccepted):
        register_key(world, jon, b"S-1", "jon")

    imani = item_of(world).person_id
    assert "jon came with the key of imani" in asha.get("/admin").text
    for person in (imani, jon):
        assert "belongs to another person" in asha.get(f"/admin/people/{person}").text
