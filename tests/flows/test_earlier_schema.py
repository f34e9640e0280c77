"""Rules of an earlier schema are published again under the digest that the touch signed."""

from __future__ import annotations

import pytest

from domain.errors import StaleBase
from flows import policy
from flows.bundles import COMPILED
from models.instance import raise_state_revision
from models.policy import BundleRow, Publication, newest_publication
from tests.world import World

OLD = "sha256:" + "1" * 64
FIRST = "p, a, *, read, data:x, -, -, allow\n"
SECOND = "p, b, *, read, data:x, -, -, deny\n"


def test_what_is_published_again_has_the_digest_that_was_signed(world: World) -> None:
    asha = world.person("asha", "role:admin", "role:policy-author")
    viewer = world.login(asha)
    with world.parts.db.write() as session:
        now = world.parts.clock.now()
        session.add(BundleRow(digest=OLD, schema=1, text=FIRST, created_at=now))
        session.flush()
        session.add(Publication(revision=1, digest=OLD, author="host", note="", published_at=now))
        raise_state_revision(session)
        world.parts.commit(session)
    world.publish(SECOND)
    action = policy.rollback_action(world.parts, 1)

    policy.publish(world.parts, viewer, world.tap(viewer, asha, action))

    with world.parts.db.read() as session:
        newest = newest_publication(session)
        assert newest is not None
        assert newest.digest == action["bundle"] == OLD
        assert newest.signature_id is not None


def test_a_publication_that_is_refused_pushes_no_bundle_out(world: World) -> None:
    asha = world.person("asha", "role:admin", "role:policy-author")
    viewer = world.login(asha)
    world.publish(FIRST)
    policy.save_draft(world.parts, viewer, SECOND.replace("p, b", "p, only-here"), 0)
    action = policy.publish_action(world.parts, viewer)

    with pytest.raises(StaleBase):
        policy.publish(world.parts, viewer, world.tap(viewer, asha, action))

    with world.parts.db.read() as session:
        assert COMPILED.of(session, action["bundle"]) is None
