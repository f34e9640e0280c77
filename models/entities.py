"""Entities: subjects and resources of types of the organisation's own, with their properties."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base

EVERY = "*"
"""The id that stands for every entity of a type."""


class Entity(Base):
    """A subject that is no person here, a resource, or both: *key* is `type:id`, its *id* says nothing of it.

    *properties* are what rules may ask for. `type:*` says that every resource of
    the type is known, whichever it is; it is no subject.
    """

    __tablename__ = "entities"

    id: Mapped[str] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str] = mapped_column(index=True)
    properties: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


def entities(session: Session, *types: str) -> list[Entity]:
    """Return all single entities, or those of some types, by key."""
    query = select(Entity).where(Entity.type.in_(types)) if types else select(Entity)
    rows = (row for row in session.scalars(query) if not row.key.endswith(f":{EVERY}"))
    return sorted(rows, key=lambda row: row.key)


def entity_by_key(session: Session, key: str) -> Entity | None:
    return session.scalar(select(Entity).where(Entity.key == key))


def properties_of(session: Session, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the properties of each entity of *keys* that is stored."""
    query = select(Entity.key, Entity.properties).where(Entity.key.in_(list(keys)))
    return {row.key: row.properties for row in session.execute(query)}


def stored_types(session: Session) -> tuple[frozenset[str], frozenset[str]]:
    """Return the types of which something is stored, and those of which every resource is known."""
    types = frozenset(session.scalars(select(Entity.type).distinct()))
    whole = {f"{type_}:{EVERY}" for type_ in types}
    known = session.scalars(select(Entity.type).where(Entity.key.in_(whole))) if whole else ()
    return types, frozenset(known)
