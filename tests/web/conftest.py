"""An admin's desk in a small company."""

from __future__ import annotations

import pytest

from tests.web.desk import Desk
from tests.world import World


@pytest.fixture
def asha(world: World) -> Desk:
    """The desk of an admin who also writes policy and reads the record."""
    return Desk(
        world, world.person("asha", "role:admin", "role:policy-author", "role:auditor", engaged=False)
    )
