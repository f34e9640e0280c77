"""Fixtures: databases of both kinds, and a world on each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import event

from crypto.keyring import create_root_key, read_root_key
from demo.softkey import AttestationAuthority
from domain.ports import SystemRandomness
from flows.instance import create
from flows.parts import Deployment
from migrations.run import upgrade
from models.engine import Database
from settings import Settings, read_settings
from tests.browser.visitor import find_chromium, launch
from tests.postgres import Server, serving
from tests.world import NOON, TestClock, World, build_world

_numbers = count(1)


class _Statements(dict[Any, Any]):
    """Statements that SQLAlchemy compiled for one kind of database, whichever test's engine asked.

    Its keys begin with the engine's own dialect, so that each test would compile all of them anew.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key[1:], value)


_STATEMENTS = {"sqlite": _Statements(), "postgresql": _Statements()}


@pytest.fixture(scope="session")
def authority() -> AttestationAuthority:
    return AttestationAuthority.create(now=NOON - timedelta(days=1))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for each test process, without durability: it dies with the tests."""
    with serving() as server:
        yield server


def make_settings(url: str, folder: Path, decisions: Path | None = None) -> Settings:
    """Return settings for a database of the tests, with the files of *folder*."""
    return read_settings(
        {
            "DOORWARD_DATABASE_URL": url,
            "DOORWARD_ROOT_KEY_FILE": str(folder / "root.key"),
            "DOORWARD_CHECKPOINT_FILE": str(folder / "checkpoints"),
            "DOORWARD_DECISION_LOG": str(decisions or folder / "decisions"),
            # The tests' clock stands at a noon of their own; a test of its own holds the real limit.
            "DOORWARD_MAX_CLOCK_DIFFERENCE": "P36500D",
            # Each check asks which state is in force, and ends return at once; a test holds the real bound.
            "DOORWARD_MAX_STALENESS": "PT0S",
        }
    )[0]


def initialise(settings: Settings) -> None:
    """Migrate a new database and write the deployment into it, at noon of the tests."""
    db = Database(settings.database_url)
    upgrade(db)
    create(
        db,
        Deployment(settings.public_url, settings.relying_party_id, False, "Doorward Test"),
        ring=read_root_key(settings.root_key),
        clock=TestClock(),
        randomness=SystemRandomness(),
    )
    db.dispose()


@pytest.fixture(scope="session")
def root_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the root key that all test databases of this process share."""
    folder = tmp_path_factory.mktemp("root")
    create_root_key(folder / "root.key", SystemRandomness())
    return folder


@pytest.fixture(scope="session")
def sqlite_template(root_folder: Path) -> Path:
    path = root_folder / "template.sqlite"
    initialise(make_settings(f"sqlite:///{path}", root_folder))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Server, root_folder: Path) -> str:
    initialise(make_settings(postgres.create("doorward_template"), root_folder))
    return "doorward_template"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, tmp_path: Path, root_folder: Path) -> Iterator[Settings]:
    """Settings for a new database of each kind, holding a fresh deployment."""
    if request.param == "sqlite":
        path = tmp_path / "doorward.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield make_settings(f"sqlite:///{path}", root_folder, tmp_path / "decisions")
        return
    server: Server = request.getfixturevalue("postgres")
    name = f"test_{next(_numbers)}"
    url = server.create(name, request.getfixturevalue("postgres_template"))
    yield make_settings(url, root_folder, tmp_path / "decisions")
    server.drop(name)


@pytest.fixture(scope="session")
def start_chromium() -> Iterator[Callable[..., Browser]]:
    """Start Chromium with more flags. One Playwright serves all tests: two in one thread cannot."""
    if find_chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must look at the pages in Chromium, and there is none (make system)")
        pytest.skip("no Chromium here (make system installs it)")
    with sync_playwright() as playwright:
        yield lambda *more: launch(playwright, *more)


@pytest.fixture(scope="session")
def chromium(start_chromium: Callable[..., Browser]) -> Iterator[Browser]:
    browser = start_chromium()
    yield browser
    browser.close()


@pytest.fixture
def world(settings: Settings, authority: AttestationAuthority) -> Iterator[World]:
    """A deployment with a trusted key model, on each kind of database."""
    built = build_world(settings, authority)
    dialect = built.parts.db.engine.dialect.name
    built.parts.db.engine.update_execution_options(compiled_cache=_STATEMENTS[dialect])
    event.listen(built.parts.db.engine, "before_cursor_execute", _nothing_after_the_head)
    event.listen(built.parts.db.engine, "commit", _unseal)
    event.listen(built.parts.db.engine, "rollback", _unseal)
    built.furnish()
    yield built
    built.close()


def _nothing_after_the_head(connection, _cursor, statement, *_rest) -> None:
    """Hold the law that locking the head of the audit chain is the last thing before commit."""
    if "FROM audit_head" in statement and connection.get_execution_options().get("doorward_write"):
        connection.info["sealed"] = True
    elif connection.info.get("sealed") and "audit_" not in statement:
        raise AssertionError(f"a statement ran after the audit head was locked: {statement[:80]}")


def _unseal(connection) -> None:
    connection.info.pop("sealed", None)
