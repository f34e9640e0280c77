"""Two admins at once, and clocks that are set back: the chain stays whole."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from domain.errors import Conflict
from flows import approval, custody
from models.custody import KeyItem
from tests.flows.test_custody import ASHA, BEN, approved, newcomer, received
from tests.flows.test_loss import write
from tests.world import World


@pytest.mark.parametrize("rival", ["approve", "ship"])
def test_an_edit_that_races_never_leaves_an_unapproved_shipment(world: World, rival: str) -> None:
    imani = newcomer(world)
    item = received(world)
    write(world, lambda s: custody.assign(s, world.parts, item, imani, "Long Road 1", by=ASHA))
    with world.parts.db.read() as session:
        digest = approval.action_of(session.get_one(KeyItem, item))["digest"]
    if rival == "ship":
        approved(world, item)
    together = threading.Barrier(2)

    def attempt(act: Any) -> None:
        together.wait(timeout=10)
        try:
            write(world, act)
        except Conflict:
            return

    def edit(session: Any) -> Any:
        return custody.assign(session, world.parts, item, imani, "Elsewhere 9", by=ASHA)

    def other(session: Any) -> Any:
        if rival == "ship":
            return custody.ship(session, world.parts, item, carrier="DHL", reference="1", by=BEN)
        return approval.approve(session, world.parts, item, digest=digest, by=BEN, signature_id=None)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt, (edit, other)))

    with world.parts.db.read() as session:
        row = session.get_one(KeyItem, item)
        now = approval.action_of(row)["digest"]
        assert row.state in {"assigned", "approved", "shipped"}
        assert row.state == "assigned" or row.approval == now


def test_a_clock_that_was_set_back_reorders_nothing(world: World) -> None:
    imani = newcomer(world)
    item = received(world)
    world.clock.advance(hours=-1)
    write(world, lambda s: custody.assign(s, world.parts, item, imani, "Long Road 1", by=ASHA))
    world.clock.advance(hours=-1)

    approved(world, item)

    with world.parts.db.read() as session:
        assert session.get_one(KeyItem, item).state == "approved"
