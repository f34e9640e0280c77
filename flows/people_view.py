"""An admin, reviewer or sponsor looks at people: who is here, why, until when, with what.

Answers nothing about access to one resource: see ``flows.decide``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from domain.errors import NotFound
from domain.evidence import Kind
from evidence.ceremony import TouchTimes, touch_times
from evidence.company import WINDOW
from flows.decision_import import import_decisions
from flows.ending import Loss, losses_of_person
from flows.liveness import read_roots, session_problem
from flows.names import names_of
from flows.parts import Parts
from flows.reissue import is_ready
from models.access import DecisionRow, decisions
from models.audit import AuditDetail, AuditRecord, records
from models.devices import Device, devices_of
from models.evidence import values_of
from models.keys import Credential, credentials_of
from models.people import (
    Assignment,
    Engagement,
    OneTimeCode,
    Person,
    engagements,
    live_assignments,
    name_holds,
    running_engagement,
)
from models.sessions import BrowserSession, sessions_of

PAGE = 50
MOST_TOUCHES = 1000


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line of the list: working keys, and keys that wait to be activated.

    *invited_until* is the end of an invite that is still open.
    """

    person: Person
    engagement: Engagement | None
    engaged: bool
    keys: int
    roles: tuple[str, ...]
    invited_until: datetime | None
    pending: int = 0

    @property
    def state(self) -> tuple[str, str]:
        """The kind of state (for its colour and icon) and the word for it."""
        if self.person.state != "active":
            return "closed", self.person.state
        if not self.keys:
            return "waiting", "key waits" if self.pending else "invited" if self.invited_until else "no key"
        if self.engaged and self.engagement is None:
            return "closed", "no running engagement"
        return "open", "active"


@dataclass(frozen=True, slots=True)
class PeopleList:
    """A page of people by login name. *after* is the cursor of the next page."""

    rows: tuple[PersonRow, ...]
    matching: int
    total: int
    after: str | None


@dataclass(frozen=True, slots=True)
class PersonPage:
    """Everything about one person. What the viewer may not see is left out by the page."""

    row: PersonRow
    engagements: tuple[Engagement, ...]
    memberships: tuple[Assignment, ...]
    keys: tuple[Credential, ...]
    devices: tuple[Device, ...]
    sessions: tuple[BrowserSession, ...]
    decisions: tuple[DecisionRow, ...]
    records: tuple[tuple[AuditRecord, AuditDetail | None], ...]
    names: dict[str, str]
    losses: tuple[Loss, ...]
    touches: tuple[TouchTimes, ...]
    reissue_ready: bool

    @property
    def had_a_key(self) -> bool:
        """Whether a key of theirs was ever active: then a new one needs a re-issue."""
        return any(key.activated_at is not None for key in self.keys)

    @property
    def may_be_invited(self) -> bool:
        """Whether a link to register a key would be made for them, not refused."""
        return not self.had_a_key or self.reissue_ready


def list_people(parts: Parts, *, search: str = "", state: str = "", after: str = "") -> PeopleList:
    """Return a page of the people whose name, login name or vendor holds *search*."""
    now = parts.clock.now()
    with parts.db.read() as session:
        query = _matching(search, state)
        matching = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        total = session.scalar(select(func.count()).select_from(Person)) or 0
        found = session.scalars(
            query.where(Person.login_name > after).order_by(Person.login_name).limit(PAGE + 1)
        ).all()
        rows = person_rows(session, found[:PAGE], now)
        return PeopleList(rows, matching, total, found[PAGE - 1].login_name if len(found) > PAGE else None)


def person_rows(session: Session, people: Sequence[Person], now: datetime) -> tuple[PersonRow, ...]:
    """Return the lines for *people*, with one query for each column."""
    ids = [row.id for row in people]
    engaged: set[str] = set()
    running: dict[str, Engagement] = {}
    for row in session.scalars(
        select(Engagement).where(Engagement.person_id.in_(ids)).order_by(Engagement.ends_at)
    ):
        engaged.add(row.person_id)
        if row.state == "active" and row.starts_at <= now < row.ends_at:
            running[row.person_id] = row
    keys: Counter[tuple[str, str]] = Counter()
    for person_id, state in session.execute(
        select(Credential.person_id, Credential.state).where(Credential.person_id.in_(ids))
    ):
        keys[(person_id, state)] += 1
    roles = defaultdict(list)
    for assignment in session.scalars(
        select(Assignment)
        .where(
            Assignment.principal_id.in_(ids),
            Assignment.ended_at.is_(None),
            or_(Assignment.not_after.is_(None), Assignment.not_after > now),
        )
        .order_by(Assignment.group)
    ):
        roles[assignment.principal_id].append(assignment.group)
    invites = _open_invites(session, ids, now)
    return tuple(
        PersonRow(
            row,
            running.get(row.id),
            row.id in engaged,
            keys[(row.id, "active")],
            tuple(roles[row.id]),
            invites.get(row.id),
            keys[(row.id, "pending")],
        )
        for row in people
    )


