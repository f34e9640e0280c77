"""Rules in a file, and a deployment that the command line finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings import Settings
from tests.wiring.asking import RULES
from tests.world import World


@pytest.fixture
def rules(tmp_path: Path) -> str:
    file = tmp_path / "rules.csv"
    file.write_text(RULES)
    return str(file)


@pytest.fixture
def company(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    """A deployment that the command line finds, with rules, resources and people."""
    monkeypatch.setenv("DOORWARD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DOORWARD_ROOT_KEY_FILE", str(settings.root_key))
    monkeypatch.setenv("DOORWARD_CHECKPOINT_FILE", str(settings.checkpoints))
    monkeypatch.setenv("DOORWARD_DECISION_LOG", str(settings.decisions))
    # Logging is the process's; the other tests of this process keep theirs.
    monkeypatch.setattr("commands.base.configure_logging", lambda _level: None)
    world.resource("data:logs", "read", "export")
    world.resource("svc:board", "read")
    world.publish(RULES)
    world.person("imani", "role:support")
    world.person("jonas", "role:senior")
    world.person("noor", "role:sales")
    return world
