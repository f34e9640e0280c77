"""Rules that an earlier version published: again under the digest that was signed, or refused by this one."""

from __future__ import annotations

import pytest

from domain.errors import StaleBase
from flows import policy
from flows.access import my_access
from flows.bundles import COMPILED
from flows.session import Viewer
from models.policy import BundleRow, Publication, newest_publication
from tests.world import World

OLD = "sha256:" + "1" * 64
FIRST = "p, a, *, read, data:x, -, -, allow\n"
REFUSED = "p, a, *, read, data:x, -, -, allow\np, b, *, read, group:x, -, -, allow\ng2, group:none, group:x\n"
SECOND = "p, b, *, read, data:x, -, -, deny\n"


def published_earlier(world: World, digest: str, text: str) -> None:
    """Put rules in force as an earlier version did."""
    with world.parts.db.write() as session:
        now = world.parts.clock.now()
        session.add(BundleRow(digest=digest, schema=1, text=text, created_at=now))
        session.flush()
        session.add(Publication(revision=1, digest=digest, author="host", note="", published_at=now))
        world.parts.commit(session)


def test_rules_that_would_be_refused_today_deny_everything_and_can_be_mended(world: World) -> None:
    """An upgrade that became stricter locks nobody out of the editor, and opens no door."""
    imani = world.person("imani")
    asha = world.person("asha", "role:admin", "role:policy-author")
    viewer, reader = world.login(asha), world.login(imani)
    world.resource("data:x")
    published_earlier(world, "sha256:" + "2" * 64, REFUSED)

    assert said(world, reader) == "policy-absent"
    found = policy.editor(world.parts, viewer)
    assert found.checked.text == REFUSED
    assert found.checked.errors == 2
    world.publish(FIRST)
    assert said(world, reader) == "policy-permits"


def said(world: World, reader: Viewer) -> str:
    [door] = my_access(world.parts, reader).doors
    return door.decisions[0][1].reason.code.value


def test_what_is_published_again_has_the_digest_that_was_signed(world: World) -> None:
    asha = world.person("asha", "role:admin", "role:policy-author")
    viewer = world.login(asha)
    published_earlier(world, OLD, FIRST)
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
