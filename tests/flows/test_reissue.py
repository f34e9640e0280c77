"""A new key for somebody who lost theirs: proven anew, two touches, and a wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.errors import Conflict, Forbidden
from flows import activate, key_states, people, reissue
from models.custody import Reissue
from models.people import OneTimeCode
from tests.flows.test_loss import asha, imani, key_of, sam, write
from tests.world import Contractor, World

__all__ = ["asha", "imani", "sam"]
PROOF = {"how": "live-video", "by": "Asha Raman", "reference": "call 2026-118"}
SIGNATURES: dict[str, str] = {}


def lost(world: World, person: Contractor) -> None:
    write(
        world,
        lambda s: key_states.stop(s, world.parts, key_of(world, person).id, "lost", reason="x", by="host"),
    )


def invite(world: World, person: Contractor) -> str:
    done = write(world, lambda s: people.invite(s, world.parts, person.id, by="host"))
    return str(done[0])


def asked(world: World, person: Contractor, by: Contractor) -> str:
    row, _ = write(
        world,
        lambda s: reissue.ask(s, world.parts, person.id, reason="on the train", proofing=PROOF, by=by.id),
    )
    return str(row.id)


def signed(world: World, request: str, role: str, by: Contractor) -> None:
    def act(session: Any) -> Any:
        return reissue.sign(session, world.parts, request, role, by=by.id, signature_id=SIGNATURES[by.id])

    SIGNATURES[by.id] = world.tap(world.login(by), by, {"do": "test"}).signature_id
    write(world, act)


def test_who_had_a_key_is_not_simply_invited_again(world: World, imani: Contractor) -> None:
    lost(world, imani)

    with pytest.raises(Conflict) as refused:
        invite(world, imani)

    assert refused.value.code == "reissue-needed"


def test_an_invite_beside_a_working_key_points_to_the_re_issue(world: World, imani: Contractor) -> None:
    """It said "then invite again", which is refused after a working key."""
    with pytest.raises(Conflict) as refused:
        invite(world, imani)

    assert refused.value.code == "has-key"
    assert "needs a re-issue" in str(refused.value.remedy)


def test_no_code_is_made_that_could_activate_nothing(world: World, imani: Contractor) -> None:
    def code(person_id: str) -> Any:
        return write(world, lambda s: activate.make_code(s, world.parts, person_id, by="host"))

    def refused(person_id: str) -> str:
        with pytest.raises(Conflict) as caught:
            code(person_id)
        assert caught.value.code == "no-key-waits"
        return str(caught.value.remedy)

    row, _ = write(
        world, lambda s: people.create_person(s, world.parts, name="jon", display_name="Jon", by="host")
    )
    jon = str(row.id)

    assert "people invite" in refused(jon)
    assert "log in with it" in refused(imani.id)
    lost(world, imani)
    assert "re-issue" in refused(imani.id)
    write(world, lambda s: people.invite(s, world.parts, jon, by="host"))
    assert code(jon)
    world.clock.advance(hours=25)
    assert "people invite" in refused(jon)


@pytest.mark.parametrize("order", [("admin", "sponsor"), ("sponsor", "admin")])
def test_a_new_key_needs_two_touches_and_a_day(
    world: World, imani: Contractor, asha: Contractor, sam: Contractor, order: tuple[str, str]
) -> None:
    lost(world, imani)
    request = asked(world, imani, asha)
    signer = {"admin": asha, "sponsor": sam}

    refusals = []
    for role in order:
        with pytest.raises(Conflict) as refused:
            invite(world, imani)
        refusals.append(refused.value.code)
        signed(world, request, role, signer[role])
    with pytest.raises(Conflict) as early:
        invite(world, imani)
    world.clock.advance(hours=24)

    assert refusals == ["reissue-unsigned", "reissue-unsigned"]
    assert early.value.code == "reissue-waits"
    assert invite(world, imani)
    with world.parts.db.read() as session:
        assert session.get_one(Reissue, request).state == "used"
        assert session.scalars(select(OneTimeCode).where(OneTimeCode.purpose == "invite")).all()


def test_a_re_issue_is_used_once(world: World, imani: Contractor, asha: Contractor, sam: Contractor) -> None:
    lost(world, imani)
    request = asked(world, imani, asha)
    signed(world, request, "admin", asha)
    signed(world, request, "sponsor", sam)
    world.clock.advance(hours=24)

    def attempt(_: int) -> bool:
        try:
            invite(world, imani)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_one_person_never_signs_twice_nor_for_themselves(
    world: World, imani: Contractor, asha: Contractor, sam: Contractor
) -> None:
    lost(world, imani)
    request = asked(world, imani, asha)
    signed(world, request, "admin", asha)

    for role, by in (("sponsor", asha), ("admin", sam)):
        with pytest.raises((Forbidden, Conflict)):
            signed(world, request, role, by)
    with pytest.raises(Forbidden):
        write(
            world,
            lambda s: reissue.ask(s, world.parts, imani.id, reason="x", proofing=PROOF, by=imani.id),
        )


def test_old_keys_are_stopped_before_a_new_one_is_signed_for(
    world: World, imani: Contractor, asha: Contractor
) -> None:
    request = asked(world, imani, asha)

    with pytest.raises(Conflict) as refused:
        signed(world, request, "admin", asha)

    assert refused.value.code == "reissue-old-keys"


def test_a_withdrawn_re_issue_opens_nothing(
    world: World, imani: Contractor, asha: Contractor, sam: Contractor
) -> None:
    lost(world, imani)
    request = asked(world, imani, asha)
    signed(world, request, "admin", asha)
    signed(world, request, "sponsor", sam)
    write(world, lambda s: reissue.withdraw(s, request, by=asha.id))
    world.clock.advance(hours=25)

    with pytest.raises(Conflict) as refused:
        invite(world, imani)

    assert refused.value.code == "reissue-needed"


def test_what_is_signed_is_the_whole_request(world: World, imani: Contractor, asha: Contractor) -> None:
    request = asked(world, imani, asha)
    with world.parts.db.read() as session:
        row = session.get_one(Reissue, request)
        before = reissue.digest(row)
        edits: dict[str, Any] = {"reason": "y", "person_id": asha.id, "proofing": {**PROOF, "reference": "z"}}
        edits["requested_at"] = row.requested_at + timedelta(seconds=1)
        for name, value in edits.items():
            was = getattr(row, name)
            setattr(row, name, value)
            assert reissue.digest(row) != before, name
            setattr(row, name, was)
        session.expunge_all()
