"""Which site is a proxy asking for, and may it?

Who attacks this: a client that has its proxy name another site, whose rules
are wider (the origin must be one that is registered for the service which the
proxy proves to be), a service that speaks as another kind of proxy than it was
entered as, so that other headers would count (refused and recorded).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from domain.errors import Forbidden
from domain.sites import Site, origin
from flows.parts import Parts
from flows.pep import active_service, refusal
from models.catalog import Service, covers, services
from models.sessions import count_try

_RECORD_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request went, as the proxy says. *scheme* is None where its dialect does not tell it."""

    dialect: str
    scheme: str | None
    host: str


def find_site(parts: Parts, service_id: str, place: Place) -> Site:
    """Return the service's site at *place*. Raises Forbidden, recorded at most once a minute."""
    with parts.db.read() as session:
        service = active_service(session, service_id)
    site = _registered(service, place)
    if service.dialect == place.dialect and site is not None:
        return site
    part = "dialect" if service.dialect != place.dialect else "site"
    now = parts.clock.now()
    with parts.db.write() as session:
        first = count_try(session, f"site-refused:{service_id}:{part}", now, _RECORD_EVERY) == 1
        said = {"dialect": place.dialect, "host": place.host[:128]}
        parts.commit(session, *([refusal(service, part, **said)] if first else []))
    raise Forbidden(
        "the proxy asks for a site that is not its own",
        code="outside-scope",
        remedy="An admin must enter the site, and the kind of proxy, with the service.",
        outside=part,
    )


def _registered(service: Service, place: Place) -> Site | None:
    schemes = (place.scheme,) if place.scheme is not None else ("https", "http")
    meant = {origin(scheme, place.host) for scheme in schemes}
    found = [site for site in map(Site.of, service.sites) if site.origin in meant]
    return found[0] if len(found) == 1 else None


def registered_site(session: Session, asked_origin: str) -> tuple[Service, Site] | None:
    """Return the active service that has a site of this origin, with the site."""
    for service in services(session):
        for site in map(Site.of, service.sites):
            if service.state == "active" and site.origin == asked_origin:
                return service, site
    return None


@dataclass(frozen=True, slots=True)
class Found:
    """A site as people know it."""

    title: str
    address: str


def known_site(parts: Parts, asked_origin: str) -> Found | None:
    with parts.db.read() as session:
        found = registered_site(session, asked_origin)
        return Found(found[0].title, found[1].origin) if found else None


def site_with(parts: Parts, resource: str) -> Found | None:
    """Return where *resource* is found on a site, the nearest one, if it is on any."""
    with parts.db.read() as session:
        lying = [
            (site, service.title)
            for service in services(session)
            for site in map(Site.of, service.sites)
            if service.state == "active" and covers(site.resource, resource)
        ]
    if not lying:
        return None
    site, title = max(lying, key=lambda pair: (len(pair[0].resource), pair[0].origin))
    return Found(title, site.address_of(resource))
