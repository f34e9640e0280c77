"""My access, as its owner reads it: which doors are closed, and what keeps them so."""

from __future__ import annotations

import pytest

from tests.web.desk import Desk
from tests.world import Contractor, World

LOGS, BOARD = "data:customer-logs", "svc:board"


@pytest.fixture
def imani(world: World) -> Contractor:
    world.resource(LOGS, "read")
    world.resource(BOARD, "read")
    return world.person("imani", "role:support")


def page_under(world: World, who: Contractor, needs: str, board: str = "-") -> str:
    """Publish rules by which the logs need *needs*, and return what *who* reads."""
    world.publish(
        f"p, logs, role:support, read, {LOGS}, {needs}, -, allow\n"
        f"p, board, role:support, read, {BOARD}, {board}, -, allow\n"
    )
    return str(Desk(world, who).get("/access").text)


@pytest.mark.parametrize("needs", ["-", "custody >= 2", "custody >= 2 and tier >= 2", "time in 01:00-02:00"])
def test_nothing_is_asked_of_a_silent_laptop_that_keeps_no_door_closed(
    world: World, imani: Contractor, needs: str
) -> None:
    page = page_under(world, imani, needs)

    assert "One thing keeps" not in page
    assert "Your laptop has not reported" not in page


def test_a_silent_laptop_is_named_with_the_number_of_doors_that_wait_for_it(
    world: World, imani: Contractor
) -> None:
    one = page_under(world, imani, "tier >= 2")
    two = page_under(world, imani, "tier >= 2", "disk_encrypted")

    assert "One thing keeps one door closed" in one
    assert "<strong>Your laptop has not reported for this session.</strong>" in one
    assert "One thing keeps 2 doors closed" in two


def test_a_laptop_that_waits_for_an_admin_is_not_asked_to_report(world: World, imani: Contractor) -> None:
    world.laptop(world.login(imani), approved=False)

    page = page_under(world, imani, "tier >= 2")

    assert "waits for an admin" in page
    assert "One thing keeps" not in page


def test_there_is_one_reference_to_read_out(world: World, imani: Contractor) -> None:
    desk = Desk(world, imani)

    for path in (f"/access/why?resource={LOGS}&action=read", "/nowhere", "/access"):
        assert desk.get(path).text.count("Reference ") == 1
