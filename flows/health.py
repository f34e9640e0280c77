"""An orchestrator asks: can this process serve? Fails closed, says why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from domain.errors import DoorwardError
from domain.metadata import Freshness, due_day
from flows.jobs import LATE
from flows.parts import Parts
from models.audit import head
from models.engine import clock_difference
from models.instance import instance
from models.jobs import any_ready, count_overdue
from models.metadata import newest_dates
from models.policy import newest_publication


@dataclass(frozen=True, slots=True)
class Health:
    """Outcome of each check: "ok", or what is wrong."""

    checks: dict[str, str]

    @property
    def ready(self) -> bool:
        return all(value == "ok" or value.startswith("warning") for value in self.checks.values())


def health(parts: Parts) -> Health:
    """Ask the database, the clocks and the stored facts; never raises."""
    checks = {"database": "ok", "clock": "ok", "audit": "ok", "policy": "ok", "jobs": "ok", "metadata": "ok"}
    try:
        with parts.db.read() as session:
            if instance(session).rp_id != parts.deployment.rp_id:
                checks["database"] = "the database belongs to another deployment"
            difference = clock_difference(session, parts.clock.now())
            if difference > parts.limits.clock_difference:
                seconds = difference.total_seconds()
                checks["clock"] = f"our clock and the database's differ by {seconds:.1f} s"
            if head(session).sequence < 1:
                checks["audit"] = "the audit chain is empty"
            if newest_publication(session) is None:
                checks["policy"] = "warning: no policy is published, everything is denied"
            checks["jobs"] = _jobs(session, parts)
            checks["metadata"] = _metadata(session, parts)
    except DoorwardError as error:
        checks["database"] = error.message
    except Exception as error:
        checks["database"] = f"cannot be read ({type(error).__name__})"
    return Health(checks)


@dataclass(frozen=True, slots=True)
class MetadataAge:
    """How old what is known of key models is, and how long until it should be renewed (below zero: since)."""

    age: timedelta
    due_in: timedelta


def metadata_age(parts: Parts) -> MetadataAge | None:
    """Return the age for operators' gauges, or None where nothing was imported."""
    now = parts.clock.now()
    with parts.db.read() as session:
        due = newest_dates(session)
    return None if due is None else MetadataAge(now - due.imported_at, due.next_update - now)


def metadata_freshness(session: Session, parts: Parts) -> Freshness | None:
    """Return how far the metadata that counts may be relied on, or None where nothing was imported."""
    due = newest_dates(session)
    if due is None:
        return None
    return Freshness.of(due.next_update, parts.clock.now(), parts.key_rules.metadata_grace)


def _metadata(session: Session, parts: Parts) -> str:
    """Warn when metadata is due. None at all is a choice: the operator may trust models himself."""
    due, age = newest_dates(session), metadata_freshness(session, parts)
    if due is None or age is Freshness.FRESH:
        return "ok"
    day = due_day(due.next_update)
    if age is Freshness.GRACE:
        return f"warning: metadata of key models is due since {day}; import a newer one"
    return f"warning: metadata of key models is stale, due since {day}: it admits no new keys"


def _jobs(session: Session, parts: Parts) -> str:
    if not any_ready(session):
        # What recurs always leaves its next job.
        return "warning: no worker has run yet; start `doorward worker`"
    late = count_overdue(session, parts.clock.now() - LATE)
    return f"warning: {late} jobs are overdue; is `doorward worker` running?" if late else "ok"
