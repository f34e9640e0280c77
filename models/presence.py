"""When people may be asked for a touch unannounced, and how each asking ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile

from sqlalchemy import JSON, ForeignKey, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import NOBODY, Base, changed_rows
from models.people import Person


class DeclaredHours(Base):
    """The hours in which a person said they work; *days* are 0 (Monday) to 6, times minutes of the day.

    *mean_gap* is the mean time between two askings, in minutes of declared
    hours; 0 asks nothing. *revision* rises with each declaration: what was
    drawn under an older one asks nobody.
    """

    __tablename__ = "declared_hours"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    revision: Mapped[int]
    zone: Mapped[str]
    days: Mapped[list[int]] = mapped_column(JSON())
    starts: Mapped[int]
    ends: Mapped[int]
    mean_gap: Mapped[int]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class PresenceRound(Base):
    """One asking: of one person (``presence``) or of several at the same moment (``contention``)."""

    __tablename__ = "presence_rounds"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    deadline: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class PresenceCheck(Base):
    """One person's part of a round. *outcome* is open, answered, missed, or absent (nothing to hold).

    It leaves open once, by a conditional UPDATE. *shown_at* is when a page
    of the session first had it. *answered_at* of a missed one is a late touch.
    """

    __tablename__ = "presence_checks"

    id: Mapped[str] = mapped_column(primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("presence_rounds.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.id"), index=True)
    credential_id: Mapped[str | None] = mapped_column(ForeignKey("credentials.id"))
    outcome: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    deadline: Mapped[datetime]
    shown_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]


def hours_of(session: Session, person_id: str) -> DeclaredHours | None:
    return session.scalar(
        select(DeclaredHours)
        .where(DeclaredHours.person_id == person_id)
        .execution_options(populate_existing=True)
    )


def open_check_of(session: Session, session_id: str, now: datetime) -> PresenceCheck | None:
    """Return what this session is asked now, the most urgent first."""
    return session.scalar(
        select(PresenceCheck)
        .where(
            PresenceCheck.session_id == session_id,
            PresenceCheck.outcome == "open",
            PresenceCheck.answered_at.is_(None),
            PresenceCheck.deadline > now,
        )
        .order_by(PresenceCheck.deadline, PresenceCheck.id)
        .limit(1)
    )


def asked_since(session: Session, person_id: str, since: datetime) -> int:
    """Return how often this person was asked since then; being absent is no asking."""
    return (
        session.scalar(
            select(func.count())
            .select_from(PresenceCheck)
            .where(
                PresenceCheck.person_id == person_id,
                PresenceCheck.opened_at > since,
                PresenceCheck.outcome != "absent",
            )
        )
        or 0
    )


def checks_since(session: Session, person_id: str, since: datetime) -> Sequence[PresenceCheck]:
    """Return the askings of one person that were opened since then, newest first, but for absences."""
    return session.scalars(
        select(PresenceCheck)
        .where(
            PresenceCheck.person_id == person_id,
            PresenceCheck.opened_at > since,
            PresenceCheck.outcome != "absent",
        )
        .order_by(PresenceCheck.opened_at.desc(), PresenceCheck.id.desc())
        .execution_options(populate_existing=True)
    ).all()


def missed_in_a_row(checks: Iterable[PresenceCheck], since: datetime, *, overdue: datetime) -> int:
    """Return how many of *checks*, the newest first, the person missed since then, after the last answer.

    An open one whose deadline was before *overdue* is missed, though nobody has closed it yet.
    """
    settled = (
        check.outcome
        for check in checks
        if check.opened_at > since and (check.outcome != "open" or check.deadline < overdue)
    )
    return sum(1 for _ in takewhile(lambda outcome: outcome != "answered", settled))


def is_open_since(session: Session, person_id: str, moment: datetime) -> bool:
    """Return whether a check of this person is open whose deadline is after *moment*."""
    query = select(PresenceCheck.id).where(
        PresenceCheck.person_id == person_id,
        PresenceCheck.outcome == "open",
        PresenceCheck.deadline > moment,
    )
    return session.execute(query.limit(1)).first() is not None


def mark_shown(session: Session, check_id: str, now: datetime) -> None:
    """Remember when the check was first shown."""
    session.execute(
        update(PresenceCheck)
        .where(PresenceCheck.id == check_id, PresenceCheck.shown_at.is_(None))
        .values(shown_at=now)
        .execution_options(concerns=NOBODY)
    )


def settle(session: Session, check_id: str, outcome: str) -> bool:
    """Let an open check end as *outcome*; False when it has ended already."""
    return _leave_open(session, check_id, outcome=outcome)


def answer_in_time(session: Session, check_id: str, credential_id: str, now: datetime) -> bool:
    """Let an open check end as answered; False when it has ended, or its deadline is over."""
    return _leave_open(
        session, check_id, PresenceCheck.deadline >= now,
        outcome="answered", answered_at=now, credential_id=credential_id,
    )  # fmt: skip


def touch_late(session: Session, check_id: str, credential_id: str, now: datetime) -> bool:
    """Keep the first touch that came after the deadline. It changes no outcome."""
    statement = (
        update(PresenceCheck)
        .where(
            PresenceCheck.id == check_id,
            PresenceCheck.outcome.in_(("open", "missed")),
            PresenceCheck.answered_at.is_(None),
        )
        .values(answered_at=now, credential_id=credential_id)
        .execution_options(synchronize_session=False, concerns=NOBODY)
    )
    return changed_rows(session, statement) == 1


def _leave_open(session: Session, check_id: str, *conditions: object, **values: object) -> bool:
    whose = session.scalar(select(PresenceCheck.person_id).where(PresenceCheck.id == check_id))
    statement = (
        update(PresenceCheck)
        .where(PresenceCheck.id == check_id, PresenceCheck.outcome == "open", *conditions)  # type: ignore[arg-type]
        .values(**values)
        .execution_options(synchronize_session=False, concerns=whose or NOBODY)
    )
    return changed_rows(session, statement) == 1


def checks_of_round(session: Session, round_id: str) -> Sequence[PresenceCheck]:
    """Return the parts of a round, as they are now, by person."""
    return session.scalars(
        select(PresenceCheck)
        .where(PresenceCheck.round_id == round_id)
        .order_by(PresenceCheck.person_id)
        .execution_options(populate_existing=True)
    ).all()


def checks_with_names(session: Session, round_id: str) -> Sequence[tuple[PresenceCheck, Person]]:
    rows = session.execute(
        select(PresenceCheck, Person)
        .join(Person, Person.id == PresenceCheck.person_id)
        .where(PresenceCheck.round_id == round_id)
        .order_by(PresenceCheck.answered_at.is_(None), PresenceCheck.answered_at, Person.login_name)
    ).all()
    return [(check, person) for check, person in rows]


def checks_of_person(
    session: Session, person_id: str, *, limit: int
) -> Sequence[tuple[PresenceCheck, PresenceRound]]:
    """Return the newest checks of one person with their rounds."""
    rows = session.execute(
        select(PresenceCheck, PresenceRound)
        .join(PresenceRound, PresenceRound.id == PresenceCheck.round_id)
        .where(PresenceCheck.person_id == person_id)
        .order_by(PresenceCheck.opened_at.desc(), PresenceCheck.id.desc())
        .limit(limit)
    ).all()
    return [(check, round_) for check, round_ in rows]


def rounds(session: Session, *, before: str = "", limit: int) -> Sequence[PresenceRound]:
    """Return a page of rounds, newest first, below the cursor *before* (an id: they are ordered by time)."""
    query = select(PresenceRound).order_by(PresenceRound.id.desc()).limit(limit)
    if before:
        query = query.where(PresenceRound.id < before)
    return session.scalars(query).all()


def outcomes_of(session: Session, round_ids: Sequence[str]) -> dict[str, list[PresenceCheck]]:
    """Return the checks of several rounds."""
    found: dict[str, list[PresenceCheck]] = {id_: [] for id_ in round_ids}
    for check in session.scalars(select(PresenceCheck).where(PresenceCheck.round_id.in_(round_ids))):
        found[check.round_id].append(check)
    return found
