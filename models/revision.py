"""Which revision of the state is in force? Asked before each check, without a transaction.

SQLite tells by `PRAGMA data_version`, on connections that never write, whether
anybody committed since it was asked last: what is known is never old. On
PostgreSQL the revision is polled every third of the *bound*; it counts from the
start of the last poll that succeeded until the bound is over, by a clock that
goes on while the machine sleeps. After that it is read, or nothing is answered.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import Unavailable

_QUERY = "SELECT revision FROM state_revision"
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
IDLE_SECONDS = 10.0
"""Polling ends when nobody has asked for so long."""


class StateUnavailable(Unavailable):
    """It cannot be told which state is in force, so nothing is decided."""

    code = "state-unavailable"

    def __init__(self) -> None:
        super().__init__(
            "the state in force cannot be read, so nothing is decided: treat this as no",
            remedy="An operator must see that the database answers.",
        )


class RevisionSource(Protocol):
    """Tells the revision in force. *exact*: no older one is ever told, not even within a bound."""

    @property
    def exact(self) -> bool: ...

    def current(self) -> int:
        """Return the revision. Raises StateUnavailable."""
        ...

    def newest(self) -> int:
        """Return the revision as the database has it now. Raises StateUnavailable."""
        ...

    def raised(self, revision: int) -> None:
        """Take note that this process committed *revision*: no older one is told from now on."""

    def outlast(self) -> None:
        """Wait until no process can be using an older revision than those that were committed."""

    def close(self) -> None: ...


class SqliteRevision:
    """For one file, one machine: always exact."""

    exact = True

    def __init__(self, path: str) -> None:
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []

    def current(self) -> int:
        here = self._local
        try:
            connection = here.connection if hasattr(here, "connection") else self._connect()
            [version] = connection.execute("PRAGMA data_version").fetchone()
            if version != here.version:
                # In this order: a commit in between is seen again by the next question.
                here.version, [here.revision] = version, connection.execute(_QUERY).fetchone()
        except (sqlite3.Error, TypeError) as error:
            raise StateUnavailable from error
        return int(here.revision)

    newest = current

    def raised(self, revision: int) -> None:
        """Do nothing: a commit shows by itself."""

    def outlast(self) -> None:
        """Do nothing: every process sees a commit at once."""

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()
        self._local = threading.local()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA query_only=ON")
        self._local.connection, self._local.version = connection, None
        self._opened.append(connection)
        return connection


class PostgresRevision:
    """For many processes: within *bound*."""

    def __init__(self, engine: Engine, bound: timedelta) -> None:
        self._engine = engine
        self._bound = bound.total_seconds()
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._seen: tuple[float, int] | None = None
        self._own = 0
        self._asked = 0.0
        self._poller: threading.Thread | None = None
        self._closed = threading.Event()

    @property
    def exact(self) -> bool:
        return self._bound <= 0

    def current(self) -> int:
        now = self._asked = time.clock_gettime(_CLOCK)
        seen = self._seen
        if seen is not None and now - seen[0] < self._bound and seen[1] >= self._own:
            return seen[1]
        revision = self.newest()
        if self._bound > 0 and (self._poller is None or not self._poller.is_alive()):
            self._poller = threading.Thread(target=self._poll, name="revision", daemon=True)
            self._poller.start()
        return revision

    def newest(self) -> int:
        with self._lock:
            started = time.clock_gettime(_CLOCK)
            revision = self._read()
            self._seen = (started, revision)
            return revision

    def raised(self, revision: int) -> None:
        self._own = max(self._own, revision)

    def outlast(self) -> None:
        if self._bound > 0:
            time.sleep(self._bound)

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _read(self) -> int:
        """Read it on a connection of its own; once more on a new one if that was lost."""
        for last in (False, True):
            try:
                if self._connection is None:
                    options = {"isolation_level": "AUTOCOMMIT"}
                    self._connection = self._engine.connect().execution_options(**options)
                return int(self._connection.exec_driver_sql(_QUERY).scalar_one())
            except SQLAlchemyError as error:
                self._drop()
                if last:
                    raise StateUnavailable from error
        raise AssertionError

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.invalidate()
            connection.close()

    def _poll(self) -> None:
        while not self._closed.wait(self._bound / 3):
            if time.clock_gettime(_CLOCK) - self._asked > IDLE_SECONDS:
                return
            try:
                self.newest()
            except StateUnavailable:
                continue


def revision_source(engine: Engine, bound: timedelta) -> RevisionSource:
    """Return how the revision is told for *engine*."""
    if engine.dialect.name == "sqlite":
        return SqliteRevision(str(engine.url.database))
    return PostgresRevision(engine, bound)
