"""Browsers that entered a site behind a proxy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, delete, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, changed_rows


class SiteSession(Base):
    """A browser at one site, found by the digest of the cookie on the site's own host.

    It lends that site the session and the grant that it was made under, and
    lives at most as long as they do.
    """

    __tablename__ = "site_sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("services.id"))
    origin: Mapped[str]
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"))
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


def end_site_session(session: Session, digest: str, now: datetime) -> bool:
    """End one that is live; False: it had ended."""
    changed = changed_rows(
        session,
        update(SiteSession)
        .where(SiteSession.digest == digest, SiteSession.ended_at.is_(None), SiteSession.expires_at > now)
        .values(ended_at=now)
        .execution_options(synchronize_session=False),
    )
    return changed == 1


def forget_old_site_sessions(session: Session, before: datetime) -> None:
    session.execute(delete(SiteSession).where(SiteSession.expires_at < before))
