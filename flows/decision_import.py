"""What was answered becomes part of the record: lines of segments are rows of the log, each exactly once.

Who attacks this: `kill -9` at any moment (rows, counters and the place in the
segment are one transaction), two importers at once (the segment's row is
locked), somebody on the host who changes a segment (lines that are missing or
unreadable, and files that are gone, are recorded as gaps; once imported, the
digest of each batch is chained).

A segment whose process ended without saying so is recorded too: after a loss
of power, lines of its last second may never have reached the disk.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.events import Event, EventKind
from audit.segments import SUFFIX, Line, Malformed, is_abandoned, lines
from flows.decision_log import folder_id, read_line
from flows.parts import Parts
from models.uses import DecisionSegment, add_logged, count_uses, lock_segment, open_segments

log = logging.getLogger("doorward.decisions")
BATCH = 2_000
"""Lines that one transaction imports."""
_MISSING = "lines are missing"


@dataclass(slots=True)
class _Batch:
    """What one transaction brings over."""

    assessments: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    lines: int = 0
    ended: bool = False


def import_decisions(parts: Parts) -> int:
    """Import whatever the segments of this machine hold; return how many decisions that were.

    What cannot be read is told to the operator and waits: it stops no other segment, and no page.
    """
    folder, count = parts.log.folder, 0
    try:
        here = folder_id(folder, parts.ids)
    except OSError:
        log.exception("the folder of the decision log cannot be used")
        return 0
    with parts.db.read() as session:
        rows = open_segments(session, here)
    for row in rows:
        path = folder / (row.name + SUFFIX)
        try:
            if _has_news(path, row):
                count += _import_segment(parts, path, row.name)
        except OSError:
            log.exception("a segment of the decision log cannot be read", extra={"segment": row.name})
    return count


def _has_news(path: Path, row: DecisionSegment) -> bool:
    try:
        return path.stat().st_size > row.imported or is_abandoned(path)
    except FileNotFoundError:
        return True


def _import_segment(parts: Parts, path: Path, name: str) -> int:
    count = 0
    while True:
        found = _import_batch(parts, path, name)
        if found is None:
            return count
        count += len(found.decisions)


def _import_batch(parts: Parts, path: Path, name: str) -> _Batch | None:
    """Bring the next lines over, in a transaction of their own; None when there was nothing to do."""
    batch = _Batch()
    with parts.db.write() as session:
        row = lock_segment(session, name)
        if row is None or row.closed_at is not None:
            return None
        # INVARIANT: whether the process is gone is asked before its lines are read, not after.
        gone = not path.exists() or is_abandoned(path)
        first = row.number + 1
        if path.exists():
            _read(batch, path, row, gone=gone)
        else:
            batch.gaps.append({"why": "the file is gone", "after": row.number})
        events = _events(batch, row, first)
        over = batch.ended or (gone and batch.lines == 0)
        if over:
            row.closed_at = parts.clock.now()
            if not batch.ended and path.exists():
                details = {"segment": name, "last": row.number}
                events.append(Event(EventKind.DECISIONS_UNCLOSED, "-", "-", details))
        if not events and not over:
            return None
        add_logged(session, batch.assessments, batch.decisions)
        count_uses(session, batch.decisions)
        parts.commit(session, *events)
    if over:
        path.unlink(missing_ok=True)
    return None if over and not batch.lines else batch


def _read(batch: _Batch, path: Path, row: DecisionSegment, *, gone: bool) -> None:
    for line in lines(path, row.imported, BATCH):
        if isinstance(line, Line) and line.last is not None and line.next == path.stat().st_size:
            if not gone:
                return  # a process that lives can go on, then this was none of its lines
            if line.last != row.number:
                batch.gaps.append({"why": _MISSING, "after": row.number, "found": line.last + 1})
            batch.ended = True
        elif isinstance(line, Malformed) or line.last is not None:
            batch.gaps.append({"why": "a line cannot be read", "after": row.number})
        else:
            _take(batch, line, row)
        batch.lines += 1
        row.imported = line.next


def _take(batch: _Batch, line: Line, row: DecisionSegment) -> None:
    if line.number != row.number + 1:
        batch.gaps.append({"why": _MISSING, "after": row.number, "found": line.number})
    row.number = line.number
    batch.digest.update(line.text)
    try:
        kind, values = read_line(line.text)
    except ValueError:
        batch.gaps.append({"why": "a line cannot be read", "after": row.number - 1})
        return
    (batch.decisions if kind == "decision" else batch.assessments).append(values)


def _events(batch: _Batch, row: DecisionSegment, first: int) -> list[Event]:
    """Return what to record of a batch: its count and digest, and what is missing."""
    made: list[Event] = []
    if batch.decisions or batch.assessments:
        details = {
            "segment": row.name,
            "first": first,
            "last": row.number,
            "decisions": len(batch.decisions),
            "digest": "sha256:" + batch.digest.hexdigest(),
        }
        made.append(Event(EventKind.DECISIONS_IMPORTED, "-", "-", details))
    gaps: Sequence[dict[str, Any]] = batch.gaps
    return made + [Event(EventKind.DECISIONS_GAP, "-", "-", {"segment": row.name, **gap}) for gap in gaps]
