"""Raw observations, the assessments made from them, and the networks an operator has named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, case, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from domain.evidence import Binding, Kind, Observation
from models.base import Base


class ObservationRow(Base):
    """One observation, append-only. *value* is any JSON value."""

    __tablename__ = "observations"
    __table_args__ = (Index("ix_observations_person_kind", "person_id", "kind", "received_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    session_id: Mapped[str | None] = mapped_column(index=True)
    device_id: Mapped[str | None]
    source: Mapped[str]
    binding: Mapped[int]
    quality: Mapped[int]
    value: Mapped[Any] = mapped_column(JSON())
    adverse: Mapped[bool]
    observed_at: Mapped[datetime]
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    data_version: Mapped[str]


class AssessmentRow(Base):
    """An assessment that a decision used, with all its contributions."""

    __tablename__ = "assessments"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(index=True)
    session_id: Mapped[str | None] = mapped_column(index=True)
    at: Mapped[datetime]
    score: Mapped[int]
    tier: Mapped[int]
    binding: Mapped[int]
    body: Mapped[dict[str, Any]]
    input_digest: Mapped[str]
    weights_version: Mapped[str]
    engine_version: Mapped[str]


class Network(Base):
    """A network that the operator has named: its label, kind and, if known, country and ASN."""

    __tablename__ = "networks"

    id: Mapped[str] = mapped_column(primary_key=True)
    cidr: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str]
    kind: Mapped[str]
    country: Mapped[str | None]
    asn: Mapped[int | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


def add_observations(session: Session, observations: Sequence[Observation]) -> None:
    session.add_all(
        ObservationRow(
            id=o.id,
            kind=o.kind.value,
            person_id=o.person,
            session_id=o.session,
            device_id=o.device,
            source=o.source,
            binding=int(o.binding),
            quality=o.quality,
            value=o.value,
            adverse=o.adverse,
            observed_at=o.observed_at,
            received_at=o.received_at,
            expires_at=o.expires_at,
            data_version=o.data_version,
        )
        for o in observations
    )
    session.flush()


def observations_for(
    session: Session, person_id: str, session_id: str | None, *, revoked_devices: Sequence[str] = ()
) -> tuple[Observation, ...]:
    """Return the observations that can decide an assessment of one session.

    A long session has thousands; what stands follows from the newest of each
    kind, device, binding and outcome, in this session and in all others (an
    adverse one stays in force in later sessions until a later clean one of the
    same device ends it). A property holds the assessment of these equal to
    that of all. Observations of *revoked_devices* (laptops and keys) are left
    out: an admin has decided about those.
    """
    here = case((ObservationRow.session_id == session_id, 1), else_=0)
    newest = func.row_number().over(
        partition_by=(
            ObservationRow.kind,
            ObservationRow.device_id,
            ObservationRow.binding,
            ObservationRow.adverse,
            here,
        ),
        order_by=(ObservationRow.received_at.desc(), ObservationRow.id.desc()),
    )
    ranked = (
        select(ObservationRow.id, newest.label("rank"))
        .where(ObservationRow.person_id == person_id)
        .subquery()
    )
    query = (
        select(ObservationRow)
        .join(ranked, ranked.c.id == ObservationRow.id)
        .where(ranked.c.rank == 1)
        .order_by(ObservationRow.received_at, ObservationRow.id)
    )
    rows = session.scalars(query)
    return tuple(_observation(row) for row in rows if row.device_id not in revoked_devices)


def values_of(session: Session, person_id: str, kind: Kind, since: datetime, *, limit: int) -> Sequence[Any]:
    """Return what was observed of one kind about one person since then, the newest first."""
    return session.scalars(
        select(ObservationRow.value)
        .where(
            ObservationRow.person_id == person_id,
            ObservationRow.kind == kind.value,
            ObservationRow.received_at >= since,
        )
        .order_by(ObservationRow.received_at.desc())
        .limit(limit)
    ).all()


def _observation(row: ObservationRow) -> Observation:
    return Observation(
        id=row.id,
        kind=Kind(row.kind),
        person=row.person_id,
        session=row.session_id,
        device=row.device_id,
        source=row.source,
        binding=Binding(row.binding),
        quality=row.quality,
        value=row.value,
        adverse=row.adverse,
        observed_at=row.observed_at,
        received_at=row.received_at,
        expires_at=row.expires_at,
        data_version=row.data_version,
    )


def networks(session: Session) -> Sequence[Network]:
    return session.scalars(select(Network).order_by(Network.label)).all()
