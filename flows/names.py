"""Whose id is this? Records and decisions keep pseudonymous ids; pages for admins show names."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.catalog import Service
from models.devices import Device
from models.people import Person

_FIXED = {"host": "the command line", "-": "nobody known"}


def names_of(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return a name for every id: a display name, title or label, or the id itself if it has none."""
    asked = set(ids)
    names = {id_: _FIXED.get(id_, id_) for id_ in asked}
    for column_id, column_name in (
        (Person.id, Person.display_name),
        (Service.id, Service.title),
        (Device.id, Device.name),
    ):
        rows = session.execute(select(column_id, column_name).where(column_id.in_(asked)))
        names |= {row[0]: row[1] for row in rows}
    return names
