"""The migrated schema and the models are one, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from migrations.run import SchemaBehind, _config, differences, require_current, upgrade
from models.engine import Database
from models.keys import Credential
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


def test_keys_that_were_in_use_before_there_was_an_activation_are_active(tmp_path: Path) -> None:
    """Upgraded with rows in the tables that it changes; sessions and taps refer to them."""
    db = Database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    with db.engine.connect().execution_options(doorward_write=True) as connection, connection.begin():
        command.upgrade(_config(connection), "0001")
        for statement in (
            "INSERT INTO principals (id, kind) VALUES ('prs_1', 'person')",
            "INSERT INTO people (id, login_name, display_name, user_handle, state, epoch, created_at)"
            " VALUES ('prs_1', 'imani', 'Imani', x'01', 'active', 1, '2026-11-01 00:00:00.000000')",
            "INSERT INTO credentials (id, person_id, credential_id, public_key, algorithm, sign_count,"
            " backup_eligible, aaguid, label, attestation_object, leaf, leaf_sha256, trust_revision,"
            " transports, state, epoch, created_at) VALUES ('key_1', 'prs_1', x'02', x'03', -7, 1, 0, 'a',"
            " 'Key', x'04', x'05', 'f', 1, '[]', 'active', 1, '2026-11-02 00:00:00.000000')",
            "INSERT INTO credential_states VALUES ('kst_1', 'key_1', 'active',"
            " '2026-11-02 00:00:00.000000', 'prs_1', 'registered')",
        ):
            connection.execute(text(statement))

    upgrade(db)

    with db.read() as session:
        key = session.get_one(Credential, "key_1")
        assert (key.state, key.activated_at, key.created_at) == ("active", key.created_at, key.created_at)
        assert (key.nickname, key.serial, key.metadata_statuses) == ("", None, [])
    db.dispose()