def person_page(parts: Parts, person_id: str) -> PersonPage:
    """Return everything about one person. Raises NotFound."""
    now = parts.clock.now()
    import_decisions(parts)
    with parts.db.read() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise NotFound("there is no such person")
        happened = tuple(records(session, who=person_id, limit=20))
        live = tuple(
            row
            for row in sessions_of(session, person_id, now)
            if session_problem(read_roots(session, row.id), now=now) is None
        )
        return PersonPage(
            row=person_rows(session, [person], now)[0],
            engagements=tuple(engagements(session, person_id)),
            memberships=tuple(live_assignments(session, person_id, now)),
            keys=tuple(credentials_of(session, person_id)),
            devices=tuple(devices_of(session, person_id)),
            sessions=live,
            decisions=tuple(decisions(session, subject=person_id, limit=10)),
            records=happened,
            names=names_of(session, {row.actor for row, _ in happened}),
            losses=losses_of_person(session, person_id, now),
            touches=touch_times(
                values_of(session, person_id, Kind.CEREMONY_TOUCH, now - WINDOW, limit=MOST_TOUCHES)
            ),
            reissue_ready=is_ready(session, person_id, now),
        )


def engagement_of(parts: Parts, person_id: str, engagement_id: str) -> Engagement:
    """Return an engagement of this person that can be ended. Raises NotFound."""
    with parts.db.read() as session:
        row = session.get(Engagement, engagement_id)
        if row is None or row.person_id != person_id or row.state != "active":
            raise NotFound("there is no such running engagement")
        return row


def without_key(session: Session, now: datetime, *, limit: int) -> tuple[tuple[PersonRow, ...], int]:
    """Return the newest active people without a key (working, waiting, suspended), and how many they are."""
    with_key = select(Credential.person_id).where(Credential.state.in_(("active", "pending", "suspended")))
    query = select(Person).where(Person.state == "active", Person.id.not_in(with_key))
    people = session.scalars(query.order_by(Person.created_at.desc(), Person.id).limit(limit)).all()
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return person_rows(session, people, now), total


def ending_soon(session: Session, now: datetime, until: datetime) -> tuple[tuple[Person, Engagement], ...]:
    """Return the people whose last running engagement ends before *until*, soonest first."""
    rows = session.execute(
        select(Person, Engagement)
        .join(Engagement, Engagement.person_id == Person.id)
        .where(
            Person.state == "active",
            Engagement.state == "active",
            Engagement.ends_at > now,
            Engagement.ends_at <= until,
        )
        .order_by(Engagement.ends_at, Person.login_name)
    ).all()
    return tuple(
        (person, engagement)
        for person, engagement in rows
        if running_engagement(session, person.id, now) is engagement
    )


def _matching(search: str, state: str) -> Select[Person]:
    query = select(Person)
    if state:
        query = query.where(Person.state == state)
    if search:
        low = search.lower()
        vendors = select(Engagement.person_id).where(
            func.lower(Engagement.vendor).contains(low, autoescape=True)
        )
        query = query.where(
            or_(
                name_holds(search),
                Person.id == search,
                Person.id.in_(vendors),
            )
        )
    return query


def _open_invites(session: Session, ids: Sequence[str], now: datetime) -> dict[str, datetime]:
    rows = session.execute(
        select(OneTimeCode.person_id, OneTimeCode.expires_at).where(
            OneTimeCode.person_id.in_(ids),
            OneTimeCode.purpose.in_(("invite", "recover")),
            OneTimeCode.consumed_at.is_(None),
            OneTimeCode.expires_at > now,
        )
    )
    return {person_id: ends for person_id, ends in rows if person_id is not None}
