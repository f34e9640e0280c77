"""Three people with a key each."""

from __future__ import annotations

import pytest

from tests.world import Contractor, World


@pytest.fixture
def three(world: World) -> list[Contractor]:
    return [world.person(name, "role:support") for name in ("imani", "jon", "mei")]
