"""The page of a one-time link: which keys are accepted here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from flows import people
from models.keys import TrustAnchor
from tests.flows.metadata_desk import model, take_bare
from tests.flows.test_loss import write
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
