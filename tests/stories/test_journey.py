"""One contractor's journey through the flows, from invitation to the end of access."""

from __future__ import annotations

from flows import end_access
from flows.access import my_access
from flows.session import current
from tests.world import HOME, World

RULES = """
p, logs-read, role:support, read, data:customer-logs, tier >= 2, max 15m, allow
p, logs-remote, *, *, data:*, remote_control, -, deny
"""


def test_a_contractor_opens_what_the_rules_and_the_evidence_allow(world: World) -> None:
    imani = world.person("imani", "role:support")
    world.resource("data:customer-logs", "read", "export")
    world.publish(RULES)
    viewer = world.login(imani)
    laptop = world.laptop(viewer)
    laptop.report(viewer)

    opening = world.open(viewer, "data:customer-logs")

    assert opening.grant_id is not None, opening.decision
    assert opening.not_after is not None
    assert (opening.not_after - world.clock.now()).total_seconds() == 15 * 60
    door = my_access(world.parts, viewer).doors[0]
    assert door.grant is not None
    assert door.openable == ("read",)


def test_without_a_report_the_door_stays_closed_and_says_what_to_do(world: World) -> None:
    imani = world.person("imani", "role:support")
    world.resource("data:customer-logs")
    world.publish(RULES)
    viewer = world.login(imani)

    opening = world.open(viewer, "data:customer-logs")

    assert opening.grant_id is None
    assert opening.decision.curable
    assert "agent" in opening.decision.reason.remedy.lower()


def test_ending_everything_ends_the_session_that_asked(world: World) -> None:
    imani = world.person("imani", "role:support")
    viewer = world.login(imani)

    end_access.end_everything(world.parts, viewer)

    assert current(world.parts, imani.cookie, HOME) is None
