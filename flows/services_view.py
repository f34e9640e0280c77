"""An admin looks at the services: what each guards, and how it proves itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.errors import NotFound
from flows.ending import Loss, losses_of_resource, losses_of_service
from flows.parts import Parts
from models.catalog import Resource, Service, ServiceSecret, covers, resources, secrets_of, services
from models.entities import stored_types


@dataclass(frozen=True, slots=True)
class ServicePage:
    """One service: its secrets (never their text), what it guards, and what would end with it."""

    service: Service
    secrets: tuple[ServiceSecret, ...]
    guards: tuple[Resource, ...]
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class ResourcePage:
    resource: Resource
    losses: tuple[Loss, ...]


def list_services(parts: Parts) -> tuple[Service, ...]:
    with parts.db.read() as session:
        return tuple(services(session))


def entity_types(parts: Parts) -> tuple[str, ...]:
    """Return the types of the stored entities, which services may ask about."""
    with parts.db.read() as session:
        return tuple(sorted(stored_types(session)[0]))


def service_page(parts: Parts, service_id: str) -> ServicePage:
    """Return one service. Raises NotFound."""
    now = parts.clock.now()
    with parts.db.read() as session:
        row = session.get(Service, service_id)
        if row is None:
            raise NotFound("there is no such service")
        guarded = [r for r in resources(session) if any(covers(prefix, r.id) for prefix in row.prefixes)]
        secrets = [s for s in secrets_of(session, service_id) if _in_force(s.expires_at, now)]
        return ServicePage(row, tuple(secrets), tuple(guarded), losses_of_service(session, service_id, now))


def list_resources(parts: Parts) -> tuple[tuple[Resource, Service | None], ...]:
    """Return all resources with the service that each names as its guard."""
    with parts.db.read() as session:
        named = {row.id: row for row in services(session)}
        return tuple((row, named.get(row.service_id or "")) for row in resources(session))


def resource_page(parts: Parts, resource_id: str) -> ResourcePage:
    """Return one resource and whose open doors lead to it. Raises NotFound."""
    with parts.db.read() as session:
        row = session.get(Resource, resource_id)
        if row is None:
            raise NotFound("there is no such resource")
        return ResourcePage(row, losses_of_resource(session, row.id, parts.clock.now()))


def _in_force(expires_at: datetime | None, now: datetime) -> bool:
    return expires_at is None or expires_at > now
