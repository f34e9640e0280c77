"""Nothing is published that does not do what its own tests say: not by a tap nor from the host."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import FailedTests
from flows import policy
from flows.document import read_document
from flows.facts import published
from flows.load import load_document
from flows.policy_view import unready
from flows.session import Viewer
from models.policy import BundleRow, Publication, newest_publication
from policies.bundle import SCHEMA, load
from tests.web.desk import recorded
from tests.world import Contractor, World

RULE = "p, a, role:x, read, data:one, tier >= 2, -, allow\n"
PASSES = RULE + "t, low, role:x, read, data:one, tier = 1, deny, tier-too-low\n"
FAILS = RULE + "t, low, role:x, read, data:one, tier = 1, allow, -\n"


@pytest.fixture
def asha(world: World) -> Contractor:
    return world.person("asha", "role:admin", "role:policy-author")


@pytest.fixture
def viewer(world: World, asha: Contractor) -> Viewer:
    return world.login(asha)


def publication(text: str, base: int = 0) -> dict[str, Any]:
    return {"do": "policy.publish", "bundle": load(text).digest, "base": base, "note": ""}


def revision(world: World) -> int:
    with world.parts.db.read() as session:
        newest = newest_publication(session)
        return newest.revision if newest else 0


def published_when_it_passed(world: World, text: str) -> None:
    """Put *text* in force as an earlier release would have, whose engine answered otherwise."""
    with world.parts.db.write() as session:
        digest, now = load(text).digest, world.parts.clock.now()
        session.add(BundleRow(digest=digest, schema=SCHEMA, text=text, created_at=now))
        session.flush()
        session.add(
            Publication(
                revision=1, digest=digest, author="host", note="", signature_id=None, published_at=now
            )
        )
        world.parts.commit(session)


def test_a_draft_whose_tests_pass_is_published(world: World, asha: Contractor, viewer: Viewer) -> None:
    checked = policy.save_draft(world.parts, viewer, PASSES, 0)

    policy.publish(world.parts, viewer, world.tap(viewer, asha, publication(PASSES)))

    assert (len(checked.outcomes), checked.failed) == (1, 0)
    assert revision(world) == 1


def test_a_draft_with_a_failing_test_is_kept_and_not_offered_for_a_touch(
    world: World, viewer: Viewer
) -> None:
    checked = policy.save_draft(world.parts, viewer, FAILS, 0)

    with pytest.raises(FailedTests):
        policy.publish_action(world.parts, viewer)

    assert (checked.errors, checked.failed) == (0, 1)
    lacking = unready(policy.editor(world.parts, viewer))
    assert lacking is not None
    assert lacking[0] == "one of its tests fails"


def test_a_touch_for_a_bundle_that_fails_its_tests_publishes_nothing_and_is_recorded(
    world: World, asha: Contractor, viewer: Viewer
) -> None:
    """A page that was tampered with may ask for the touch by itself."""
    policy.save_draft(world.parts, viewer, FAILS, 0)
    tap = world.tap(viewer, asha, publication(FAILS))

    with pytest.raises(FailedTests) as refused:
        policy.publish(world.parts, viewer, tap)

    assert [found["line"] for found in refused.value.details["problems"]] == [2]
    assert revision(world) == 0
    assert recorded(world, "policy.refused")[0][1]["reason"] == "tests-failed"


def test_the_host_cannot_publish_past_a_failing_test(world: World) -> None:
    with pytest.raises(FailedTests):
        world.publish(FAILS)

    assert revision(world) == 0


def test_a_document_with_a_failing_test_writes_nothing_at_all(world: World) -> None:
    resource = '[[resources]]\nid = "data:one"\ntitle = "One"\nactions = ["read"]\n'
    document = read_document(f"policy = '''\n{FAILS}'''\n{resource}".encode())

    with pytest.raises(FailedTests):
        load_document(world.parts, document)

    assert revision(world) == 0
    assert not recorded(world, "document.loaded")


def test_rules_in_force_that_fail_their_tests_today_stay_in_force(world: World) -> None:
    """An upgrade that changes an answer must not close every door."""
    published_when_it_passed(world, FAILS)

    with world.parts.db.read() as session:
        bundle, _ = published(session)

    assert bundle is not None
    assert len(bundle.rules) == 1


def test_going_back_to_rules_that_fail_their_tests_today_is_refused_with_how_to_go_on(
    world: World, asha: Contractor, viewer: Viewer
) -> None:
    published_when_it_passed(world, FAILS)
    world.publish(PASSES)
    tap = world.tap(viewer, asha, publication(FAILS, base=2))

    with pytest.raises(FailedTests) as before:
        policy.rollback_action(world.parts, 1)
    with pytest.raises(FailedTests):
        policy.publish(world.parts, viewer, tap)

    assert before.value.remedy is not None
    assert "into a draft" in before.value.remedy
    assert revision(world) == 2
