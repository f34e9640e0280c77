"""The migrated schema and the models are one, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from migrations.run import SchemaBehind, differences, require_current, upgrade
from models.engine import Database
from settings import Settings
from tests.world import World


def test_the_migrated_schema_equals_the_models(settings: Settings) -> None:
    db = Database(settings.database_url)

    assert differences(db) == []
    db.dispose()


def test_upgrading_twice_changes_nothing(settings: Settings) -> None:
    db = Database(settings.database_url)

    upgrade(db)

    require_current(db)
    db.dispose()


def test_another_schema_refuses_to_start(world: World) -> None:
    with world.parts.db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        session.commit()

    with pytest.raises(SchemaBehind) as refused:
        require_current(world.parts.db)

    assert "doorward db upgrade" in (refused.value.remedy or "")
