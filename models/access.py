"""Grants, authorization codes, tokens, and the log of every decision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, changed_rows


class Grant(Base):
    """One subject, resources and actions, a window, and the decision it came from."""

    __tablename__ = "grants"
    __table_args__ = (Index("ix_grants_session_state", "session_id", "state"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"))
    engagement_id: Mapped[str | None] = mapped_column(ForeignKey("engagements.id"))
    resources: Mapped[list[str]]
    actions: Mapped[list[str]]
    decision_id: Mapped[str]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    person_epoch: Mapped[int]
    credential_epoch: Mapped[int]
    state: Mapped[str] = mapped_column(default="live")
    ended_at: Mapped[datetime | None]
    ended_cause: Mapped[str | None]
    created_at: Mapped[datetime]


class AuthorizationCode(Base):
    """A code by digest. *consumed_at* stays as a tombstone so that reuse is seen."""

    __tablename__ = "authorization_codes"

    digest: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("services.id"))
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"))
    session_id: Mapped[str]
    person_id: Mapped[str]
    redirect_uri: Mapped[str]
    resource: Mapped[str]
    actions: Mapped[list[str]]
    code_challenge: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]


class Token(Base):
    """An issued access token by `jti`, with the epochs it was born under."""

    __tablename__ = "tokens"

    jti: Mapped[str] = mapped_column(primary_key=True)
    family: Mapped[str] = mapped_column(index=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"), index=True)
    session_id: Mapped[str]
    person_id: Mapped[str]
    client_id: Mapped[str] = mapped_column(ForeignKey("services.id"))
    audience: Mapped[str]
    resource: Mapped[str]
    actions: Mapped[list[str]]
    person_epoch: Mapped[int]
    credential_epoch: Mapped[int]
    client_epoch: Mapped[int]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_cause: Mapped[str | None]


class DecisionRow(Base):
    """One decision with complete inputs and all revisions. *door* says who asked how."""

    __tablename__ = "decision_log"

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    door: Mapped[str]
    service_id: Mapped[str | None]
    subject: Mapped[str] = mapped_column(index=True)
    session_id: Mapped[str | None]
    grant_id: Mapped[str | None]
    action: Mapped[str]
    resource: Mapped[str] = mapped_column(index=True)
    effect: Mapped[str]
    assessment_id: Mapped[str | None]
    body: Mapped[dict[str, Any]]


def live_grants(session: Session, session_id: str, now: datetime) -> Sequence[Grant]:
    """Return the grants of one session that are in their window, soonest end first."""
    return session.scalars(
        select(Grant)
        .where(
            Grant.session_id == session_id,
            Grant.state == "live",
            Grant.not_before <= now,
            Grant.not_after > now,
        )
        .order_by(Grant.not_after)
    ).all()


def live_grants_of_resource(session: Session, resource: str, now: datetime) -> Sequence[Grant]:
    """Return the live grants that name *resource*, locked."""
    rows = session.scalars(
        select(Grant).where(Grant.state == "live", Grant.not_after > now).order_by(Grant.id).with_for_update()
    )
    return [row for row in rows if resource in row.resources]


def grants_of(session: Session, person_id: str, *, limit: int = 20) -> Sequence[Grant]:
    return session.scalars(
        select(Grant).where(Grant.person_id == person_id).order_by(Grant.created_at.desc()).limit(limit)
    ).all()


def lock_grant(session: Session, grant_id: str, *, share: bool = False) -> Grant | None:
    """Lock one grant's row (fifth in the lock order)."""
    query = select(Grant).where(Grant.id == grant_id).execution_options(populate_existing=True)
    return session.scalar(query.with_for_update(read=share))


def consume_authorization_code(session: Session, digest: str, now: datetime) -> bool:
    """Use a code up: of any number of parallel callers exactly one gets True."""
    changed = changed_rows(
        session,
        update(AuthorizationCode)
        .where(AuthorizationCode.digest == digest, AuthorizationCode.consumed_at.is_(None))
        .values(consumed_at=now)
        .execution_options(synchronize_session=False),
    )
    return changed == 1


def revoke_tokens(
    session: Session, person_id: str, cause: str, now: datetime, *, family: str = "", jti: str = ""
) -> int:
    """Revoke a person's live tokens of one *family* (all that one code issued) or one *jti*: how many?"""
    if bool(family) is bool(jti):
        raise ValueError("name either a family or a jti")
    which = Token.family == family if family else Token.jti == jti
    changed = changed_rows(
        session,
        update(Token)
        .where(which, Token.person_id == person_id, Token.revoked_at.is_(None))
        .values(revoked_at=now, revoked_cause=cause)
        .execution_options(synchronize_session=False, concerns=person_id),
    )
    return changed


def tokens_of_grant(session: Session, grant_id: str, now: datetime) -> Sequence[Token]:
    """Return the tokens of one grant that have not run out."""
    return session.scalars(
        select(Token)
        .where(Token.grant_id == grant_id, Token.expires_at > now)
        .order_by(Token.expires_at.desc())
    ).all()


def decisions(session: Session, *, subject: str | None = None, limit: int = 50) -> Sequence[DecisionRow]:
    query = select(DecisionRow).order_by(DecisionRow.at.desc(), DecisionRow.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(DecisionRow.subject == subject)
    return session.scalars(query).all()


def determined_by(session: Session, rule: str) -> ColumnElement[bool]:
    """Return the condition that *rule* carried the effect of a decision."""
    return _holds(session, "determining", rule, "")


def gave_reason(session: Session, code: str) -> ColumnElement[bool]:
    """Return the condition that a decision gave the reason *code*."""
    return _holds(session, "reasons", code, "code")


def _holds(session: Session, member: str, value: str, key: str) -> ColumnElement[bool]:
    """Whether a list in the body has *value*, or an object whose *key* is that.

    The text of the body is asked first: to read all of it is many times as much work.
    """
    word = json.dumps(value)
    if session.get_bind().dialect.name == "postgresql":
        # Only a CASE is sure to be worked out in this order.
        body = case((func.strpos(cast(DecisionRow.body, String), word) > 0, DecisionRow.body))
        return cast(body, JSONB)[member].contains([{key: value} if key else value])
    mentioned = func.instr(DecisionRow.body, literal(word, String)) > 0
    each = func.json_each(DecisionRow.body, f"$.{member}").table_valued("value")
    found = func.json_extract(each.c.value, f"$.{key}") if key else each.c.value
    return and_(mentioned, select(each.c.value).where(found == value).exists())
