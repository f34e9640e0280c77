"""What the tests of touches and company share: logging people in, and looking at what was observed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from domain.evidence import Kind
from evidence.standing import standing
from flows import login
from flows.session import Viewer, current
from models.evidence import ObservationRow, observations_for
from tests.world import HOME, Contractor, World

FARM = "203.0.113.66"
ELSEWHERE = "203.0.113.200"


def walk_along(world: World, people: list[Contractor], *, address: str, seconds: int = 20) -> list[Viewer]:
    """Log *people* in, one after the other, as one pair of hands does it."""
    viewers = []
    for person in people:
        world.clock.advance(seconds=seconds)
        viewers.append(world.login(person, address=address))
    return viewers


def log_in(world: World, person: Contractor, *, browser: str, address: str = HOME, **changes: Any) -> Viewer:
    """Log in from a certain browser; *changes* edit what the browser says beside the signature."""
    begun = login.begin(world.parts, login_name=person.name, browser=browser, address=address)
    answer = {**person.key.sign(begun["publicKey"], world.origin), **changes}
    done = login.finish(
        world.parts, ceremony=begun["ceremony"], credential=answer, browser=browser, address=address
    )
    viewer = current(world.parts, done.cookie, address)
    assert viewer is not None
    return viewer


def newest(world: World, viewer: Viewer, kind: Kind) -> ObservationRow:
    with world.parts.db.read() as session:
        row = session.scalars(
            select(ObservationRow)
            .where(ObservationRow.session_id == viewer.session_id, ObservationRow.kind == kind.value)
            .order_by(ObservationRow.received_at.desc())
            .limit(1)
        ).one()
        session.expunge(row)
        return row


def in_force(world: World, viewer: Viewer, kind: Kind) -> bool:
    """Whether something adverse of *kind* stands for this session now."""
    with world.parts.db.read() as session:
        known = observations_for(session, viewer.person_id, viewer.session_id)
    found = standing(known, kind, session=viewer.session_id, now=world.clock.now())
    return bool(found.adverse)
