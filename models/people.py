"""People, their engagements, memberships and the one-time codes that let them in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from domain.access import Link
from models.base import Base, changed_rows


class Principal(Base):
    """Anything that can be a subject or an actor: kind is person, service or device."""

    __tablename__ = "principals"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]


class Person(Base):
    """A human. *epoch* rises whenever all their access ends; state is active, suspended or left."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    login_name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    user_handle: Mapped[bytes] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default="active")
    epoch: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class Engagement(Base):
    """A person's contract: vendor, sponsor, project and the window it runs in."""

    __tablename__ = "engagements"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    vendor: Mapped[str]
    sponsor: Mapped[str]
    project: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="active")


class Assignment(Base):
    """Membership of a role, project or group, with an end."""

    __tablename__ = "assignments"

    id: Mapped[str] = mapped_column(primary_key=True)
    principal_id: Mapped[str] = mapped_column(ForeignKey("principals.id"), index=True)
    group: Mapped[str] = mapped_column("group_name")
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    not_after: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class OneTimeCode(Base):
    """A single-use code: bootstrap, invite, recover, activate or device. Only its digest is kept."""

    __tablename__ = "one_time_codes"
    __table_args__ = (Index("ix_one_time_codes_purpose_person", "purpose", "person_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]
    browser: Mapped[str | None]


def person_by_login(session: Session, login_name: str) -> Person | None:
    return session.scalar(select(Person).where(Person.login_name == login_name))


def logins_of(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return the login name of each person of *ids* who is there."""
    query = select(Person.id, Person.login_name).where(Person.id.in_(set(ids)))
    return {row.id: row.login_name for row in session.execute(query)}


def lock_person(session: Session, person_id: str, *, share: bool = False) -> Person | None:
    """Lock one person's row (first in the lock order); *share* for issuance, exclusive for ending."""
    query = select(Person).where(Person.id == person_id).execution_options(populate_existing=True)
    return session.scalar(query.with_for_update(read=share))


def people(session: Session, *, after: str = "", limit: int = 50, search: str = "") -> Sequence[Person]:
    """Return a page of people by login name, after the cursor *after*."""
    query = select(Person).where(Person.login_name > after).order_by(Person.login_name).limit(limit)
    if search:
        pattern = f"%{search.lower()}%"
        query = query.where(
            or_(Person.login_name.like(pattern), func.lower(Person.display_name).like(pattern))
        )
    return session.scalars(query).all()


def name_holds(search: str) -> ColumnElement[bool]:
    """Return the condition that a person's login name or name holds *search*, whatever its case."""
    low = search.lower()
    return or_(
        Person.login_name.contains(low, autoescape=True),
        func.lower(Person.display_name).contains(low, autoescape=True),
        Person.display_name.contains(search, autoescape=True),
    )


def count_people(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Person)) or 0


def engagements(session: Session, person_id: str) -> Sequence[Engagement]:
    """Return all engagements of one person, latest end first."""
    return session.scalars(
        select(Engagement).where(Engagement.person_id == person_id).order_by(Engagement.ends_at.desc())
    ).all()


def running_engagement(session: Session, person_id: str, now: datetime) -> Engagement | None:
    """Return the running engagement that ends last, if one runs at *now*."""
    return session.scalar(
        select(Engagement)
        .where(
            Engagement.person_id == person_id,
            Engagement.state == "active",
            Engagement.starts_at <= now,
            Engagement.ends_at > now,
        )
        .order_by(Engagement.ends_at.desc())
        .limit(1)
    )


def live_assignments(session: Session, principal_id: str, now: datetime) -> Sequence[Assignment]:
    return session.scalars(
        select(Assignment)
        .where(
            Assignment.principal_id == principal_id,
            Assignment.ended_at.is_(None),
            or_(Assignment.not_after.is_(None), Assignment.not_after > now),
        )
        .order_by(Assignment.group)
    ).all()


def all_live_assignments(
    session: Session, now: datetime, *, principal_id: str | None = None
) -> defaultdict[str, set[str]]:
    """Return what each principal belongs to at *now*, or what one of them does."""
    query = select(Assignment.principal_id, Assignment.group).where(
        Assignment.created_at <= now,
        or_(Assignment.ended_at.is_(None), Assignment.ended_at > now),
        or_(Assignment.not_after.is_(None), Assignment.not_after > now),
    )
    if principal_id is not None:
        query = query.where(Assignment.principal_id == principal_id)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for principal, group in session.execute(query):
        found[principal].add(group)
    return found


def memberships(
    session: Session, principal_id: str, kind: str, now: datetime
) -> list[tuple[Link, datetime | None]]:
    """Return the live memberships of one principal, each with its end."""
    rows = live_assignments(session, principal_id, now)
    return [(Link(f"{kind}:{principal_id}", row.group), row.not_after) for row in rows]


def links_of(session: Session, principal_id: str, kind: str, now: datetime) -> tuple[Link, ...]:
    """Return the live memberships of one principal, as the policy reads them."""
    return tuple(link for link, _ in memberships(session, principal_id, kind, now))


def members_of(session: Session, group: str, now: datetime) -> Sequence[str]:
    """Return the ids of the principals that are live members of *group*."""
    return session.scalars(
        select(Assignment.principal_id).where(
            Assignment.group == group,
            Assignment.ended_at.is_(None),
            or_(Assignment.not_after.is_(None), Assignment.not_after > now),
        )
    ).all()


def consume_code(
    session: Session, digest: str, purpose: str, now: datetime, *, person_id: str | None = None
) -> OneTimeCode | None:
    """Use a code up, or return None when it is unknown, of another purpose or person, used or over.

    One conditional UPDATE: of any number of parallel callers exactly one gets the row.
    *person_id* None: whoever's.
    """
    use = update(OneTimeCode).where(
        OneTimeCode.digest == digest,
        OneTimeCode.purpose == purpose,
        OneTimeCode.consumed_at.is_(None),
        OneTimeCode.expires_at > now,
    )
    if person_id is not None:
        use = use.where(OneTimeCode.person_id == person_id)
    values = use.values(consumed_at=now).execution_options(synchronize_session=False)
    if changed_rows(session, values) != 1:
        return None
    return session.scalar(select(OneTimeCode).where(OneTimeCode.digest == digest))


def code_by_digest(session: Session, digest: str, purpose: str) -> OneTimeCode | None:
    """Return a code whether or not it still works, to tell why it does not."""
    return session.scalar(
        select(OneTimeCode).where(OneTimeCode.digest == digest, OneTimeCode.purpose == purpose)
    )


def live_code(session: Session, digest: str, purpose: str, now: datetime) -> OneTimeCode | None:
    """Return an unused code without using it up (for the page that shows it)."""
    return session.scalar(
        select(OneTimeCode).where(
            OneTimeCode.digest == digest,
            OneTimeCode.purpose == purpose,
            OneTimeCode.consumed_at.is_(None),
            OneTimeCode.expires_at > now,
        )
    )


def has_open_code(session: Session, purpose: str, person_id: str, now: datetime) -> bool:
    """Return whether an unused code of one purpose and person works still."""
    found = select(OneTimeCode.id).where(
        OneTimeCode.purpose == purpose,
        OneTimeCode.person_id == person_id,
        OneTimeCode.consumed_at.is_(None),
        OneTimeCode.expires_at > now,
    )
    return session.scalar(found.limit(1)) is not None


def withdraw_codes(session: Session, purpose: str, person_id: str | None, now: datetime) -> None:
    """Use up all open codes of one purpose and person, so that only the newest works."""
    session.execute(
        update(OneTimeCode)
        .where(
            OneTimeCode.purpose == purpose,
            OneTimeCode.person_id.is_(None) if person_id is None else OneTimeCode.person_id == person_id,
            OneTimeCode.consumed_at.is_(None),
        )
        .values(consumed_at=now)
    )
