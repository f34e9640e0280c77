"""Who may do what in the console, and when a touch is wanted first."""

from __future__ import annotations

import pytest

from domain.errors import Forbidden
from flows import admin
from flows.admin import TouchNeeded
from tests.world import World


def test_giving_power_wants_a_touch_of_the_last_quarter_of_an_hour(world: World) -> None:
    """A stolen cookie could add a trust anchor and an admin hours after the last touch."""
    viewer = world.login(world.person("asha", "role:admin", engaged=False))
    admin.require(world.parts, viewer, "manage", "people")
    world.clock.advance(minutes=16)

    for area in ("people", "keys", "devices", "resources", "services", "networks"):
        admin.require(world.parts, viewer, "view", area)
        assert admin.may(world.parts, viewer, "manage", area)
        with pytest.raises(TouchNeeded):
            admin.require(world.parts, viewer, "manage", area)


def test_who_has_no_right_is_not_asked_for_a_touch(world: World) -> None:
    viewer = world.login(world.person("imani", "role:support"))
    world.clock.advance(minutes=16)

    with pytest.raises(Forbidden) as refused:
        admin.require(world.parts, viewer, "manage", "people")

    assert not isinstance(refused.value, TouchNeeded)
