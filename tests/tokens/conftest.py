"""The company of these tests, on each kind of database."""

from __future__ import annotations

import pytest

from tests.tokens.company import Company, found
from tests.world import World


@pytest.fixture
def company(world: World) -> Company:
    return found(world)
