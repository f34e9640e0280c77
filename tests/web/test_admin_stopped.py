"""What the console says of keys that were stopped, and of those that are blocked."""

from __future__ import annotations

from sqlalchemy import update

from flows.key_states import stop
from models.keys import Credential
from tests.flows.metadata_desk import keys_of
from tests.flows.test_key_denials import forbid, permit, values
from tests.flows.test_loss import write
from tests.web.desk import Desk
from tests.world import World


def test_a_denied_key_is_told_as_denied_and_cannot_be_reinstated(world: World, asha: Desk) -> None:
    """The first page used to say of every suspended key that it counted backwards."""
    imani = world.person("imani")
    forbid(world, "leaf", values(world, imani)["leaf"])
    here = f"/admin/keys/{keys_of(world, imani)[0].id}"

    home, key, change = (
        asha.get("/admin").text,
        asha.get(here).text,
        asha.get(f"{here}/change/reinstated").text,
    )
    refused = asha.touch(f"{here}/change/reinstated", reason="please")

    assert "The key of Imani was stopped" in home
    assert "People without a key" not in home
    assert "A certificate behind it is denied (denied-certificate)." in home
    assert "take it back on the host: doorward keys deny-list, then doorward keys undeny." in home
    assert "counted backwards" not in home
    assert "register a new one" not in home
    assert "It cannot be reinstated now" in key
    assert "It cannot be reinstated now" in change
    assert "Reinstate with your key" not in change
    assert (refused.status_code, refused.json["code"]) == (409, "key-still-blocked")
    assert "doorward keys undeny" in refused.json["remedy"]


def test_keys_that_one_mistaken_denial_stopped_are_told_once_and_reinstated(world: World, asha: Desk) -> None:
    imani, jon = world.person("imani"), world.person("jon")
    for person in (imani, jon):
        forbid(world, "leaf", values(world, person)["leaf"])
    denied = asha.get("/admin").text
    for person in (imani, jon):
        permit(world, "leaf", values(world, person)["leaf"])

    home = asha.get("/admin").text
    back = asha.touch(f"/admin/keys/{keys_of(world, imani)[0].id}/change/reinstated", reason="a mistake")

    assert "2 keys were stopped for one reason" in denied
    assert "2 keys were stopped for one reason" in home
    assert "It was stopped by a denial that was taken back (denied-certificate)." in home
    assert "nothing needs to be revoked" in home
    assert back.status_code == 200
    assert "The key of Jon was stopped" in asha.get("/admin").text


def test_states_of_a_key_name_who_changed_them_and_a_blocked_key_says_so(world: World, asha: Desk) -> None:
    imani = world.person("imani")
    assert asha.person is not None
    me, key = asha.person.id, keys_of(world, imani)[0].id
    write(world, lambda s: stop(s, world.parts, key, "suspended", reason="odd hours", by=me))
    home, before = asha.get("/admin").text, asha.get(f"/admin/keys/{key}").text
    forbid(world, "leaf", values(world, imani)["leaf"])
    with world.parts.db.write() as session:
        session.execute(update(Credential).where(Credential.id == key).values(state="active"))
        session.commit()

    after = asha.get(f"/admin/keys/{key}").text
    revoking = asha.get(f"/admin/keys/{key}/revoke").text

    assert "Asha suspended it: odd hours." in home
    assert "<bdi>Asha</bdi>" in before
    assert "<bdi>its owner</bdi>" in before
    assert f">{me}<" not in before
    assert "It is blocked" in after
    assert "A new key then needs a re-issue" in revoking
