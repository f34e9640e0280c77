"""The page of a one-time link: which keys are accepted here."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete

from flows import people
from flows.register import KeyNotAccepted
from models.keys import TrustAnchor
from tests.flows.metadata_desk import model, take_bare
from tests.flows.test_loss import write
from tests.flows.test_register import begin, finish, new_key, secret_of
from tests.web.desk import Desk
from tests.world import World


def test_the_page_of_a_link_says_which_keys_are_accepted_here(world: World) -> None:
    def invite(session: Any) -> Any:
        row, created = people.create_person(session, world.parts, name="ada", display_name="Ada", by="host")
        secret, invited = people.invite(session, world.parts, row.id, by="host")
        return [created, invited, secret]

    link = f"/register/{write(world, invite)[-1]}"
    stranger = Desk(world, None)
    trusted = stranger.get(link).text
    take_bare(world, model(world))
    both = stranger.get(link).text
    with world.parts.db.write() as session:
        session.execute(delete(TrustAnchor))
        session.commit()
    certified = stranger.get(link).text

    assert "Accepted here: Test key. " in trusted
    assert "Accepted here: Test key; every model that the FIDO Alliance certifies" in both
    assert "Accepted here: every model that the FIDO Alliance certifies" in certified


def test_the_first_admin_is_told_how_to_make_a_model_known(world: World) -> None:
    """It said to use the key that was sent: nobody had sent one."""
    other = "11111111-2222-4333-8444-555555555555"
    secret = secret_of(people.bootstrap_link(world.parts))
    begun = begin(world, secret, presented_name="asha", display_name="Asha")

    with pytest.raises(KeyNotAccepted) as refused:
        finish(world, begun, new_key(world, aaguid=other))

    remedy = refused.value.remedy or ""
    assert f"doorward keys trust add {other} maker.pem" in remedy
    assert "doorward keys import-metadata" in remedy
