"""A contractor looks at their own keys, sessions and laptops."""

from __future__ import annotations

from dataclasses import dataclass

from flows.liveness import read_roots, session_problem
from flows.parts import Parts
from flows.session import Viewer
from models.devices import Device, devices_of
from models.keys import Credential, credentials_of
from models.sessions import BrowserSession, sessions_of


@dataclass(frozen=True, slots=True)
class Mine:
    """What belongs to the viewer; *sessions* are the live ones."""

    keys: tuple[Credential, ...]
    sessions: tuple[BrowserSession, ...]
    laptops: tuple[Device, ...]


def my_things(parts: Parts, viewer: Viewer) -> Mine:
    now = parts.clock.now()
    with parts.db.read() as session:
        live = tuple(
            row
            for row in sessions_of(session, viewer.person_id, now)
            if session_problem(read_roots(session, row.id), now=now) is None
        )
        return Mine(
            tuple(credentials_of(session, viewer.person_id)),
            live,
            tuple(devices_of(session, viewer.person_id)),
        )
