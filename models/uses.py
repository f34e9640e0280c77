"""Segments of the decision log, and what was used how often and when last: rules, and resources by people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.access import DecisionRow
from models.base import Base
from models.evidence import AssessmentRow


class DecisionSegment(Base):
    """A file that one process appends decisions to. *folder* is the id of the folder that it lies in.

    *imported*: bytes that stand in the database; *number*: of the last line among them.
    """

    __tablename__ = "decision_segments"

    name: Mapped[str] = mapped_column(primary_key=True)
    folder: Mapped[str]
    opened_at: Mapped[datetime]
    imported: Mapped[int] = mapped_column(default=0)
    number: Mapped[int] = mapped_column(default=0)
    closed_at: Mapped[datetime | None]


class RuleUse(Base):
    """How often a rule carried a permit that was used, and when last. *rule* is its id in the bundle."""

    __tablename__ = "rule_uses"

    rule: Mapped[str] = mapped_column(primary_key=True)
    uses: Mapped[int]
    last_used_at: Mapped[datetime]


class ResourceUse(Base):
    """How often somebody used a resource, and when last."""

    __tablename__ = "resource_uses"

    subject: Mapped[str] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    uses: Mapped[int]
    last_used_at: Mapped[datetime]


def open_segments(session: Session, folder: str) -> Sequence[DecisionSegment]:
    """Return the segments of one folder that were not imported to their end, oldest first."""
    return session.scalars(
        select(DecisionSegment)
        .where(DecisionSegment.folder == folder, DecisionSegment.closed_at.is_(None))
        .order_by(DecisionSegment.opened_at, DecisionSegment.name)
    ).all()


def lock_segment(session: Session, name: str) -> DecisionSegment | None:
    """Lock one segment's row: whoever holds it imports, everybody else waits."""
    query = select(DecisionSegment).where(DecisionSegment.name == name)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def add_logged(
    session: Session, assessments: Sequence[Mapping[str, Any]], decisions: Sequence[Mapping[str, Any]]
) -> None:
    """Enter rows of the log; those that are there already are left alone."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for table, rows in ((AssessmentRow, assessments), (DecisionRow, decisions)):
        if rows:
            session.execute(insert(table).on_conflict_do_nothing(), list(rows))


def count_uses(session: Session, decisions: Iterable[Mapping[str, Any]]) -> None:
    """Count those *decisions* (columns of the log) that were permits, and used."""
    rules: dict[str, tuple[int, datetime]] = {}
    things: dict[tuple[str, str], tuple[int, datetime]] = {}
    for row in decisions:
        if row["effect"] != "permit" or not row["body"].get("use"):
            continue
        for rule in row["body"].get("determining", ()):
            rules[rule] = _one_more(rules.get(rule), row["at"])
        thing = (row["subject"], row["resource"])
        things[thing] = _one_more(things.get(thing), row["at"])
    # In one order in every transaction, so that two never wait for each other.
    _add(session, RuleUse, [{"rule": rule, **_used(rules[rule])} for rule in sorted(rules)])
    of_things = [{"subject": t[0], "resource": t[1], **_used(things[t])} for t in sorted(things)]
    _add(session, ResourceUse, of_things)


def _one_more(so_far: tuple[int, datetime] | None, at: datetime) -> tuple[int, datetime]:
    return (so_far[0] + 1, max(so_far[1], at)) if so_far else (1, at)


def _used(counted: tuple[int, datetime]) -> dict[str, Any]:
    return {"uses": counted[0], "last_used_at": counted[1]}


def _add(session: Session, table: type[RuleUse] | type[ResourceUse], rows: list[dict[str, Any]]) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for row in rows:
        statement = insert(table).values(**row)
        new = statement.excluded
        later = case((new.last_used_at > table.last_used_at, new.last_used_at), else_=table.last_used_at)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[column.name for column in table.__table__.primary_key],
                set_={"uses": table.uses + new.uses, "last_used_at": later},
            )
        )
