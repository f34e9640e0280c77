"""Whose facts does a transaction change? Noticed by itself, so that no flow can forget to say so.

Every change of a row that a decision may depend on raises the one revision of
the state in the same transaction, and notes whom it concerns: a person, or
everybody. Whoever remembers facts (``flows.memory``) reads the notes and
forgets no more than it must. A table that is not listed here concerns
everybody: forgetting too much is slow, forgetting too little would be a hole.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, event, insert, select
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column

from models.base import EVERYBODY, NOBODY, Base
from models.instance import raise_state_revision, state_revision

MOST = 16
"""A transaction that concerns more people than these concerns everybody."""
KEPT = 10_000

UNREAD = frozenset(
    {
        "assessments",
        "audit_details",
        "audit_head",
        "audit_records",
        "authorization_codes",
        "bundles",
        "challenges",
        "credential_states",
        "decision_log",
        "decision_segments",
        "declared_hours",
        "drafts",
        "instance",
        "jobs",
        "key_reissues",
        "one_time_codes",
        "presence_rounds",
        "principals",
        "rate_counters",
        "report_nonces",
        "resource_uses",
        "rule_uses",
        "signatures",
        "site_sessions",
        "signing_keys",
        "state_changes",
        "state_revision",
        "stop_codes",
        "touches",
    }
)
"""Tables of which nothing is remembered: no decision reads them, or each reads them anew."""
_WHOSE = {
    "assignments": "principal_id",
    "credentials": "person_id",
    "devices": "person_id",
    "engagements": "person_id",
    "grants": "person_id",
    "observations": "person_id",
    "people": "id",
    "presence_checks": "person_id",
    "sessions": "person_id",
    "tokens": "person_id",
}


class StateChange(Base):
    """One revision of the state concerned one person, or everybody."""

    __tablename__ = "state_changes"

    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    concerns: Mapped[str] = mapped_column(primary_key=True)


class WatchedSession(Session):
    """A session that knows whom it concerned."""

    def concern(self, whom: str) -> None:
        if whom != NOBODY:
            self.info.setdefault("concerned", set()).add(whom)


def settle(session: Session) -> int | None:
    """Write what is pending, and raise the revision if a decision may depend on it; return that."""
    session.flush()
    concerned: set[str] = session.info.pop("concerned", set())
    if not concerned:
        return None
    revision = raise_state_revision(session)
    if len(concerned) > MOST or EVERYBODY in concerned:
        concerned = {EVERYBODY}
    rows = [{"revision": revision, "concerns": whom} for whom in sorted(concerned)]
    session.execute(insert(StateChange), rows)
    return revision


@event.listens_for(WatchedSession, "after_flush")
def _flushed(session: WatchedSession, _context: Any) -> None:
    changed = (row for row in session.dirty if session.is_modified(row))
    for row in (*session.new, *changed, *session.deleted):
        table = row.__tablename__
        if table not in UNREAD:
            session.concern(getattr(row, _WHOSE[table]) if table in _WHOSE else EVERYBODY)


@event.listens_for(WatchedSession, "do_orm_execute")
def _executed(state: ORMExecuteState) -> None:
    if not (state.is_update or state.is_delete or state.is_insert):
        return
    table = getattr(state.statement, "table", None)
    if table is None or table.name not in UNREAD:
        session = state.session
        assert isinstance(session, WatchedSession)
        session.concern(state.execution_options.get("concerns", EVERYBODY))


@event.listens_for(WatchedSession, "before_commit")
def _committing(session: WatchedSession) -> None:
    settle(session)


def concerned_since(session: Session, known: int, current: int) -> set[str]:
    """Return whom the revisions behind *known* up to *current* concern; everybody if a note is missing."""
    rows = session.execute(
        select(StateChange.revision, StateChange.concerns).where(
            StateChange.revision > known, StateChange.revision <= current
        )
    ).all()
    if len({revision for revision, _ in rows}) != current - known:
        return {EVERYBODY}
    return {whom for _, whom in rows}


def forget_old_changes(session: Session) -> None:
    """Delete the notes that only a process that slept for long would still read."""
    session.execute(delete(StateChange).where(StateChange.revision <= state_revision(session) - KEPT))
