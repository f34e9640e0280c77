"""What is known of key models has changed: which registered keys must stop, and what ends with them?

Who attacks this: whoever holds a key whose model was found to be weak, and
hopes that what is registered goes on. So every import of metadata, every denial
and every start with other settings judges all working keys again, and stops
those that fall in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.metadata.enrolled import EnrolledKey, rules_against
from authn.trust import Trust
from domain.custody import Step
from domain.key_rules import KeyRule
from flows.custody import follows_key
from flows.end_access import end_root
from flows.parts import Parts
from flows.trust import trust
from models.instance import raise_trust_revision
from models.keys import Credential, lock_credential, set_key_state
from models.metadata import lock_imports
from models.people import Assignment, Person, lock_person

WORKING = ("pending", "active")
_BLOCKED = "model-blocked: "


@dataclass(frozen=True, slots=True)
class Fallen:
    """A working key that must stop, and why."""

    key: Credential
    rules: tuple[KeyRule, ...]
    statuses: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """Return this as a record and a report hold it."""
        return {
            "key": self.key.id,
            "person": self.key.person_id,
            "label": self.key.label,
            "aaguid": self.key.aaguid,
            "rules": [rule.value for rule in self.rules],
            "statuses": list(self.statuses),
        }


def fallen(session: Session, counts: Trust, now: datetime) -> tuple[Fallen, ...]:
    """Return the working keys that must stop by what *counts*, oldest first."""
    query = select(Credential).where(Credential.state.in_(WORKING)).order_by(Credential.id)
    found = []
    for key in session.scalars(query):
        rules = against(key, counts, now)
        if rules:
            model = counts.model(key.aaguid)
            statuses = tuple(r.status for r in model.statuses if r.holds(now)) if model else ()
            found.append(Fallen(key, rules, statuses))
    return tuple(found)


def against(key: Credential, counts: Trust, now: datetime) -> tuple[KeyRule, ...]:
    """Return the rules for which a registered key must not work by what *counts*; often none."""
    stored = EnrolledKey.of(
        key.aaguid, key.algorithm, leaf=key.leaf, attestation_object=key.attestation_object
    )
    return rules_against(stored, counts, now)


def rules_in(reason: str) -> tuple[KeyRule, ...]:
    """Return the rules that the reason of a key's state names; none if the key was stopped otherwise."""
    if not reason.startswith(_BLOCKED):
        return ()
    named = reason.removeprefix(_BLOCKED).split(", ")
    return tuple(rule for rule in KeyRule if rule.value in named)


def stop(session: Session, parts: Parts, found: Sequence[Fallen], *, by: str, now: datetime) -> list[Event]:
    """Suspend the keys that fell and end what they opened; the caller commits the events.

    A change of what counts raises the revision of trust, whether or not a key fell.
    """
    # Person, key, instance: the order of every flow. (That of the owner is needed although they
    # are not changed: PostgreSQL asks for it when a row is updated twice.)
    for person_id in sorted({one.key.person_id for one in found}):
        lock_person(session, person_id, share=True)
    locked = [one for one in found if _working(session, one)]
    raise_trust_revision(session)
    events = []
    for one in locked:
        reason = _BLOCKED + ", ".join(rule.value for rule in one.rules)
        set_key_state(session, one.key, "suspended", id=parts.ids.new("kst"), by=by, reason=reason, now=now)
        events.append(Event(EventKind.KEY_MODEL_BLOCKED, by, one.key.person_id, one.told()))
        events.append(end_root(session, "key", one.key.id, cause="key-model-blocked", by=by))
        events += follows_key(session, parts, one.key, Step.SUSPENDED, by=by)
    return events


def reassess(parts: Parts, *, by: str = "host") -> tuple[Fallen, ...]:
    """Judge every working key anew and stop those that fall; writes nothing where none does.

    Called at every start: settings may ask for more than before.
    """
    now = parts.clock.now()
    with parts.db.read() as session:
        if not fallen(session, trust(session, parts), now):
            return ()
    with parts.db.write() as session:
        found, events = settle(session, parts, by=by, now=now)
        parts.commit(session, *events)
        return found


def settle(
    session: Session, parts: Parts, *, by: str, now: datetime
) -> tuple[tuple[Fallen, ...], list[Event]]:
    """Stop the working keys that fall by what counts now; the caller commits the events."""
    lock_imports(session)
    found = fallen(session, trust(session, parts), now)
    return found, stop(session, parts, found, by=by, now=now) if found else []


def locks_out_admins(session: Session, found: Sequence[Fallen], now: datetime) -> bool:
    """Return whether no admin would have a working key any more, though one has now."""
    working = set(
        session.scalars(
            select(Credential.id)
            .join(Person, Person.id == Credential.person_id)
            .join(Assignment, Assignment.principal_id == Person.id)
            .where(
                Credential.state == "active",
                Person.state == "active",
                Assignment.group == "role:admin",
                Assignment.ended_at.is_(None),
                Assignment.not_after.is_(None) | (Assignment.not_after > now),
            )
        )
    )
    return bool(working) and working <= {one.key.id for one in found}


def _working(session: Session, one: Fallen) -> bool:
    locked = lock_credential(session, one.key.id)
    return locked is not None and locked.state in WORKING
