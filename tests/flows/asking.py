"""What the tests of unannounced touches share: a person with hours, a worker's step, an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from flows import contention, presence_answer, presence_hours
from flows.jobs import run_next
from flows.presence import CLOSE
from flows.presence_hours import ASK, HoursForm
from flows.session import Viewer
from models.evidence import ObservationRow
from models.jobs import Job
from models.presence import PresenceCheck, PresenceRound
from tests.world import Contractor, World
from worker import KINDS

ALWAYS = HoursForm("UTC", tuple(range(7)), 0, 24 * 60, 240)


def declare(world: World, contractor: Contractor, form: HoursForm = ALWAYS) -> None:
    with world.parts.db.write() as session:
        event = presence_hours.declare(session, world.parts, contractor.id, form, by="host")
        world.parts.commit(session, event)


def jobs(world: World, kind: str = ASK, state: str = "ready") -> list[Job]:
    with world.parts.db.read() as session:
        query = select(Job).where(Job.kind == kind, Job.state == state).order_by(Job.due_at)
        return list(session.scalars(query))


def checks(world: World) -> list[PresenceCheck]:
    with world.parts.db.read() as session:
        return list(session.scalars(select(PresenceCheck).order_by(PresenceCheck.id)))


def rounds(world: World) -> list[PresenceRound]:
    with world.parts.db.read() as session:
        return list(session.scalars(select(PresenceRound).order_by(PresenceRound.id)))


def observed(world: World) -> list[ObservationRow]:
    with world.parts.db.read() as session:
        query = select(ObservationRow).where(ObservationRow.kind.startswith("presence."))
        return list(session.scalars(query.order_by(ObservationRow.received_at, ObservationRow.id)))


def go_to(world: World, moment: datetime) -> None:
    world.clock.advance(seconds=(moment - world.clock.now()).total_seconds())


def work(world: World) -> int:
    """Do all that is due; return how many jobs that was."""
    done = 0
    while run_next(world.parts, KINDS):
        done += 1
    return done


def be_asked(world: World, contractor: Contractor) -> tuple[Viewer, PresenceCheck]:
    """Go to the next asking of *contractor*, log them in right before, and have the worker ask."""
    (job,) = [job for job in jobs(world) if job.payload["person"] == contractor.id]
    go_to(world, job.due_at)
    viewer = world.login(contractor)
    work(world)
    return viewer, checks(world)[-1]


def contend(world: World, *contractors: Contractor, by: str = "host") -> None:
    with world.parts.db.write() as session:
        people = [contractor.id for contractor in contractors]
        events = contention.contend(session, world.parts, people, reason="test", by=by)
        world.parts.commit(session, *events)


def begin(world: World, viewer: Viewer, contractor: Contractor, check: PresenceCheck) -> dict[str, Any]:
    """Return what :func:`finish` sends: a touch of the right key."""
    browser = "b-" + contractor.name
    begun = presence_answer.begin(world.parts, viewer, check.id, browser=browser)
    return {
        "ceremony": begun["ceremony"],
        "credential": contractor.key.sign(begun["publicKey"], world.origin),
        "browser": browser,
    }


def answer(world: World, viewer: Viewer, contractor: Contractor, check: PresenceCheck) -> None:
    presence_answer.finish(world.parts, viewer, **begin(world, viewer, contractor, check))


def close(world: World) -> None:
    """Let the window and its grace pass, and have the worker close the round.

    Only that: another asking, drawn at random, may be due by then.
    """
    world.clock.advance(seconds=world.parts.limits.presence_window.total_seconds() + 6)
    while run_next(world.parts, {CLOSE: KINDS[CLOSE]}):
        pass
