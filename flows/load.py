"""A whole small company from one file: used by operators, the demo and the tests.

The format is TOML, documented in ``docs/load.md``. Everything in a document is
checked before anything is written, and written in one transaction: it is all
there, or nothing is. What exists already under the same name is brought up to
date (resources, services, rules) or left alone (people, networks, key models).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.errors import Conflict, Invalid
from domain.sites import Site
from flows import activate, catalog, people
from flows.document import Document, EngagementEntry, HoursEntry
from flows.entities import save_entity
from flows.parts import Parts
from flows.policy import publish_from_host
from flows.policy_view import published_as
from flows.presence_hours import HoursForm, clock_minutes, declare, form_of
from flows.services import ServiceForm, create_service, make_secret, update_service
from models.catalog import secrets_of, service_by_name
from models.keys import credentials_of
from models.people import Person, live_assignments, person_by_login
from models.presence import hours_of
from policies.bundle import load as load_bundle
from tokens.credentials import SECRET


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load made; secrets and links are shown once and stored nowhere."""

    summary: str
    people: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    invites: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load_document(parts: Parts, document: Document, *, invites: bool = False) -> Loaded:
    """Write everything in *document* in one transaction; return what was made."""
    if document.policy is not None:
        load_bundle(document.policy)
    loaded = Loaded(summary=_summary(document))
    with parts.db.write() as session:
        events = [Event(EventKind.DOCUMENT_LOADED, "host", "-", {"summary": loaded.summary})]
        events += _models_and_networks(session, parts, document)
        for entry in document.entities:  # before the services, which name their types
            events += save_entity(session, parts, entry.form, by="host")
        events += _services(session, parts, document, loaded)
        events += _resources(session, parts, document)
        events += _people(session, parts, document, loaded, invites=invites)
        events += _policy(session, parts, document)
        parts.commit(session, *events)
    return loaded


def _summary(document: Document) -> str:
    counts = {
        "key models": len(document.key_models),
        "networks": len(document.networks),
        "services": len(document.services),
        "resources": len(document.resources),
        "people": len(document.people),
        "entities": len(document.entities),
    }
    rules = ", and rules" if document.policy is not None else ""
    return "loaded " + ", ".join(f"{n} {what}" for what, n in counts.items()) + rules


def _models_and_networks(session: Session, parts: Parts, document: Document) -> list[Event]:
    events = []
    for model in document.key_models:
        try:
            events.append(
                catalog.trust_key_model(
                    session,
                    parts,
                    aaguid=model.aaguid,
                    certificate_pem=model.certificate,
                    label=model.label,
                    by="host",
                )
            )
        except Conflict:
            continue
    for network in document.networks:
        try:
            events.append(
                catalog.name_network(
                    session,
                    parts,
                    cidr=network.cidr,
                    label=network.label,
                    kind=network.kind,
                    country=network.country,
                    asn=network.asn,
                    by="host",
                )
            )
        except Conflict:
            continue
        session.flush()
    return events


def _services(session: Session, parts: Parts, document: Document, loaded: Loaded) -> list[Event]:
    events: list[Event] = []
    for entry in document.services:
        sites = tuple(Site(**site.model_dump()) for site in entry.sites)
        form = ServiceForm(**entry.model_dump(exclude={"name", "sites"}), sites=sites)
        row = service_by_name(session, entry.name)
        if row is None:
            row, made = create_service(session, parts, name=entry.name, form=form, by="host")
        else:
            made = update_service(session, parts, row.id, form=form, by="host")
        events += made
        loaded.services[entry.name] = row.id
        if entry.auth_method == SECRET and not secrets_of(session, row.id):
            loaded.secrets[entry.name], secret_made = make_secret(session, parts, row.id, by="host")
            events += secret_made
    return events


def _resources(session: Session, parts: Parts, document: Document) -> list[Event]:
    events = []
    for entry in document.resources:
        service = service_by_name(session, entry.service) if entry.service else None
        if entry.service and service is None:
            raise Invalid(
                f"resource `{entry.id}` names the unknown service `{entry.service}`", code="service"
            )
        events.append(
            catalog.save_resource(
                session,
                parts,
                id=entry.id,
                title=entry.title,
                description=entry.description,
                actions=entry.actions,
                service_id=service.id if service else None,
                by="host",
            )
        )
    return events


def _people(
    session: Session, parts: Parts, document: Document, loaded: Loaded, *, invites: bool
) -> list[Event]:
    events: list[Event] = []
    for entry in document.people:
        person = person_by_login(session, entry.login_name)
        if person is None:
            person, created = people.create_person(
                session, parts, name=entry.login_name, display_name=entry.display_name, by="host"
            )
            events.append(created)
            if entry.engagement is not None:
                events.append(_engagement(session, parts, person, entry.engagement))
        events += _roles(session, parts, person, entry.roles, parts.clock.now())
        events += _hours(session, parts, person, entry.hours)
        loaded.people[entry.login_name] = person.id
        if invites and not any(k.state in {"active", "pending"} for k in credentials_of(session, person.id)):
            secret, invited = people.invite(session, parts, person.id, by="host")
            code, made = activate.make_code(session, parts, person.id, by="host")
            loaded.invites[entry.login_name] = f"{parts.deployment.public_url}/register/{secret}"
            loaded.codes[entry.login_name] = code
            events += [invited, made]
    return events


def _engagement(session: Session, parts: Parts, person: Person, entry: EngagementEntry) -> Event:
    return people.add_engagement(
        session,
        parts,
        person.id,
        vendor=entry.vendor,
        sponsor=entry.sponsor,
        project=entry.project,
        starts_at=entry.starts,
        ends_at=entry.ends,
        by="host",
    )


def _hours(session: Session, parts: Parts, person: Person, entry: HoursEntry | None) -> list[Event]:
    """Declare hours if they differ from those in force: a second load must not draw anew."""
    if entry is None:
        return []
    starts, ends = clock_minutes(entry.starts), clock_minutes(entry.ends)
    form = HoursForm(entry.zone, entry.days, starts, ends, entry.mean_gap)
    row = hours_of(session, person.id)
    if row is not None and form_of(row) == replace(form, days=tuple(sorted(set(form.days)))):
        return []
    return [declare(session, parts, person.id, form, by="host")]


def _roles(
    session: Session, parts: Parts, person: Person, roles: tuple[str, ...], now: datetime
) -> list[Event]:
    held = {row.group for row in live_assignments(session, person.id, now)}
    missing = [role for role in dict.fromkeys(roles) if role not in held]
    return [people.assign(session, parts, person.id, role, not_after=None, by="host") for role in missing]


def _policy(session: Session, parts: Parts, document: Document) -> list[Event]:
    if document.policy is None:
        return []
    if published_as(session, document.policy) is not None:
        return []
    return [publish_from_host(session, parts, document.policy)]
