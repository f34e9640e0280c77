"""Publishing rules: by a tap over the digest, on the newest base, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from domain.errors import BundleInvalid, Conflict, DoorwardError, EmptyBundle, StaleBase
from flows import policy
from flows.session import Viewer
from flows.tap import Tap
from models.audit import AuditRecord
from models.policy import Publication
from tests.world import Contractor, World

FIRST = "p, a, role:x, read, data:one, -, -, allow\n"
SECOND = FIRST + "p, b, role:x, read, data:two, -, -, allow\n"


@pytest.fixture
def asha(world: World) -> Contractor:
    return world.person("asha", "role:admin", "role:policy-author")


@pytest.fixture
def viewer(world: World, asha: Contractor) -> Viewer:
    return world.login(asha)


def tapped(world: World, viewer: Viewer, asha: Contractor) -> Tap:
    return world.tap(viewer, asha, policy.publish_action(world.parts, viewer))


def revisions(world: World) -> list[int]:
    with world.parts.db.read() as session:
        return list(session.scalars(select(Publication.revision).order_by(Publication.revision)))


def test_a_draft_is_published_by_a_touch(world: World, asha: Contractor, viewer: Viewer) -> None:
    checked = policy.save_draft(world.parts, viewer, FIRST, 0)

    revision = policy.publish(world.parts, viewer, tapped(world, viewer, asha))

    assert checked.errors == 0
    assert [change.kind for change in checked.changes] == ["added"]
    assert revision == 1
    assert policy.editor(world.parts, viewer).published_text == FIRST


def test_a_wrong_draft_is_kept_and_says_what_is_wrong(world: World, viewer: Viewer) -> None:
    checked = policy.save_draft(world.parts, viewer, FIRST.replace("allow", "alow"), 0)

    assert checked.errors == 1
    assert "allow" in checked.problems[0].suggestion
    assert "alow" in policy.editor(world.parts, viewer).checked.text


def test_a_wrong_draft_cannot_be_published(world: World, viewer: Viewer) -> None:
    policy.save_draft(world.parts, viewer, FIRST.replace("allow", "dney"), 0)

    with pytest.raises(BundleInvalid):
        policy.publish_action(world.parts, viewer)


def test_an_empty_draft_cannot_be_published(world: World, viewer: Viewer) -> None:
    policy.save_draft(world.parts, viewer, "# nothing\n", 0)

    with pytest.raises(EmptyBundle):
        policy.publish_action(world.parts, viewer)


def test_a_draft_on_old_rules_is_a_conflict_and_is_recorded(
    world: World, asha: Contractor, viewer: Viewer
) -> None:
    policy.save_draft(world.parts, viewer, SECOND, 0)
    tap = tapped(world, viewer, asha)
    world.publish(FIRST)

    with pytest.raises(StaleBase):
        policy.publish(world.parts, viewer, tap)

    assert revisions(world) == [1]
    assert policy.editor(world.parts, viewer).stale
    with world.parts.db.read() as session:
        assert "policy.refused" in session.scalars(select(AuditRecord.kind)).all()


def test_a_draft_that_changed_after_the_touch_is_not_published(
    world: World, asha: Contractor, viewer: Viewer
) -> None:
    policy.save_draft(world.parts, viewer, FIRST, 0)
    tap = tapped(world, viewer, asha)
    policy.save_draft(world.parts, viewer, SECOND, 0)

    with pytest.raises(Conflict) as refused:
        policy.publish(world.parts, viewer, tap)

    assert refused.value.code == "draft-changed"
    assert revisions(world) == []


def test_of_parallel_publications_on_one_base_one_wins(world: World, viewer: Viewer) -> None:
    def attempt(number: int) -> bool:
        try:
            world.publish(FIRST + f"p, n{number}, role:x, read, data:n{number}, -, -, allow\n")
        except DoorwardError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(attempt, range(8)))

    assert revisions(world) == list(range(1, done + 1))


def test_an_earlier_publication_comes_back_by_a_touch(world: World, asha: Contractor, viewer: Viewer) -> None:
    world.publish(FIRST)
    world.publish(SECOND)

    tap = world.tap(viewer, asha, policy.rollback_action(world.parts, 1))
    revision = policy.publish(world.parts, viewer, tap)

    assert revision == 3
    assert policy.editor(world.parts, viewer).published_text == FIRST


def test_line_endings_do_not_change_what_is_signed(world: World, viewer: Viewer) -> None:
    policy.save_draft(world.parts, viewer, FIRST.replace("\n", "\r\n"), 0)
    windows = policy.publish_action(world.parts, viewer)
    policy.save_draft(world.parts, viewer, FIRST, 0)

    assert policy.publish_action(world.parts, viewer) == windows


def test_a_change_of_comments_only_is_published_and_kept(
    world: World, asha: Contractor, viewer: Viewer
) -> None:
    world.publish(FIRST)
    policy.save_draft(world.parts, viewer, "# why\n" + FIRST, 1)

    policy.publish(world.parts, viewer, tapped(world, viewer, asha))

    assert policy.editor(world.parts, viewer).published_text == "# why\n" + FIRST
