"""The operator keeps entities: subjects and resources that are no people here, and what is known of them.

Who attacks this: whoever writes the file that is loaded. An entity cannot be a
person, a service, a laptop or a thing of Doorward's own (their types are
reserved), nor hold a role that has power over Doorward. A property is yes or no,
a whole number or a word. It proves nothing: an entity has no key, no session and
no evidence, so only a standing rule that asks for none opens anything to it.
Every function returns the events to record; the caller commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.access import entity_id
from domain.errors import Invalid, NotFound
from domain.properties import is_key, type_of
from flows.parts import Parts
from flows.people import assign, unassign
from models.entities import EVERY, Entity, entity_by_key
from models.people import Principal, live_assignments
from policies.names import ADMIN_ROLES

MOST_PROPERTIES = 64


@dataclass(frozen=True, slots=True)
class EntityForm:
    """What is said of one entity. *id* `*`: every resource of the type is known, whichever it is."""

    type: str
    id: str
    properties: Mapping[str, Any] = field(default_factory=dict, hash=False)
    groups: Sequence[str] = ()

    def checked(self) -> str:
        """Return the whole id, `type:id`. Raises Invalid for what no entity can be."""
        whole = self.id == EVERY
        key = entity_id(self.type, "every" if whole else self.id)
        if whole and (self.properties or self.groups):
            raise Invalid(
                f"`{self.type}:*` is no single entity: it has no properties or groups", code="entity"
            )
        if len(self.properties) > MOST_PROPERTIES:
            raise Invalid(f"`{key}` has more than {MOST_PROPERTIES} properties", code="entity")
        for name, value in self.properties.items():
            if not is_key(name) or type_of(value) is None:
                raise Invalid(
                    f"`{name[:80]}` of `{key}` is no property",
                    code="entity",
                    remedy="A property has a name of letters, digits, - and _, and is true or false, a whole "
                    "number from 0, or 1 to 256 printable characters.",
                )
        for group in self.groups:
            if group in ADMIN_ROLES:
                raise Invalid(f"`{group}` has power over Doorward: only people hold it", code="reserved-role")
        return f"{self.type}:{EVERY}" if whole else key


def save_entity(session: Session, parts: Parts, form: EntityForm, *, by: str) -> list[Event]:
    """Enter an entity, or bring it up to date: its properties and groups are those of *form* afterwards.

    Nothing is recorded where nothing changes. Raises Invalid.
    """
    key, properties = form.checked(), dict(form.properties)
    row = entity_by_key(session, key)
    changed = row is None or row.properties != properties
    if row is None:
        principal = Principal(id=parts.ids.new("ent"), kind="entity")
        session.add(principal)
        session.flush()
        row = Entity(id=principal.id, key=key, type=form.type, created_at=parts.clock.now())
        session.add(row)
    row.properties = properties
    session.flush()
    details = {"entity": key, "properties": properties}
    saved = [Event(EventKind.ENTITY_SAVED, by, row.id, details)] if changed else []
    return saved + _groups(session, parts, row.id, form.groups, by)


def remove_entity(session: Session, parts: Parts, key: str, *, by: str) -> list[Event]:
    """Remove an entity: it may do nothing from the commit on, and its memberships end. Raises NotFound."""
    row = entity_by_key(session, key)
    if row is None:
        raise NotFound("there is no such entity", remedy="See: doorward entities list")
    ended = _groups(session, parts, row.id, (), by)
    session.delete(row)
    session.flush()
    return [*ended, Event(EventKind.ENTITY_REMOVED, by, row.id, {"entity": key})]


def _groups(session: Session, parts: Parts, id: str, groups: Sequence[str], by: str) -> list[Event]:
    """Have the entity belong to exactly *groups*."""
    held = {row.group: row.id for row in live_assignments(session, id, parts.clock.now())}
    ended = [unassign(session, parts, held[group], by=by) for group in held.keys() - set(groups)]
    missing = [group for group in dict.fromkeys(groups) if group not in held]
    return ended + [assign(session, parts, id, group, not_after=None, by=by) for group in missing]
