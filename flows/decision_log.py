"""What the record keeps of a decision: the answer, and everything that it was made of. And where it is kept.

A decision that changes something is a row, in the transaction of the change. A
live check is a line in this process's segment (``audit.segments``), written
before the answer; ``flows.decision_import`` makes rows of the lines.

Who attacks this: a full disk and a database that is away. Without a line there
is no answer but `log-unavailable`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
from sqlalchemy import JSON, BigInteger, Column, String

from audit.segments import SUFFIX, Segment, SegmentClosed
from domain.access import Link
from domain.decision import Decision
from domain.errors import DoorwardError, Unavailable
from domain.evidence import Assessment
from domain.ports import Clock, Ids
from models.access import DecisionRow
from models.base import UtcDateTime
from models.engine import Database
from models.evidence import AssessmentRow
from models.uses import DecisionSegment

LONGEST = 64 * 1024 * 1024
"""Bytes after which another segment is begun."""
_FOLDER_ID = "id"
_LONGEST_TEXT = 1300
"""Bytes of a text in a column: two fit into one key of PostgreSQL."""
_HELD: dict[type[Any], type] = {String: str, BigInteger: int, JSON: dict, UtcDateTime: datetime}
_TABLES: dict[str, type[DecisionRow | AssessmentRow]] = {"decision": DecisionRow, "assessment": AssessmentRow}


def body_of(
    decision: Decision, attributes: Mapping[str, Any], groups: Sequence[str], *, use: bool
) -> dict[str, Any]:
    """Return everything of a decision that the record keeps: reasons, rules, revisions, inputs."""
    cap = decision.obligations.max_lifetime
    return {
        "reasons": [{"code": r.code.value, "details": dict(r.details)} for r in decision.reasons],
        "determining": list(decision.determining),
        "erring": [{"rule": e.rule, "message": e.message} for e in decision.erring],
        "obligations": {
            "max_lifetime": int(cap.total_seconds()) if cap else None,
            "standing": decision.obligations.standing,
        },
        "revisions": {
            "publication": decision.revisions.publication,
            "bundle": decision.revisions.bundle,
            "state": decision.revisions.state,
        },
        "tier": decision.tier,
        "score": decision.score,
        "attributes": {k: list(v) if isinstance(v, tuple) else v for k, v in attributes.items()},
        "groups": list(groups),
        "use": use,
    }


def assessment_values(person_id: str, assessment: Assessment) -> dict[str, Any]:
    """Return the columns of an assessment that a decision used."""
    return {
        "id": assessment.id,
        "person_id": person_id,
        "session_id": assessment.session,
        "at": assessment.at,
        "score": assessment.score,
        "tier": int(assessment.tier),
        "binding": int(assessment.binding),
        "body": {
            "summary": assessment.summary,
            "capped_by": list(assessment.capped_by),
            "missing": [kind.value for kind in assessment.missing],
            "contributions": [
                {
                    "kind": c.kind.value,
                    "outcome": c.outcome.value,
                    "centibans": c.centibans,
                    "sentence": c.sentence,
                    "observation": c.observation,
                    "data_version": c.data_version,
                }
                for c in assessment.contributions
            ],
        },
        "input_digest": assessment.input_digest,
        "weights_version": assessment.weights_version,
        "engine_version": assessment.engine_version,
    }


class DecisionLog:
    """The segment of this process, begun when the first line is written."""

    def __init__(self, db: Database, folder: Path, *, clock: Clock, ids: Ids) -> None:
        self.folder = folder
        self._db = db
        self._clock = clock
        self._ids = ids
        self._lock = Lock()
        self._segment: Segment | None = None
        self._process = 0

    def append(self, lines: Sequence[bytes]) -> None:
        """Write *lines* (see ``line_of``). Raises Unavailable: then nothing of them may be answered."""
        try:
            try:
                self._here().append(lines)
            except SegmentClosed:  # its file was taken away, or another thread has just begun the next one
                self._here().append(lines)
        except (OSError, DoorwardError) as error:
            raise _unwritable() from error

    def close(self) -> None:
        """Say that nothing follows."""
        with self._lock:
            if self._segment is not None and self._process == os.getpid():
                self._segment.close()
            self._segment = None

    def _here(self) -> Segment:
        segment = self._segment
        if segment is not None and self._serves(segment):
            return segment
        with self._lock:
            before = self._segment
            if before is not None and self._serves(before):
                return before
            new = self._begin()
            of_this_process = self._process == os.getpid()
            self._segment, self._process = new, os.getpid()
            if before is not None and of_this_process:
                with suppress(OSError):  # then it does not say that it ended, and that is told
                    before.close()
            return new

    def _serves(self, segment: Segment) -> bool:
        return segment.takes_more and segment.size < LONGEST and self._process == os.getpid()

    def _begin(self) -> Segment:
        """Make a segment, then register it: an importer never comes upon one that is not there yet.

        It is registered before its first line, so that one that is missing can be told.
        """
        name, folder = self._ids.new("seg"), folder_id(self.folder, self._ids)
        segment = Segment(self.folder / (name + SUFFIX))
        try:
            with self._db.write() as session:
                session.add(DecisionSegment(name=name, folder=folder, opened_at=self._clock.now()))
                session.commit()
        except BaseException:
            segment.discard()
            raise
        return segment


def folder_id(folder: Path, ids: Ids) -> str:
    """Return the id of *folder*, which is made if it is not there: other machines have others."""
    file = folder / _FOLDER_ID
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        mine = folder / ids.new("tmp")
        mine.write_text(ids.new("fld"))
        try:
            os.link(mine, file)
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return file.read_text().strip()


def _unwritable() -> Unavailable:
    return Unavailable(
        "the decision cannot be logged, so it is not given: treat this as no",
        code="log-unavailable",
        remedy="An operator must see that the disk of the decision log has room.",
    )


def line_of(kind: str, values: Mapping[str, Any]) -> bytes:
    """Return the line of an `assessment` or a `decision` with these columns."""
    try:
        return orjson.dumps({kind: values})
    except TypeError as error:  # such as a number of more than 64 bits
        raise _unwritable() from error


def read_line(line: bytes) -> tuple[str, dict[str, Any]]:
    """Return kind and columns of a line. Raises ValueError for one that is none of ours.

    What comes back can be stored and counted: a line that cannot would stop all that follow.
    """
    found = orjson.loads(line)
    for kind, table in _TABLES.items():
        values = found.get(kind)
        if isinstance(values, dict) and isinstance(values.get("at"), str):
            values = {**values, "at": _moment(values["at"])}
            columns = table.__table__.columns
            if values.keys() == set(columns.keys()) and all(_fits(columns[k], v) for k, v in values.items()):
                return kind, values
    raise ValueError("neither a decision nor an assessment")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond all years") from error


def _fits(column: Column[Any], value: Any) -> bool:
    """Whether *column* can hold *value*."""
    if value is None:
        return bool(column.nullable)
    held = next(python for sql, python in _HELD.items() if isinstance(column.type, sql))
    if type(value) is not held:
        return False
    if isinstance(value, str):
        return _can_be_key(value)
    if isinstance(value, dict):
        return _is_counted(value)
    return not isinstance(value, int) or abs(value) < 2**63


def _can_be_key(text: str) -> bool:
    return "\0" not in text and len(text.encode()) <= _LONGEST_TEXT


def _is_counted(body: Mapping[str, Any]) -> bool:
    """Whether the rules that a decision counts for are names."""
    rules = body.get("determining", [])
    return isinstance(rules, list) and all(isinstance(rule, str) and _can_be_key(rule) for rule in rules)


def groups_of(links: Iterable[Link]) -> list[str]:
    """Return what somebody belonged to, as the record keeps it."""
    return sorted(link.group for link in links)
