"""Connections to SQLite and PostgreSQL, and the two kinds of transaction.

Answers: how is a read or a write transaction begun so that nothing is lost?
SQLite: the driver's own autocommit is off our path; write flows begin with
`BEGIN IMMEDIATE`, so that two read-then-write flows cannot both start from the
same state. PostgreSQL: READ COMMITTED; flows lock rows in the order that
``models`` documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from domain.errors import Conflict, Invalid, Unavailable
from models.changes import WatchedSession
from models.revision import revision_source

SQLITE_BUSY_TIMEOUT_MS = 10_000


class Database:
    """One engine and the two ways to open a session on it."""

    def __init__(self, url: str, *, pool_size: int = 10, max_staleness: timedelta = timedelta(0)) -> None:
        self.engine = _engine(url, pool_size)
        self.revision = revision_source(self.engine, max_staleness)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for reading; whatever it changes is rolled back."""
        with self._session(write=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session for writing; the flow commits, or nothing has happened."""
        with self._session(write=True) as session:
            yield session

    @contextmanager
    def connect(self, *, write: bool) -> Iterator[Connection]:
        """Open a bare connection, for the schema. Raises Unavailable, with its cause, if there is none."""
        try:
            connection = self.engine.connect().execution_options(doorward_write=write)
        except OperationalError as error:
            cause = str(error.orig).splitlines()[0]
            raise Unavailable(
                f"the database cannot be reached: {cause}",
                remedy="Look at DOORWARD_DATABASE_URL, and whether the server runs.",
            ) from error
        with connection:
            yield connection

    @contextmanager
    def _session(self, *, write: bool) -> Iterator[Session]:
        session = WatchedSession(self.engine, expire_on_commit=False, info={"write": write})
        try:
            session.connection(execution_options={"doorward_write": write})
            yield session
        except (DataError, OverflowError) as error:
            session.rollback()
            raise Invalid("a value cannot be stored", code="value") from error
        except IntegrityError as error:
            session.rollback()
            raise Conflict("somebody entered the same at the same time", code="entered-twice") from error
        except DBAPIError as error:
            session.rollback()
            if error.connection_invalidated or _is_unavailable(error):
                raise Unavailable("the database cannot be reached or is busy") from error
            raise
        finally:
            session.close()

    def dispose(self) -> None:
        self.revision.close()
        self.engine.dispose()


def _is_unavailable(error: DBAPIError) -> bool:
    name = type(error.orig).__name__
    return name in {
        "OperationalError",
        "AdminShutdown",
        "CannotConnectNow",
        "DeadlockDetected",
        "SerializationFailure",
    }


def _engine(url: str, pool_size: int) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5},
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("doorward_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def clock_difference(session: Session, now: datetime) -> timedelta:
    """Return by how much *now* and the database's clock differ (zero on SQLite: one machine)."""
    if session.get_bind().dialect.name == "sqlite":
        return timedelta(0)
    theirs: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return abs(theirs - now)
