"""Every door of My access is decided as if it were asked about alone."""

from __future__ import annotations

from flows.access import my_access
from flows.decide import Asked, decide, know
from flows.liveness import read_roots
from flows.session import Viewer
from tests.flows.test_access import imani, laptop, viewer
from tests.world import Laptop, World

__all__ = ["imani", "laptop", "viewer"]


def test_my_access_says_of_each_door_what_one_question_at_a_time_would(
    world: World, viewer: Viewer, laptop: Laptop
) -> None:
    now = world.clock.advance(minutes=2)
    found = my_access(world.parts, viewer)

    with world.parts.db.read() as session:
        roots = read_roots(session, viewer.session_id)
        known = know(session, world.parts, viewer.person_id, roots, now)
        for door in found.doors:
            for action, shown in door.decisions:
                asked = Asked("page", viewer.person_id, action, door.resource.id, roots=roots)
                alone = decide(world.parts, asked, known, now)
                assert (shown.effect, shown.reasons, shown.obligations, shown.determining) == (
                    alone.effect,
                    alone.reasons,
                    alone.obligations,
                    alone.determining,
                )
    assert {door.resource.id: door.openable for door in found.doors} == {
        "app:payroll": (),
        "ci:staging": (),
        "data:customer-logs": ("read", "export"),
        "svc:board": ("read",),
    }
