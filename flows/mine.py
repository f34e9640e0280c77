"""A contractor looks at their own keys, sessions and laptops."""

from __future__ import annotations

from dataclasses import dataclass

from domain.custody import CustodyLevel
from flows.custody import level_of_key
from flows.liveness import read_roots, session_problem
from flows.parts import Parts
from flows.session import Viewer
from models.devices import Device, devices_of
from models.keys import Credential, credentials_of
from models.sessions import BrowserSession, sessions_of


@dataclass(frozen=True, slots=True)
class Mine:
    """What belongs to the viewer: *custody* by key, *sessions* that live."""

    keys: tuple[Credential, ...]
    custody: dict[str, CustodyLevel]
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
        keys = tuple(credentials_of(session, viewer.person_id))
        return Mine(
            keys,
            {key.id: CustodyLevel(level_of_key(session, key)) for key in keys},
            live,
            tuple(devices_of(session, viewer.person_id)),
        )
