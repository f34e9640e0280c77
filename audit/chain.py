"""The hash chain: how a record is hashed, appended, and checked.

Each record commits to the one before it, and to a salted digest of its
details. The chain alone shows alteration, gaps and reordering inside it; that
it was not rewritten or cut as a whole is shown by a signed checkpoint that
left the database (see ``audit.checkpoint``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from audit.events import Event
from crypto.digests import json_digest
from crypto.secrets import base64url
from domain.ports import Randomness
from models.audit import AuditDetail, AuditRecord, head, lock_head, records_in_order

GENESIS = "0" * 64


def timestamp(at: datetime) -> str:
    """Return the one spelling of a moment in records: RFC 3339, UTC, microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record_hash(record: AuditRecord) -> str:
    """Return the hash that *record* ought to have, from everything else it holds."""
    return json_digest(
        {
            "sequence": record.sequence,
            "at": timestamp(record.at),
            "kind": record.kind,
            "actor": record.actor,
            "subject": record.subject,
            "details_digest": record.details_digest,
            "previous": record.previous,
        }
    )


def details_digest(salt: str, details: dict[str, object]) -> str:
    return json_digest({"salt": salt, "details": details})


def append(session: Session, *events: Event, now: datetime, randomness: Randomness) -> int:
    """Append *events* to the chain, in the caller's transaction; return the last sequence.

    INVARIANT: this is the last thing before ``session.commit()``. The head of
    the chain is locked here, so whatever ran after it would hold up every
    other writer, and might never commit behind a record that says it did.
    """
    session.flush()
    end = lock_head(session)
    for event in events:
        salt = base64url(randomness.bytes(16))
        record = AuditRecord(
            sequence=end.sequence + 1,
            at=now,
            kind=event.kind.code,
            actor=event.actor,
            subject=event.subject,
            details_digest=details_digest(salt, event.details),
            previous=end.hash,
        )
        record.hash = record_hash(record)
        session.add(record)
        session.add(AuditDetail(sequence=record.sequence, salt=salt, details=event.details))
        end.sequence, end.hash = record.sequence, record.hash
    session.flush()
    return end.sequence


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain is broken and how: *sequence* is the record to look at."""

    sequence: int
    problem: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. *erased* counts records whose details were erased."""

    records: int
    head: str
    breaks: tuple[Break, ...]
    erased: int = 0
    checkpoints: int = 0

    @property
    def intact(self) -> bool:
        return not self.breaks


MAX_BREAKS = 20


def verify(session: Session, *, known: Iterable[tuple[int, str]] = ()) -> Report:
    """Read the whole chain and return every break (at most 20).

    *known* are (sequence, hash) pairs from verified checkpoints: a chain that
    was rewritten or cut before one of them does not hold its hash.
    """
    expected: dict[int, str] = {}
    breaks: list[Break] = []
    for known_sequence, known_hash in known:
        if expected.setdefault(known_sequence, known_hash) != known_hash:
            breaks.append(Break(known_sequence, "two signed checkpoints differ about this record"))
    checkpoints = len(expected)
    sequence, previous, erased = 0, GENESIS, 0
    for record, detail in records_in_order(session):
        if record.sequence != sequence + 1:
            breaks.append(
                Break(sequence + 1, f"gap: records {sequence + 1} to {record.sequence - 1} are missing")
            )
        if record.previous != previous:
            breaks.append(Break(record.sequence, "the record does not follow the one before it"))
        if record_hash(record) != record.hash:
            breaks.append(Break(record.sequence, "the record was altered"))
        if detail is None:
            erased += 1
        elif details_digest(detail.salt, detail.details) != record.details_digest:
            breaks.append(Break(record.sequence, "the details of the record were altered"))
        if expected.pop(record.sequence, record.hash) != record.hash:
            breaks.append(Break(record.sequence, "the record differs from a signed checkpoint"))
        sequence, previous = record.sequence, record.hash
        if len(breaks) >= MAX_BREAKS:
            break
    else:
        breaks.extend(_end_breaks(session, sequence, previous, expected))
    return Report(
        records=sequence,
        head=previous,
        breaks=tuple(breaks),
        erased=erased,
        checkpoints=checkpoints,
    )


def _end_breaks(session: Session, sequence: int, previous: str, unmet: dict[int, str]) -> Iterable[Break]:
    end = head(session)
    if (end.sequence, end.hash) != (sequence, previous):
        yield Break(sequence + 1, f"the chain ends at {sequence}, its head says {end.sequence}")
    for missing in sorted(unmet):
        yield Break(missing, "a signed checkpoint names this record, and it is missing")
