"""Authenticator metadata is imported: what it says counts from the commit on, for registered keys too.

Who attacks this: whoever gives the operator a file that FIDO did not sign, or
an old one in which a broken model still looks good (``no`` never falls); whoever
registers or logs in with a blocked model while the import runs (keys are judged
and stopped in the same transaction, behind one lock). Unsigned metadata is for
trials: it says so wherever it is shown, and is refused once any was signed. Its
number falls only where the operator says so, so that a trial can begin again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cryptography import x509
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.metadata.blob import MAX_BLOB_BYTES, pinned_roots, verify_blob
from authn.metadata.compact import Compact, pack
from authn.metadata.entries import Payload, read_payload
from authn.metadata.refused import MetadataRefused
from domain.metadata import Freshness, Metadata, due_day
from flows.key_standing import Fallen, fallen, locks_out_admins, stop
from flows.metadata_report import report_of
from flows.parts import Parts
from flows.trust import trust
from models.metadata import MetadataImport, lock_imports, newest_import


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, or would do.

    *known*: exactly this was imported already, nothing was written. *report*
    is what changes for our keys (see ``flows.metadata_report``).
    """

    number: int
    signed: bool
    next_update: datetime
    freshness: Freshness
    known: bool
    counts: dict[str, int]
    report: dict[str, Any]
    dry_run: bool = False


def import_signed(
    parts: Parts,
    raw: bytes,
    *,
    source: str,
    by: str,
    dry_run: bool = False,
    roots: Sequence[x509.Certificate] | None = None,
) -> Outcome:
    """Import a BLOB as FIDO signs it. Raises MetadataRefused, which is recorded (not by a dry run).

    *roots* replace the pinned ones in tests only; no setting reaches them.
    """
    now = parts.clock.now()
    trusted = pinned_roots() if roots is None else roots
    return _import(
        parts,
        lambda: read_signed(raw, roots=trusted, now=now),
        source=source,
        by=by,
        dry_run=dry_run,
        now=now,
    )


def import_bare(
    parts: Parts, payload: bytes, *, source: str, by: str, dry_run: bool = False, force: bool = False
) -> Outcome:
    """Import a payload that nobody signed, for trials. Raises MetadataRefused, which is recorded.

    *force* lets its number fall below that of another one that nobody signed.
    """

    def read() -> Payload:
        return _read_bare(payload)

    now = parts.clock.now()
    return _import(parts, read, source=source, by=by, dry_run=dry_run, now=now, force=force)


def read_signed(raw: bytes, *, roots: Sequence[x509.Certificate], now: datetime) -> Payload:
    """Return what a signed BLOB holds. Raises MetadataRefused."""
    return read_payload(verify_blob(raw, roots=roots, now=now), signed=True)


def _read_bare(payload: bytes) -> Payload:
    if len(payload) > MAX_BLOB_BYTES:
        raise MetadataRefused(f"the file is larger than {MAX_BLOB_BYTES >> 20} MB", code="metadata-size")
    return read_payload(payload, signed=False)


def imported(
    session: Session,
    parts: Parts,
    read: Payload,
    *,
    source: str,
    by: str,
    now: datetime,
    force: bool = False,
) -> tuple[Outcome, list[Event]]:
    """Write what was read and stop the keys that fall; the caller commits the events, if there are any.

    Raises MetadataRefused where it would take back what FIDO has said.
    """
    lock_imports(session)
    stored = pack(read.metadata)
    outcome, found = _judge(session, parts, read, stored, now, force)
    if outcome.known:
        return outcome, []
    row = _row(parts, read, stored, outcome.report, source=source, by=by, now=now)
    session.add(row)
    session.flush()
    events = stop(session, parts, found, by=by, now=now)
    return outcome, [Event(EventKind.METADATA_IMPORTED, by, "-", _told(row)), *events]


