"""Opening, using and ending access: windows, refusals, and the race with "end everything"."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from domain.errors import DoorwardError, Invalid, NotAuthenticated
from domain.limits import Limits
from domain.reasons import ReasonCode
from flows import access, catalog, end_access, people
from flows.access import my_access
from flows.decide import Asked, covering_grant, decide_and_log
from flows.liveness import ClocksDiffer, Roots, read_roots
from flows.session import Viewer
from models.access import DecisionRow, Grant, live_grants
from models.audit import AuditRecord
from models.people import Engagement
from tests.world import Contractor, Laptop, World

RULES = """
p, logs-read, role:support, read, data:customer-logs, tier >= 2, max 15m, allow
p, logs-long, role:support, export, data:customer-logs, -, max 8h, allow
p, board, role:support, read, svc:board, -, max 10s; standing, allow
p, deploy, role:support, deploy, ci:staging, touch_age < 60s, max 30m, allow
"""


@pytest.fixture
def imani(world: World) -> Contractor:
    for resource, actions in (
        ("data:customer-logs", ("read", "export")),
        ("svc:board", ("read",)),
        ("ci:staging", ("deploy",)),
        ("app:payroll", ("read",)),
    ):
        world.resource(resource, *actions)
    world.publish(RULES)
    return world.person("imani", "role:support")


@pytest.fixture
def viewer(world: World, imani: Contractor) -> Viewer:
    return world.login(imani)


@pytest.fixture
def laptop(world: World, viewer: Viewer) -> Laptop:
    laptop = world.laptop(viewer)
    laptop.report(viewer)
    return laptop


def roots_of(world: World, viewer: Viewer) -> Roots:
    with world.parts.db.read() as session:
        roots = read_roots(session, viewer.session_id)
    assert roots is not None
    return roots


def live(world: World, viewer: Viewer, action: str, resource: str) -> bool:
    with world.parts.db.read() as session:
        roots = read_roots(session, viewer.session_id)
        assert roots is not None
        now = world.clock.now()
        grants = live_grants(session, roots.session.id, now)
        return covering_grant(grants, roots, action, resource, now) is not None


def may_use(world: World, viewer: Viewer, action: str, resource: str) -> ReasonCode:
    with world.parts.db.write() as session:
        roots = read_roots(session, viewer.session_id)
        asked = Asked("evaluation", viewer.person_id, action, resource, roots=roots, use=True)
        decision = decide_and_log(session, world.parts, asked, world.clock.now())
        session.commit()
    return decision.reason.code


def test_a_grant_ends_with_the_rules_maximum(world: World, viewer: Viewer, laptop: Laptop) -> None:
    world.open(viewer, "data:customer-logs")
    world.clock.advance(minutes=14)
    laptop.report(viewer)
    assert may_use(world, viewer, "read", "data:customer-logs") is ReasonCode.POLICY_PERMITS

    world.clock.advance(minutes=1)

    assert may_use(world, viewer, "read", "data:customer-logs") is ReasonCode.GRANT_NEEDED


def test_a_grant_never_outlives_the_engagement(
    world: World, imani: Contractor, viewer: Viewer, laptop: Laptop
) -> None:
    end = world.clock.now() + timedelta(hours=2)
    with world.parts.db.write() as session:
        row = session.scalars(select(Engagement)).one()
        row.ends_at = end
        session.commit()

    assert world.open(viewer, "data:customer-logs", "export").not_after == end


def test_a_grant_never_outlives_the_session(world: World, viewer: Viewer) -> None:
    opening = world.open(viewer, "data:customer-logs", "export")

    assert opening.not_after is not None
    assert opening.not_after <= viewer.expires_at


def test_opening_two_actions_is_all_or_nothing(world: World, viewer: Viewer) -> None:
    opening = world.open(viewer, "data:customer-logs", "export", "read")

    assert opening.grant_id is None
    assert not live(world, viewer, "export", "data:customer-logs")


def test_a_standing_rule_needs_no_grant(world: World, viewer: Viewer) -> None:
    assert may_use(world, viewer, "read", "svc:board") is ReasonCode.POLICY_PERMITS


def test_a_door_that_wants_a_touch_says_so(world: World, viewer: Viewer) -> None:
    world.clock.advance(minutes=5)

    opening = world.open(viewer, "ci:staging", "deploy")

    assert opening.decision.reason.code is ReasonCode.TOUCH_STALE
    assert opening.decision.curable


def test_what_no_rule_names_is_closed_for_good(world: World, viewer: Viewer) -> None:
    opening = world.open(viewer, "app:payroll")

    assert opening.decision.reason.code is ReasonCode.POLICY_NO_RULE
    assert not opening.decision.curable


@pytest.mark.parametrize("actions", [[], ["read", "read"], [f"a{n}" for n in range(17)]])
def test_a_request_holds_one_to_sixteen_actions_each_once(
    world: World, viewer: Viewer, actions: list[str]
) -> None:
    """Thousands of actions in one request held the write lock for seconds."""
    with pytest.raises(Invalid):
        access.open_resource(world.parts, viewer, resource="data:customer-logs", actions=actions)


def test_a_resource_that_comes_back_does_not_revive_what_was_open(world: World, viewer: Viewer) -> None:
    world.open(viewer, "data:customer-logs", "export")
    with world.parts.db.write() as session:
        removed = catalog.remove_resource(session, world.parts, "data:customer-logs", by="host")
        world.parts.commit(session, removed)
    world.resource("data:customer-logs", "read", "export")

    assert may_use(world, viewer, "export", "data:customer-logs") is ReasonCode.GRANT_NEEDED


def test_an_unknown_resource_is_denied_by_name(world: World, viewer: Viewer) -> None:
    decision = access.why(world.parts, viewer, action="read", resource="data:customer-lgos")

    assert decision.reason.code is ReasonCode.RESOURCE_UNKNOWN


def test_nothing_is_issued_while_the_clocks_differ(world: World, viewer: Viewer) -> None:
    strict = dataclasses.replace(world.parts, limits=Limits())

    def opened() -> str | None:
        opening = access.open_resource(strict, viewer, resource="data:customer-logs", actions=["export"])
        return opening.grant_id

    if world.parts.db.is_sqlite:
        assert opened() is not None
    else:
        with pytest.raises(ClocksDiffer):
            opened()


def test_without_an_engagement_nothing_opens(world: World, imani: Contractor, viewer: Viewer) -> None:
    with world.parts.db.write() as session:
        row = session.scalars(select(Engagement)).one()
        row.ends_at = world.clock.now()
        session.commit()

    opening = world.open(viewer, "data:customer-logs", "export")

    assert opening.decision.reason.code is ReasonCode.ENGAGEMENT_ENDED


def test_ending_an_engagement_ends_what_is_open(world: World, imani: Contractor, viewer: Viewer) -> None:
    world.open(viewer, "data:customer-logs", "export")
    with world.parts.db.write() as session:
        engagement = session.scalars(select(Engagement.id)).one()
        events = people.end_engagement(session, world.parts, engagement, by="host")
        world.parts.commit(session, *events)

    assert may_use(world, viewer, "export", "data:customer-logs") is not ReasonCode.POLICY_PERMITS


def test_every_question_and_refusal_is_recorded(world: World, viewer: Viewer) -> None:
    world.open(viewer, "app:payroll")

    with world.parts.db.read() as session:
        row = session.scalars(select(DecisionRow)).one()
        kinds = session.scalars(select(AuditRecord.kind)).all()
    assert row.effect == "deny"
    assert row.body["revisions"]["publication"] == 1
    assert "grant.refused" in kinds


def test_being_done_closes_one_door_and_not_the_other(world: World, viewer: Viewer, laptop: Laptop) -> None:
    world.open(viewer, "data:customer-logs", "read")
    other = world.open(viewer, "data:customer-logs", "export")
    assert other.grant_id is not None

    assert end_access.end_grant(world.parts, viewer, other.grant_id)

    assert not live(world, viewer, "export", "data:customer-logs")
    assert live(world, viewer, "read", "data:customer-logs")
    assert not end_access.end_grant(world.parts, viewer, other.grant_id)


def test_nobody_ends_another_persons_grant(world: World, viewer: Viewer) -> None:
    opening = world.open(viewer, "data:customer-logs", "export")
    mallory = world.login(world.person("mallory"))

    assert opening.grant_id is not None
    assert not end_access.end_grant(world.parts, mallory, opening.grant_id)
    assert live(world, viewer, "export", "data:customer-logs")


def test_a_removed_resource_is_closed_at_once(world: World, viewer: Viewer) -> None:
    world.open(viewer, "data:customer-logs", "export")
    with world.parts.db.write() as session:
        removed = catalog.remove_resource(session, world.parts, "data:customer-logs", by="host")
        world.parts.commit(session, removed)

    assert may_use(world, viewer, "export", "data:customer-logs") is ReasonCode.RESOURCE_UNKNOWN


def test_a_new_policy_reaches_open_grants_at_once(world: World, viewer: Viewer) -> None:
    world.open(viewer, "data:customer-logs", "export")

    world.publish(RULES + "p, stop, *, export, data:*, -, -, deny\n")

    assert may_use(world, viewer, "export", "data:customer-logs") is ReasonCode.POLICY_FORBIDS


def test_no_policy_closes_every_door(world: World) -> None:
    world.resource("svc:board")
    viewer = world.login(world.person("jon", "role:support"))

    assert may_use(world, viewer, "read", "svc:board") is ReasonCode.POLICY_ABSENT


def test_grants_of_another_session_are_shown_and_not_borrowed(
    world: World, imani: Contractor, viewer: Viewer
) -> None:
    world.open(viewer, "data:customer-logs", "export")

    other = world.login(imani)

    assert len(my_access(world.parts, other).elsewhere) == 1
    assert not live(world, other, "export", "data:customer-logs")


@pytest.mark.parametrize("ending", ["everything", "session"])
def test_no_grant_is_live_after_the_end_has_returned(
    world: World, imani: Contractor, viewer: Viewer, ending: str
) -> None:
    """Sixteen threads open doors as fast as they can while the thirty-second door-opening is cut off."""
    returned = threading.Event()
    late: list[str] = []

    def opener(_number: int) -> None:
        for _ in range(8):
            after = returned.is_set()
            try:
                opening = world.open(viewer, "data:customer-logs", "export")
            except NotAuthenticated:
                return
            except DoorwardError:
                continue
            if after and opening.grant_id is not None:
                late.append(opening.grant_id)

    def ender() -> None:
        if ending == "everything":
            end_access.end_everything(world.parts, viewer)
        else:
            end_access.end_session(world.parts, viewer, viewer.session_id, cause="own-wish")
        returned.set()

    with ThreadPoolExecutor(9) as pool:
        work = [pool.submit(opener, number) for number in range(8)]
        work.append(pool.submit(ender))
        for one in work:
            one.result()

    assert late == []
    roots = roots_of(world, viewer)
    with world.parts.db.read() as session:
        assert covering_grant(
            live_grants(session, roots.session.id, world.clock.now()),
            roots,
            "export",
            "data:customer-logs",
            world.clock.now(),
        ) is None or (ending == "session" and roots.session.ended_at is not None)
        issued = session.scalar(select(func.count()).select_from(Grant))
        recorded = session.scalar(
            select(func.count()).select_from(AuditRecord).where(AuditRecord.kind == "grant.issued")
        )
    assert issued == recorded
    assert may_use(world, viewer, "export", "data:customer-logs") is not ReasonCode.POLICY_PERMITS
