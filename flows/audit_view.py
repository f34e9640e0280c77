"""An auditor reads the record. Checking it is ``flows.chain``'s."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from audit.events import KINDS
from domain.errors import NotFound
from flows.names import names_of
from flows.parts import Parts
from models.audit import AuditDetail, AuditRecord, head, records
from models.people import Person, person_by_login

PAGE = 50


@dataclass(frozen=True, slots=True)
class RecordList:
    """A page of records, newest first. *older* is the cursor of the next page."""

    rows: tuple[tuple[AuditRecord, AuditDetail | None], ...]
    names: dict[str, str]
    matching: int
    total: int
    older: int | None


@dataclass(frozen=True, slots=True)
class RecordPage:
    record: AuditRecord
    detail: AuditDetail | None
    names: dict[str, str]
    last: int


def list_records(parts: Parts, *, kind: str = "", who: str = "", before: int | None = None) -> RecordList:
    """Return a page of records of a *kind* (or of all that begin with it), by or about *who*.

    *who* is an id or a login name.
    """
    with parts.db.read() as session:
        person: Person | None = person_by_login(session, who.lower()) if who else None
        id_ = person.id if person else who
        found = records(session, before=before, kind=kind, who=id_, limit=PAGE + 1)
        rows = tuple(found[:PAGE])
        count = select(func.count()).select_from(AuditRecord)
        if kind:
            count = count.where(AuditRecord.kind.startswith(kind, autoescape=True))
        if id_:
            count = count.where(or_(AuditRecord.actor == id_, AuditRecord.subject == id_))
        return RecordList(
            rows=rows,
            names=names_of(session, {who for row, _ in rows for who in (row.actor, row.subject)}),
            matching=session.scalar(count) or 0,
            total=head(session).sequence,
            older=rows[-1][0].sequence if len(found) > PAGE else None,
        )


def record_page(parts: Parts, sequence: int) -> RecordPage:
    """Return one record with its details, if they were not erased. Raises NotFound."""
    with parts.db.read() as session:
        record = session.get(AuditRecord, sequence)
        if record is None:
            raise NotFound("there is no such record")
        names = names_of(session, {record.actor, record.subject})
        return RecordPage(record, session.get(AuditDetail, sequence), names, head(session).sequence)


def kinds() -> tuple[tuple[str, str], ...]:
    """Return every kind of record and what it says, by code."""
    return tuple((code, title_of(code)) for code in sorted(KINDS))


def code_of(typed: str) -> str:
    """Return the code of the kind that *typed* says in words, or *typed* itself."""
    said = typed.casefold().removesuffix(".")
    return next((code for code in KINDS if title_of(code).casefold() == said), typed)


def title_of(code: str) -> str:
    """Return what a kind of record says to an auditor, without the final stop."""
    known = KINDS.get(code)
    return known.text.removesuffix(".") if known else code