def refused_event(refused: MetadataRefused, *, source: str, by: str) -> Event:
    """Return the record of a refused import."""
    details = {"code": refused.code, "detail": refused.message, "source": source[:200]}
    return Event(EventKind.METADATA_REFUSED, by, "-", details)


def _import(
    parts: Parts,
    reading: Callable[[], Payload],
    *,
    source: str,
    by: str,
    dry_run: bool,
    now: datetime,
    force: bool = False,
) -> Outcome:
    if dry_run:
        read = reading()
        with parts.db.read() as session:
            outcome, _ = _judge(session, parts, read, pack(read.metadata), now, force)
            return replace(outcome, dry_run=True)
    try:
        read = reading()
        with parts.db.write() as session:
            outcome, events = imported(session, parts, read, source=source, by=by, now=now, force=force)
            if events:
                parts.commit(session, *events)
            return outcome
    except MetadataRefused as refused:
        with parts.db.write() as session:
            parts.commit(session, refused_event(refused, source=source, by=by))
        raise


def _judge(
    session: Session, parts: Parts, read: Payload, stored: Compact, now: datetime, force: bool
) -> tuple[Outcome, Sequence[Fallen]]:
    """Return what an import does, its report included, and the keys that fall by it."""
    new, newest = read.metadata, newest_import(session)
    if newest is not None and (newest.signed, newest.digest) == (new.signed, stored.digest):
        return _outcome(parts, read, newest.report, now, known=True), ()
    if newest is not None:
        _refuse_older(newest, new, force)
    before = trust(session, parts)
    counts = replace(before, metadata=new)
    found = fallen(session, counts, now)
    report = {
        **report_of(session, before, counts, found, now),
        "locks_out_admins": locks_out_admins(session, found, now),
        "freshness": new.freshness(now, parts.key_rules.metadata_grace).value,
    }
    return _outcome(parts, read, report, now, known=False), found


def _refuse_older(newest: MetadataImport, new: Metadata, force: bool) -> None:
    """Raise MetadataRefused where *new* would take back what FIDO has said.

    One of the same number is taken: this release may read more of it. A signed
    one is taken after unsigned ones of any number, as nobody vouches for theirs.
    """
    if newest.signed and not new.signed:
        raise MetadataRefused(
            "metadata without a signature is refused: signed metadata was imported before",
            code="metadata-unsigned",
            remedy="Import the file that FIDO signs.",
        )
    if newest.signed == new.signed and new.number < newest.number and not (force and not new.signed):
        raise MetadataRefused(
            f"this is number {new.number}, and number {newest.number} was imported before",
            code="metadata-older",
            remedy="Fetch the newest file from FIDO."
            if new.signed
            else "Take a newer one, or begin the trial again with --force.",
        )


def _row(
    parts: Parts,
    read: Payload,
    stored: Compact,
    report: dict[str, Any],
    *,
    source: str,
    by: str,
    now: datetime,
) -> MetadataImport:
    return MetadataImport(
        id=parts.ids.new("mdi"),
        number=read.metadata.number,
        next_update=read.metadata.next_update,
        signed=read.metadata.signed,
        source=source[:200],
        digest=stored.digest,
        body=stored.body,
        counts=read.counts,
        report=report,
        imported_by=by,
        imported_at=now,
    )


def _told(row: MetadataImport) -> dict[str, Any]:
    return {
        "import": row.id,
        "number": row.number,
        "signed": row.signed,
        "source": row.source,
        "digest": row.digest,
        "next_update": due_day(row.next_update).isoformat(),
        "counts": row.counts,
        "blocked": len(row.report["blocked"]),
    }


def _outcome(parts: Parts, read: Payload, report: dict[str, Any], now: datetime, *, known: bool) -> Outcome:
    metadata = read.metadata
    return Outcome(
        number=metadata.number,
        signed=metadata.signed,
        next_update=metadata.next_update,
        freshness=metadata.freshness(now, parts.key_rules.metadata_grace),
        known=known,
        counts=read.counts,
        report=report,
    )
