"""A deployment keeps its name and its key for ever, or refuses to start."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from app import Outside, build_parts
from commands import main
from crypto.keyring import RootKeyUnusable, create_root_key, read_root_key
from domain.errors import Unavailable
from domain.ports import SystemRandomness, TimeOrderedIds
from flows.instance import InstanceDiffers, create, open_instance
from flows.parts import Deployment
from migrations.run import upgrade
from models.engine import Database
from settings import Settings, read_settings
from tests.world import TestClock, World

OUTSIDE = Outside(TestClock(), TimeOrderedIds(), SystemRandomness())


def test_another_relying_party_id_refuses_to_start(settings: Settings) -> None:
    moved = settings.model_copy(update={"public_url": "https://other.example"})

    with pytest.raises(InstanceDiffers) as refused:
        build_parts(moved, OUTSIDE)

    assert "orphaned" in refused.value.message


def test_another_root_key_refuses_to_start(settings: Settings, tmp_path) -> None:
    create_root_key(tmp_path / "other.key", SystemRandomness())

    with pytest.raises(RootKeyUnusable):
        build_parts(settings.model_copy(update={"root_key_file": tmp_path / "other.key"}), OUTSIDE)


def test_a_root_key_that_others_may_read_is_refused(tmp_path) -> None:
    path = tmp_path / "root.key"
    create_root_key(path, SystemRandomness())
    path.chmod(0o644)

    with pytest.raises(RootKeyUnusable):
        read_root_key(path)


def test_a_root_key_is_never_replaced(tmp_path) -> None:
    path = tmp_path / "root.key"
    create_root_key(path, SystemRandomness())

    with pytest.raises(FileExistsError):
        create_root_key(path, SystemRandomness())


def test_a_demo_is_served_on_localhost_only(tmp_path, root_folder) -> None:
    db = Database(f"sqlite:///{tmp_path}/demo.sqlite")
    upgrade(db)
    ring = read_root_key(root_folder / "root.key")
    create(
        db,
        Deployment("http://localhost:8080", "localhost", True, "Demo"),
        ring=ring,
        clock=TestClock(),
        randomness=SystemRandomness(),
    )

    with pytest.raises(InstanceDiffers):
        open_instance(db, public_url="https://demo.example", rp_id="localhost")
    assert open_instance(db, public_url="http://localhost:8080", rp_id="localhost").demo
    db.dispose()


def test_the_database_holds_no_usable_signing_key(world: World) -> None:
    with world.parts.db.engine.connect() as connection:
        wrapped = connection.exec_driver_sql("SELECT wrapped FROM signing_keys").scalars().all()

    assert wrapped
    assert not any(b'"d"' in bytes(value) for value in wrapped)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////proc/doorward.sqlite", "root key file `/proc/doorward.sqlite.key` cannot be made"),
        ("postgresql://doorward@127.0.0.1:1/doorward", "database cannot be reached: connection failed"),
    ],
)
def test_where_nothing_can_be_kept_the_cause_is_said(url: str, said: str, root_folder, monkeypatch) -> None:
    """Without a volume, or before the database's server runs: neither is a deployment that is missing."""
    monkeypatch.setenv("DOORWARD_DATABASE_URL", url)
    if url.startswith("postgresql"):
        monkeypatch.setenv("DOORWARD_ROOT_KEY_FILE", str(root_folder / "root.key"))
        monkeypatch.setenv("DOORWARD_CHECKPOINT_FILE", str(root_folder / "checkpoints"))
        monkeypatch.setenv("DOORWARD_DECISION_LOG", str(root_folder / "decisions"))
    monkeypatch.setattr("commands.base.configure_logging", lambda _level: None)

    refused = CliRunner().invoke(main, ["db", "create", "--organisation", "Test"])

    assert refused.exit_code == 1
    assert said in refused.output
    with pytest.raises(Unavailable):
        build_parts(read_settings()[0], OUTSIDE)
