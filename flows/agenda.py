"""An admin opens the console: what needs somebody today?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Session

from audit.events import EventKind
from domain.metadata import Freshness
from flows.devices_view import DeviceRow
from flows.health import metadata_freshness
from flows.inventory_view import ItemRow, on_the_way
from flows.key_blocks import Stopped, stopped
from flows.keys import KeyRow, key_rows
from flows.names import names_of
from flows.parts import Parts
from flows.people_view import PersonRow, ending_soon, without_key
from flows.reissue import open_requests
from flows.session import Viewer
from models.audit import AuditDetail, AuditHead, AuditRecord, head
from models.catalog import Resource, Service
from models.custody import Reissue
from models.devices import Device
from models.keys import Credential
from models.people import Engagement, Person
from models.policy import Draft, newest_publication

SOON = timedelta(days=14)
ALARMING = timedelta(days=1)
MANY = 10
_REFUSED = (EventKind.LOGIN_REFUSED, EventKind.KEY_REFUSED)


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, and how many of them are in use."""

    total: int
    active: int


@dataclass(frozen=True, slots=True)
class Agenda:
    """The home page of the console. A part is None when the viewer may not see it."""

    alarm: datetime | None
    shared: tuple[AuditRecord, ...] | None
    stopped: tuple[Stopped, ...] | None
    metadata: Freshness | None
    pending: tuple[KeyRow, ...] | None
    on_the_way: tuple[ItemRow, ...] | None
    reissues: tuple[tuple[Reissue, Person], ...] | None
    waiting: tuple[DeviceRow, ...] | None
    without_key: tuple[PersonRow, ...] | None
    all_without_key: int
    ending: tuple[tuple[Person, Engagement], ...] | None
    refused: tuple[tuple[AuditRecord, AuditDetail | None], ...] | None
    names: dict[str, str]
    stale_draft: tuple[int, int] | None
    revision: int | None
    published_at: datetime | None
    counts: dict[str, Count]
    chain: AuditHead | None
    tables_date: date

    @property
    def quiet(self) -> bool:
        """Whether nothing needs anybody."""
        needs = (
            self.alarm,
            self.shared,
            self.stopped,
            self.reissues,
            self.on_the_way,
            self.pending,
            self.waiting,
            self.without_key,
            self.ending,
        )
        return not any((*needs, self.stale_draft)) and self.metadata in (None, Freshness.FRESH)


def agenda(parts: Parts, viewer: Viewer, *, sees: Callable[[str], bool]) -> Agenda:
    """Return what needs somebody, of the areas that the viewer *sees*."""
    now = parts.clock.now()
    with parts.db.read() as session:
        people, policy = sees("people"), sees("policy")
        keyless, all_keyless = without_key(session, now, limit=MANY) if people else (None, 0)
        refused = _refused(session) if sees("audit") else None
        shared = _shared(session, now) if sees("keys") else None
        newest = newest_publication(session) if policy else None
        revision = newest.revision if newest else 0
        draft = session.get(Draft, viewer.person_id) if policy else None
        stale = (draft.base_revision, revision) if draft and draft.base_revision != revision else None
        return Agenda(
            alarm=_alarm(session, now) if sees("keys") else None,
            shared=shared,
            stopped=stopped(session, parts) if sees("keys") else None,
            metadata=metadata_freshness(session, parts) if sees("keys") else None,
            pending=key_rows(session, state="pending") if sees("keys") else None,
            on_the_way=on_the_way(session) if sees("keys") else None,
            reissues=_reissues(session) if people else None,
            waiting=_waiting(session) if sees("devices") else None,
            without_key=keyless,
            all_without_key=all_keyless,
            ending=ending_soon(session, now, now + SOON) if people else None,
            refused=refused,
            names=names_of(
                session,
                {row.subject for row, _ in refused or ()}
                | {id_ for row in shared or () for id_ in (row.actor, row.subject)},
            ),
            stale_draft=stale,
            revision=revision if policy else None,
            published_at=newest.published_at if newest else None,
            counts={area: count(session) for area, count in _COUNTS.items() if sees(area)},
            chain=head(session) if sees("audit") else None,
            tables_date=min(info.date for info in parts.tables.versions()),
        )


def _alarm(session: Session, now: datetime) -> datetime | None:
    """Return when registrations were last refused unusually often, within a day."""
    return session.scalar(
        select(AuditRecord.at)
        .where(AuditRecord.kind == EventKind.KEY_ALARM.code, AuditRecord.at > now - ALARMING)
        .order_by(AuditRecord.sequence.desc())
        .limit(1)
    )


def _shared(session: Session, now: datetime) -> tuple[AuditRecord, ...]:
    """Return when somebody came with a key that is another person's, within a day."""
    kind = AuditRecord.kind == EventKind.KEY_SHARED.code
    rows = select(AuditRecord).where(kind, AuditRecord.at > now - ALARMING)
    return tuple(session.scalars(rows.order_by(AuditRecord.sequence.desc()).limit(MANY)))


def _reissues(session: Session) -> tuple[tuple[Reissue, Person], ...]:
    return tuple((row, session.get_one(Person, row.person_id)) for row in open_requests(session))


def _waiting(session: Session) -> tuple[DeviceRow, ...]:
    rows = session.execute(
        select(Device, Person)
        .join(Person, Person.id == Device.person_id)
        .where(Device.state == "pending")
        .order_by(Device.created_at)
    )
    return tuple(DeviceRow(device, owner) for device, owner in rows)


def _refused(session: Session) -> tuple[tuple[AuditRecord, AuditDetail | None], ...]:
    rows = session.execute(
        select(AuditRecord, AuditDetail)
        .outerjoin(AuditDetail, AuditDetail.sequence == AuditRecord.sequence)
        .where(AuditRecord.kind.in_([kind.code for kind in _REFUSED]))
        .order_by(AuditRecord.sequence.desc())
        .limit(MANY)
    )
    return tuple((record, detail) for record, detail in rows)


def _count(table: type[DeclarativeBase], active: str | None) -> Callable[[Session], Count]:
    def count(session: Session) -> Count:
        query = select(func.count()).select_from(table)
        total = session.scalar(query) or 0
        if active is None:
            return Count(total, total)
        state = table.__table__.columns["state"]
        return Count(total, session.scalar(query.where(state == active)) or 0)

    return count


_COUNTS: dict[str, Callable[[Session], Count]] = {
    "people": _count(Person, "active"),
    "keys": _count(Credential, "active"),
    "devices": _count(Device, "approved"),
    "resources": _count(Resource, None),
    "services": _count(Service, "active"),
}
