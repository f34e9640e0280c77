"""What does the database say of one person, and of one session of theirs? Read before anything is decided.

Nothing here depends on the time or decides: who asks a moment later, before
anything changed, may use the same facts again (see ``flows.memory``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from domain.access import Link, SubjectKind
from domain.decision import Revisions
from domain.evidence import Observation
from flows.bundles import COMPILED
from flows.custody import level_of_key
from flows.liveness import Roots
from models.access import Grant, live_grants
from models.catalog import Resource, resources
from models.devices import Device
from models.entities import EVERY, Entity, entity_by_key, stored_types
from models.evidence import observations_for
from models.instance import state_revision
from models.keys import Credential
from models.people import Engagement, Person, engagements, memberships
from models.policy import newest_publication
from models.presence import PresenceCheck, checks_since
from policies.bundle import Bundle

PRESENCE_MEMORY = timedelta(days=1)
"""How long a missed unannounced touch can close a door, whatever session it was put to."""


class Catalogue:
    """The resources that are registered, and the types of which every resource is known."""

    def __init__(self, rows: Iterable[Resource], types: Iterable[str] = ()) -> None:
        self._ids = frozenset(row.id for row in rows)
        self._types = frozenset(types)

    def covers(self, resource: str) -> bool:
        """Whether *resource* is registered, lies below one that is, or is of such a type."""
        if resource.partition(":")[0] in self._types:
            return True
        while resource not in self._ids:
            resource, slash, _ = resource.rpartition("/")
            if not slash:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Shared:
    """What is the same for all questions: the rules in force, the revisions, the registered resources.

    *entity_types*: types of which something is stored.
    """

    bundle: Bundle | None
    revisions: Revisions
    catalogue: Catalogue
    entity_types: frozenset[str] = frozenset()

    def at(self, state: int) -> Shared:
        """Return the same as of the revision *state*, under which it still holds."""
        return replace(self, revisions=replace(self.revisions, state=state))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one person and one session, or of an *entity* that asks.

    The last three are empty where no session is named.

    *memberships*: each with its end; *device_states*: of all their laptops;
    *grants*: of the session, soonest end first.
    """

    person: Person | None
    engagements: Sequence[Engagement]
    memberships: Sequence[tuple[Link, datetime | None]]
    device_states: frozenset[str]
    observations: Sequence[Observation]
    entity: Entity | None = None
    custody: int | None = None
    checks: Sequence[PresenceCheck] = ()
    grants: Sequence[Grant] = ()


NOBODY_KNOWN = Facts(None, (), (), frozenset(), ())
"""What is known of somebody who is not here."""


def published(session: Session) -> tuple[Bundle | None, Revisions]:
    """Return the bundle in force, and the revisions that a decision must name."""
    publication = newest_publication(session)
    state = state_revision(session)
    if publication is None:
        return None, Revisions(state=state)
    bundle = COMPILED.of(session, publication.digest)
    return bundle, Revisions(publication.revision, publication.digest, state)


def shared_facts(session: Session) -> Shared:
    """Read what all questions share."""
    bundle, revisions = published(session)
    types, whole = stored_types(session)
    return Shared(bundle, revisions, Catalogue(resources(session), whole), types)


def facts_of(session: Session, person_id: str, roots: Roots | None, now: datetime) -> Facts:
    """Read what is known of a person and of the session *roots*; all that can matter at *now* or later.

    *person_id* may be the key of an entity, ``type:id``, which has no session.
    """
    if ":" in person_id:
        return _facts_of_entity(session, person_id, now)
    things = session.execute(
        union_all(
            select(Device.id, Device.state, literal(True)).where(Device.person_id == person_id),
            select(Credential.id, Credential.state, literal(False)).where(Credential.person_id == person_id),
        )
    ).all()
    revoked = [id_ for id_, state, _ in things if state == "revoked"]
    session_id = roots.session.id if roots else None
    return Facts(
        person=session.get(Person, person_id),
        engagements=engagements(session, person_id),
        memberships=tuple(memberships(session, person_id, SubjectKind.PERSON.value, now)),
        device_states=frozenset(state for _, state, is_device in things if is_device),
        observations=observations_for(session, person_id, session_id, revoked_devices=revoked),
        custody=level_of_key(session, roots.credential) if roots else None,
        checks=checks_since(session, person_id, now - PRESENCE_MEMORY) if roots else (),
        grants=live_grants(session, roots.session.id, now) if roots else (),
    )


def _facts_of_entity(session: Session, key: str, now: datetime) -> Facts:
    """Read what is known of a stored entity: it has no key, no laptop and no evidence."""
    entity = entity_by_key(session, key) if not key.endswith(f":{EVERY}") else None
    links: tuple[tuple[Link, datetime | None], ...] = ()
    if entity is not None:
        held = memberships(session, entity.id, entity.type, now)
        links = tuple((Link(key, link.group), end) for link, end in held)
    return Facts(None, (), links, frozenset(), (), entity)
