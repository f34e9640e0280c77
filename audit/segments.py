"""Keep what was answered, in a file of this process, before it is answered.

A *segment* is a file to which one process appends one line a record, by one
`write()`, so that whatever was written survives `kill -9`. It is synced to the
disk a second after it was written to. The process holds a lock on its segment
as long as it lives; its last line says that it ended well. Lines are numbered
without a gap, so that one who reads them later sees what is missing.

Who attacks this: a full disk (a line is there whole, or it is cut off again and
the caller is told), a machine that loses power (the last line is missing, and
that is told), somebody with access to the host who removes lines or files (the
numbers, and the list of segments in the database, show it until they are
imported; then the record is chained), who takes the file away while it is open
(nothing more is written to it), who writes a last line that is none.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

SYNC_SECONDS = 1.0
SUFFIX = ".jsonl"
_GREATEST = 2**63 - 1
"""Number of a line that a database can hold."""


class SegmentClosed(OSError):
    """The segment was given up."""


class Segment:
    """One file, open for appending by this process. Threads may share it."""

    def __init__(self, path: Path) -> None:
        """Create *path*, which must not exist. Raises OSError."""
        self.path = path
        self._lock = threading.Lock()
        self._number = 0
        self._size = 0
        self._torn = False
        self._dirty = False
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @property
    def takes_more(self) -> bool:
        """Whether it was not given up."""
        return self._file >= 0

    @property
    def size(self) -> int:
        return self._size

    def discard(self) -> None:
        """Give up what nothing was written to, and remove the file."""
        with self._lock:
            self._give_up()
            self.path.unlink(missing_ok=True)

    def append(self, records: Sequence[bytes]) -> None:
        """Write *records* (JSON objects in one line each); each becomes ``{"n": number, …}``.

        Raises OSError: then nobody may be told what they say, though the first of them may stand there.
        """
        with self._lock:
            if self._file < 0:
                raise SegmentClosed
            if not self._dirty and not self._is_there():  # asked once a second, as it costs more than a write
                self._give_up()
                raise SegmentClosed
            first = self._number + 1
            lines = [b'{"n":%d,%b\n' % (first + i, record[1:]) for i, record in enumerate(records)]
            self._write(b"".join(lines))
            if not self._dirty:
                self._dirty = True
                later = threading.Timer(SYNC_SECONDS, self._sync)
                later.daemon = True
                later.start()

    def close(self) -> None:
        """Say that nothing follows, and give the file up."""
        with self._lock:
            if self._file < 0:
                return
            try:
                self._write(b'{"end":%d}\n' % self._number)
                os.fsync(self._file)
            finally:
                self._give_up()

    def _give_up(self) -> None:
        os.close(self._file)
        self._file = -1

    def _is_there(self) -> bool:
        """Whether the file still stands under its name."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._file))
        except OSError:
            return False

    def _write(self, data: bytes) -> None:
        self._mend()
        written = os.write(self._file, data)
        whole = data.rfind(b"\n", 0, written) + 1
        self._size += whole
        self._number += data.count(b"\n", 0, whole)
        if written != len(data):
            # INVARIANT: whole lines stay, as they may have been read already; nobody was told what they say.
            # The half one is cut off before another follows.
            self._torn = True
            self._mend()
            raise OSError(28, "no space left for the decision log", str(self.path))

    def _mend(self) -> None:
        if self._torn:
            os.ftruncate(self._file, self._size)
            self._torn = False

    def _sync(self) -> None:
        with self._lock:
            if self._file < 0:
                return
            self._dirty = False
            file = os.dup(self._file)
        try:
            os.fsync(file)
        finally:
            os.close(file)


@dataclass(frozen=True, slots=True)
class Line:
    """One whole line: its *number*, its *text*, and where the next one begins.

    *last*: it says that nothing follows the line of this number; its own number is 0.
    """

    number: int
    text: bytes
    next: int
    last: int | None = None


class Malformed(ValueError):
    """A line is no line of a segment. *next*: where the next one begins."""

    def __init__(self, at: int, next_: int) -> None:
        super().__init__(f"the line at byte {at} is no record")
        self.next = next_


def lines(path: Path, offset: int, limit: int) -> Iterator[Line | Malformed]:
    """Read up to *limit* whole lines from byte *offset* on; a line without an end is left."""
    with path.open("rb") as file:
        file.seek(offset)
        for _ in range(limit):
            text = file.readline()
            if not text.endswith(b"\n"):
                return
            at, offset = offset, offset + len(text)
            yield _line(text, at, offset)


def _line(text: bytes, at: int, next_: int) -> Line | Malformed:
    try:
        found = orjson.loads(text)
        ends = "end" in found
        number = found["end" if ends else "n"]
        if type(number) is not int or not (0 if ends else 1) <= number <= _GREATEST:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        return Malformed(at, next_)
    return Line(0, text, next_, number) if ends else Line(number, text, next_)


def is_abandoned(path: Path) -> bool:
    """Whether the process that wrote *path* is gone."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
