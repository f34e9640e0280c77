"""Why a key was stopped, whether that still holds, and that it is reinstated only when it does not."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from domain.errors import Conflict
from flows.key_blocks import Stopped, block_of, stopped
from flows.key_states import reinstate, stop
from flows.login import suspend_key
from models.keys import Credential
from tests.authn.metadata.payload import CERTIFIED
from tests.flows.metadata_desk import REVOKED, blob, history, keys_of, model, state_of, take
from tests.flows.test_key_denials import forbid, permit, values
from tests.flows.test_key_standing import distrust
from tests.flows.test_loss import add_key, write
from tests.world import AAGUID, Contractor, World


@pytest.fixture
def imani(world: World) -> Contractor:
    return world.person("imani", "role:support")


@pytest.fixture
def asha(world: World) -> Contractor:
    return world.person("asha", "role:admin", engaged=False)


def told(world: World) -> list[Stopped]:
    with world.parts.db.read() as session:
        return list(stopped(session, world.parts))


def let_in(world: World, person: Contractor, *, by: str = "prs_ben") -> None:
    key = keys_of(world, person)[0].id
    write(world, lambda s: reinstate(s, world.parts, key, reason="a mistake", by=by))


def test_a_key_that_counted_backwards_is_revoked_after_a_call(world: World, imani: Contractor) -> None:
    write(
        world,
        lambda s: suspend_key(
            s,
            world.parts,
            s.get_one(Credential, keys_of(world, imani)[0].id),
            reason="counter-regressed",
            now=world.clock.now(),
        ),
    )

    (one,) = told(world)

    assert one.why == "It counted backwards: somebody may hold a copy."
    assert one.remedy.startswith("Call them, then revoke it. A new key then needs a re-issue")


def test_a_denied_key_names_the_denial_and_how_a_mistaken_one_is_mended(
    world: World, imani: Contractor
) -> None:
    jon = world.person("jon")
    forbid(world, "aaguid", AAGUID, reason="lost batch")

    (one,) = told(world)

    assert [owner.login_name for _, owner in one.keys] == ["imani", jon.name]
    assert one.why == "Its model is denied (denied-model): lost batch."
    assert one.remedy.startswith(
        "If the denial was a mistake, take it back on the host: doorward keys undeny"
    )
    assert f"undeny aaguid {AAGUID}. Then reinstate the key. Otherwise revoke it. A new key" in one.remedy
    assert "needs a re-issue" in one.remedy


def test_after_a_mistaken_denial_was_taken_back_nobody_is_told_to_revoke(
    world: World, imani: Contractor
) -> None:
    forbid(world, "aaguid", AAGUID)
    permit(world, "aaguid", AAGUID)

    (one,) = told(world)
    let_in(world, imani)

    assert one.why == "It was stopped by a denial that was taken back (denied-model)."
    assert one.remedy == "Reinstate it; nothing needs to be revoked."
    assert (told(world), state_of(world, imani)) == ([], "active")
    world.login(imani)


def test_a_compromised_model_is_told_as_such(world: World, imani: Contractor) -> None:
    take(world, blob(model(world, statuses=REVOKED)))

    (one,) = told(world)

    assert one.why == "Its model or its certificate is compromised or revoked (status-bad)."
    assert one.remedy.startswith("Only newer metadata can take that back. Then reinstate the key.")


def test_a_rule_that_is_too_strict_is_helped_by_trust(world: World, imani: Contractor) -> None:
    lapsed = [{"status": "NOT_FIDO_CERTIFIED", "effectiveDate": "2026-11-01"}, *CERTIFIED]
    distrust(world)
    take(world, blob(model(world, statuses=lapsed)))

    (one,) = told(world)

    assert one.why == "Its model does not keep your rules (certification-level)."
    assert one.remedy.startswith("If your rules are too strict, trust the model yourself. Then reinstate")


def test_what_an_admin_suspended_is_told_with_their_name_and_reason(
    world: World, imani: Contractor, asha: Contractor
) -> None:
    key = keys_of(world, imani)[0].id
    write(world, lambda s: stop(s, world.parts, key, "suspended", reason="odd hours.", by=asha.id))

    (before,) = told(world)
    forbid(world, "leaf", values(world, imani)["leaf"])
    (after,) = told(world)

    assert before.why == "Asha suspended it: odd hours."
    assert before.remedy.startswith("Ask them. Reinstate it when that is settled. Otherwise revoke it.")
    assert (
        after.why == "Asha suspended it: odd hours. A certificate behind it is denied (denied-certificate)."
    )
    assert "doorward keys deny-list" in after.remedy


def test_whoever_has_another_key_that_works_needs_no_reissue(
    world: World, imani: Contractor, asha: Contractor
) -> None:
    add_key(world, world.login(imani), imani)
    first, second = keys_of(world, imani)
    with world.parts.db.write() as session:
        session.execute(update(Credential).where(Credential.id == second.id).values(state="active"))
        session.commit()
    write(world, lambda s: stop(s, world.parts, first.id, "suspended", reason="x", by=asha.id))

    (one,) = told(world)

    assert one.remedy.endswith("Another key of theirs works: with it they add a new one themselves.")


@pytest.mark.parametrize("kind", ["aaguid", "leaf", "spki"])
def test_a_key_that_is_still_denied_is_not_reinstated(world: World, imani: Contractor, kind: str) -> None:
    """It used to become active, and opened nothing."""
    value = values(world, imani)[kind]
    forbid(world, kind, value)
    before = history(world, imani)

    with pytest.raises(Conflict) as caught:
        let_in(world, imani)

    assert caught.value.code == "key-still-blocked"
    assert "denied" in caught.value.message
    assert "doorward keys undeny" in str(caught.value.remedy)
    assert (state_of(world, imani), history(world, imani)) == ("suspended", before)


def test_a_key_of_a_compromised_model_is_not_reinstated(world: World, imani: Contractor) -> None:
    take(world, blob(model(world, statuses=REVOKED), no=1))
    with pytest.raises(Conflict) as caught:
        let_in(world, imani)
    take(world, blob(model(world), no=2))

    let_in(world, imani)

    assert caught.value.message == (
        "the key cannot be reinstated: its model or its certificate is compromised or revoked (status-bad)"
    )
    assert state_of(world, imani) == "active"


def test_an_active_key_is_known_to_be_blocked(world: World, imani: Contractor) -> None:
    """A database of before, in which it was reinstated all the same."""
    key = keys_of(world, imani)[0]
    with world.parts.db.read() as session:
        free = block_of(session, world.parts, key)
    forbid(world, "aaguid", AAGUID)
    with world.parts.db.write() as session:
        session.execute(update(Credential).values(state="active"))
        session.commit()

    with world.parts.db.read() as session:
        block = block_of(session, world.parts, key)

    assert free is None
    assert block is not None
    assert block.sentence == "Its model is denied (denied-model): lost batch."
