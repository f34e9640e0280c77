"""An admin changes something: one transaction, its records, and for what ends access a touch.

The caller has asked ``flows.admin``. Who attacks this: malware behind the
admin's page (ending access asks for a touch over exactly that ending, spent in
the same transaction: no touch without the change, no change without the
touch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event
from domain.errors import Conflict
from flows import activate, catalog, people, services
from flows.parts import Parts
from flows.services import ServiceForm
from flows.tap import Tap, spend
from models.catalog import Resource

Events = Event | Sequence[Event]
Change = Callable[[Session], Events]


@dataclass(frozen=True, slots=True)
class Engaged:
    """The engagement that a new contractor comes with."""

    vendor: str
    sponsor: str
    project: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Once:
    """A secret that is shown to the admin once: its owner, its text, and when it stops working.

    *code*: what activates the key that a link registers; it goes another way than the link.
    """

    id: str
    secret: str
    until: datetime | None
    code: str = ""
    code_until: datetime | None = None


def carry_out(parts: Parts, change: Change) -> None:
    """Commit *change* with the records that it returns."""
    with parts.db.write() as session:
        events = change(session)
        parts.commit(session, *([events] if isinstance(events, Event) else events))


def carry_out_tapped(
    parts: Parts,
    touch: Tap,
    action: Callable[[str], dict[str, Any]],
    change: Callable[[Session, str], Events],
) -> None:
    """Spend *touch* and commit *change*, or neither.

    *action* composes, from the reason that was signed, the one action that the
    touch must be for. *change* is given that reason.
    """
    now = parts.clock.now()
    reason = str(touch.action.get("reason", ""))

    def spent(session: Session) -> Events:
        spend(session, touch, action(reason), now)
        return change(session, reason)

    carry_out(parts, spent)


def enter_person(
    parts: Parts, *, name: str, display_name: str, engaged: Engaged | None, roles: Sequence[str], by: str
) -> Once:
    """Enter a person with engagement and memberships, and make the link that registers their key."""
    with parts.db.write() as session:
        row, created = people.create_person(session, parts, name=name, display_name=display_name, by=by)
        events = [created]
        if engaged is not None:
            events.append(_engage(session, parts, row.id, engaged, by))
        events += [people.assign(session, parts, row.id, role, not_after=None, by=by) for role in roles]
        made, more = _invite(session, parts, row.id, by)
        parts.commit(session, *events, *more)
        return made


def engage(parts: Parts, person_id: str, engaged: Engaged, *, by: str) -> None:
    """Enter one more engagement of a person."""
    carry_out(parts, lambda session: _engage(session, parts, person_id, engaged, by))


def invite(parts: Parts, person_id: str, *, by: str) -> Once:
    """Make a new link for a person without a working key; older links stop working."""
    with parts.db.write() as session:
        made, events = _invite(session, parts, person_id, by)
        parts.commit(session, *events)
        return made


def activation_code(parts: Parts, person_id: str, *, by: str) -> Once:
    """Make a new activation code for a person; older codes stop working."""
    with parts.db.write() as session:
        code, made = activate.make_code(session, parts, person_id, by=by)
        parts.commit(session, made)
        return Once(person_id, "", None, code, parts.clock.now() + parts.limits.activation_code)


def enter_resource(session: Session, parts: Parts, *, id: str, by: str, **fields: Any) -> Event:
    """Enter a resource that is not there yet; the caller commits the event."""
    if session.get(Resource, id) is not None:
        raise Conflict(
            f"the resource `{id}` exists already", code="resource-known", remedy="Open it instead."
        )
    return catalog.save_resource(session, parts, id=id, by=by, **fields)


def enter_service(parts: Parts, *, name: str, form: ServiceForm, by: str) -> str:
    """Enter a service and return its id."""
    with parts.db.write() as session:
        row, events = services.create_service(session, parts, name=name, form=form, by=by)
        parts.commit(session, *events)
        return row.id


def service_secret(parts: Parts, service_id: str, *, by: str) -> Once:
    """Make a service's new secret."""
    with parts.db.write() as session:
        secret, events = services.make_secret(session, parts, service_id, by=by)
        parts.commit(session, *events)
        return Once(service_id, secret, None)


def _engage(session: Session, parts: Parts, person_id: str, engaged: Engaged, by: str) -> Event:
    return people.add_engagement(
        session,
        parts,
        person_id,
        vendor=engaged.vendor,
        sponsor=engaged.sponsor,
        project=engaged.project,
        starts_at=engaged.starts_at,
        ends_at=engaged.ends_at,
        by=by,
    )


def _invite(session: Session, parts: Parts, person_id: str, by: str) -> tuple[Once, list[Event]]:
    now = parts.clock.now()
    secret, invited = people.invite(session, parts, person_id, by=by)
    code, made = activate.make_code(session, parts, person_id, by=by)
    ends, code_ends = now + parts.limits.invite, now + parts.limits.activation_code
    return Once(person_id, _link(parts, secret), ends, code, code_ends), [invited, made]


def _link(parts: Parts, secret: str) -> str:
    return f"{parts.deployment.public_url}/register/{secret}"
