"""What checks have read, kept for as long as it holds: many questions a second ask about the same few people.

Who attacks this: time. What is remembered is used only under the revision
that is in force when a question arrives (``models.revision``), and whatever
changed since is forgotten first. So a permit after an end has returned cannot
come from here. Nothing that was not found is remembered: whoever asks about
made-up names fills nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from models.base import EVERYBODY
from models.changes import concerned_since
from models.engine import Database

T = TypeVar("T")
CAPACITY = 20_000
"""Entries that are kept at most. A session has three or four."""
Load = Callable[[Session], tuple[str, T] | None]
"""Reads a value, and says whom it is about (EVERYBODY for what all questions share); None is not kept."""


class Memory:
    """Values by key, each about a person or about everybody."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._source = db.revision
        self._lock = Lock()
        self._revision = -1
        self._kept: dict[Hashable, Any] = {}
        self._about: dict[str, set[Hashable]] = {}

    @property
    def exact(self) -> bool:
        """Whether what is remembered is always what the database holds (else: within the bound)."""
        return self._source.exact

    def catch_up(self, *, newest: bool = False) -> int:
        """Forget what does not hold any more; return the revision in force, or raise StateUnavailable.

        *newest*: the one that the database holds now, also where an older one may be told within the bound.
        """
        revision = self._source.newest() if newest else self._source.current()
        self._advance(revision)
        return revision

    def recall(self, key: Hashable, load: Load[T]) -> T | None:
        """Return what is kept under *key*, or what *load* reads now. A value of None is never kept."""
        found = self._kept.get(key)
        if found is not None:
            return found  # type: ignore[no-any-return]
        begun = self._revision
        with self._db.read() as session:
            loaded = load(session)
        if loaded is None:
            return None
        whom, value = loaded
        self.keep(begun, key, whom, value)
        return value

    def peek(self, key: Hashable) -> Any:
        """Return what is kept under *key*, or None."""
        return self._kept.get(key)

    def keep(self, revision: int, key: Hashable, whom: str, value: object) -> None:
        """Keep a value that was made of what was recalled since *revision* was caught up with."""
        with self._lock:
            # INVARIANT: what was read before somebody caught up may be of the state that was forgotten.
            if revision != self._revision:
                return
            if len(self._kept) >= CAPACITY:
                self._kept.clear()
                self._about.clear()
            self._kept[key] = value
            self._about.setdefault(whom, set()).add(key)

    def committed(self, revision: int, *, ends: bool) -> None:
        """Take note of an own commit. *ends*: wait until no process permits by the state before it."""
        self._source.raised(revision)
        if ends:
            self._source.outlast()

    def _advance(self, revision: int) -> None:
        while (known := self._revision) != revision:
            with self._db.read() as session:
                concerned = concerned_since(session, known, revision)
            with self._lock:
                # INVARIANT: a thread that lags behind may have gone back meanwhile, and another have kept
                # what it made before; then what was changed since *known* is not all that must be forgotten.
                if self._revision == known:
                    # Less than what is known: another database, an old one that came back, or such a thread.
                    self._forget(concerned if revision > known else {EVERYBODY})
                    self._revision = revision

    def _forget(self, concerned: set[str]) -> None:
        if EVERYBODY in concerned:
            self._kept = {}
            self._about = {}
            return
        for whom in concerned:
            for key in self._about.pop(whom, ()):
                self._kept.pop(key, None)
