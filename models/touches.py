"""Accepted touches and where they were made: kept for a month, to see keys that travel together.

Answers: which other people's keys were used in this browser, or at this place?
Judges nothing: see ``evidence.company``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Row, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from models.base import Base

MOST_WHEREABOUTS = 200
MOST_OTHERS = 200
MOST_TOUCHES = 1000


class Touch(Base):
    """One accepted touch of a key by its owner.

    *purpose* is that of the challenge. *place* is what limits are counted by
    (``evidence.networks.place_key``), *browser* the digest of its own cookie,
    *attachment* the browser's unsigned word about how the key hangs on it.
    """

    __tablename__ = "touches"
    __table_args__ = (
        Index("ix_touches_person", "person_id", "at"),
        Index("ix_touches_place", "place", "at", "person_id"),
        Index("ix_touches_browser", "browser", "at", "person_id"),
        Index("ix_touches_at", "at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    credential_id: Mapped[str] = mapped_column(ForeignKey("credentials.id"))
    purpose: Mapped[str]
    place: Mapped[str]
    browser: Mapped[str]
    attachment: Mapped[str | None]
    at: Mapped[datetime]


def attachments_of(session: Session, key: str, person_id: str, since: datetime) -> frozenset[str]:
    """Return how one key of a person hung on their browsers since then, in the browsers' own words."""
    rows = session.scalars(
        select(Touch.attachment)
        .where(
            Touch.person_id == person_id,
            Touch.at >= since,
            Touch.credential_id == key,
            Touch.attachment.is_not(None),
        )
        .distinct()
    )
    return frozenset(row for row in rows if row is not None)


def whereabouts(session: Session, person_id: str, since: datetime) -> Sequence[Row[str, str]]:
    """Return the pairs of place and browser of a person's touches, the latest first."""
    return session.execute(
        select(Touch.place, Touch.browser)
        .where(Touch.person_id == person_id, Touch.at >= since)
        .group_by(Touch.place, Touch.browser)
        .order_by(func.max(Touch.at).desc())
        .limit(MOST_WHEREABOUTS)
    ).all()


def others_at(
    session: Session, person_id: str, places: Collection[str], since: datetime
) -> Sequence[Row[str, datetime]]:
    """Return the other people whose keys were touched at these places, and when first."""
    return _others(session, Touch.place, person_id, places, since)


def others_in(
    session: Session, person_id: str, browsers: Collection[str], since: datetime
) -> Sequence[Row[str, datetime]]:
    """Return the other people whose keys were touched in these browsers, and when first."""
    return _others(session, Touch.browser, person_id, browsers, since)


def _others(
    session: Session,
    column: InstrumentedAttribute[str],
    person_id: str,
    values: Collection[str],
    since: datetime,
) -> Sequence[Row[str, datetime]]:
    if not values:
        return ()
    return session.execute(
        select(Touch.person_id, func.min(Touch.at))
        .where(column.in_(sorted(values)), Touch.at >= since, Touch.person_id != person_id)
        .group_by(Touch.person_id)
        .order_by(func.min(Touch.at), Touch.person_id)
        .limit(MOST_OTHERS)
    ).all()


def touches_at(
    session: Session, places: Collection[str], since: datetime
) -> Sequence[Row[str, datetime, str]]:
    """Return place, time and person of the newest thousand touches at these places."""
    return session.execute(
        select(Touch.place, Touch.at, Touch.person_id)
        .where(Touch.place.in_(sorted(places)), Touch.at >= since)
        .order_by(Touch.at.desc(), Touch.id.desc())
        .limit(MOST_TOUCHES)
    ).all()


def forget_old_touches(session: Session, before: datetime) -> None:
    session.execute(delete(Touch).where(Touch.at < before))
