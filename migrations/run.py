"""Bring a database to the newest schema, or say how far it is behind."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from domain.errors import Unavailable
from models import Base
from models.engine import Database

_LOCK_ID = 7_302_511_020  # any constant: one migration at a time on PostgreSQL


class SchemaBehind(Unavailable):
    """The database has another schema than this version of Doorward."""

    code = "schema-behind"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database) -> None:
    """Run every missing migration in one transaction; safe to call from several processes."""
    with database.connect(write=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK_ID})
        command.upgrade(_config(connection), "head")


def require_current(database: Database) -> None:
    """Raise SchemaBehind unless the database has exactly this version's schema."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    with database.connect(write=False) as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present != newest:
        raise SchemaBehind(
            f"the database schema is `{present}`, this version needs `{newest}`",
            remedy="Run: doorward db upgrade",
        )


def differences(database: Database) -> list[object]:
    """Return where the migrated schema and the models differ (empty: they are equal)."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))
