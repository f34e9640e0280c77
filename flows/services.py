"""An admin keeps the internal services: what each guards, may ask, and how it proves itself.

Who attacks this: an admin account that gives a service a redirect address
elsewhere (absolute, https or this machine, compared exactly), that makes a
service speak for Doorward itself (the audience is not the broker's, prefixes
are not of the reserved type). Every function returns the events to record; the
caller has asked ``flows.admin`` and commits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import secret_digest
from crypto.jws import SignatureInvalid, public_key
from crypto.secrets import new_secret
from domain.access import RESERVED_TYPE, SubjectKind, action_name, resource_id
from domain.errors import Conflict, Invalid, NotFound
from domain.properties import is_key, is_name
from domain.sites import DIALECTS, Site, checked_site
from flows.end_access import end_root
from flows.parts import Parts
from flows.search import SEARCHES
from models.catalog import (
    Service,
    ServiceSecret,
    covers,
    lock_service,
    secrets_of,
    service_by_name,
    services,
)
from models.entities import stored_types
from models.people import Principal
from tokens.credentials import KEY, PUBLIC, SECRET

OVERLAP = timedelta(hours=24)
_NAME = re.compile(r"[a-z][a-z0-9-]{1,62}\Z")
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,512}\Z")
_LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class ServiceForm:
    """What an admin enters about a service. See ``models.catalog.Service`` for the meanings."""

    title: str
    audience: str
    auth_method: str
    home_url: str | None = None
    redirect_uris: Sequence[str] = ()
    prefixes: Sequence[str] = ()
    subject_types: Sequence[str] = (SubjectKind.PERSON.value,)
    actions: Sequence[str] = ()
    context_keys: Sequence[str] = ()
    properties: Sequence[str] = ()
    searches: Sequence[str] = ()
    dialect: str | None = None
    sites: Sequence[Site] = ()
    jwk: Mapping[str, Any] | None = field(default=None, hash=False)


def create_service(
    session: Session, parts: Parts, *, name: str, form: ServiceForm, by: str
) -> tuple[Service, list[Event]]:
    """Enter a service. Raises Invalid or Conflict."""
    if not _NAME.match(name):
        raise Invalid(
            f"`{name[:80]}` is not a service name",
            code="service-name",
            remedy="Use lower-case letters, digits and -, starting with a letter.",
        )
    if service_by_name(session, name) is not None:
        raise Conflict(f"the service name `{name}` is taken", code="service-name-taken")
    values = _checked(session, parts, form, own_id=None)
    row = Service(id=parts.ids.new("svc"), name=name, created_at=parts.clock.now(), **values)
    session.add(Principal(id=row.id, kind=SubjectKind.SERVICE.value))
    session.flush()
    session.add(row)
    return row, [_saved(row, by)]


def update_service(
    session: Session, parts: Parts, service_id: str, *, form: ServiceForm, by: str
) -> list[Event]:
    """Change a service. When what it proves itself with or is named by changes, its tokens end."""
    row = _active(session, service_id)
    values = _checked(session, parts, form, own_id=row.id)
    identity = ("audience", "auth_method", "jwk")
    turned = any(getattr(row, name) != values[name] for name in identity)
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    ended = [end_root(session, "service", row.id, cause="service-changed", by=by)] if turned else []
    return [_saved(row, by), *ended]


def disable_service(session: Session, service_id: str, *, by: str) -> list[Event]:
    """Stop a service for good: it may ask nothing, and the tokens it got end."""
    row = _active(session, service_id)
    row.state = "disabled"
    session.flush()
    ended = end_root(session, "service", row.id, cause="service-disabled", by=by)
    return [Event(EventKind.SERVICE_DISABLED, by, row.id, {"name": row.name}), ended]


def make_secret(
    session: Session, parts: Parts, service_id: str, *, by: str, overlap: timedelta = OVERLAP
) -> tuple[str, list[Event]]:
    """Make a new secret, shown once. Older ones work for *overlap* more, so that nothing breaks."""
    now = parts.clock.now()
    row = _active(session, service_id)
    if row.auth_method != SECRET:
        raise Conflict("this service does not prove itself by a secret", code="service-no-secret")
    until = now + overlap
    for old in secrets_of(session, service_id):
        old.expires_at = min(old.expires_at, until) if old.expires_at else until
    secret = new_secret("dwp", parts.randomness)
    session.add(
        ServiceSecret(
            id=parts.ids.new("sec"), service_id=service_id, digest=secret_digest(secret), created_at=now
        )
    )
    session.flush()
    details = {"name": row.name, "older_until": until.isoformat()}
    return secret, [Event(EventKind.SERVICE_SECRET_MADE, by, service_id, details)]


def _active(session: Session, service_id: str) -> Service:
    row = lock_service(session, service_id)
    if row is None or row.state != "active":
        raise NotFound("there is no such active service")
    return row


def _saved(row: Service, by: str) -> Event:
    details = {
        name: getattr(row, name)
        for name in (
            "name", "audience", "auth_method", "redirect_uris", "prefixes", "actions", "believed", "searches",
            "dialect", "sites",
        )
    }  # fmt: skip
    return Event(EventKind.SERVICE_SAVED, by, row.id, details)


def _checked(session: Session, parts: Parts, form: ServiceForm, *, own_id: str | None) -> dict[str, Any]:
    """Return the columns that *form* says, or raise Invalid or Conflict."""
    title = form.title.strip()
    if not title or len(title) > 128:
        raise Invalid("a service needs a title", code="service-title")
    if form.auth_method not in {SECRET, KEY, PUBLIC}:
        raise Invalid(f"`{form.auth_method[:40]}` is not a way of authentication", code="service-auth-method")
    return {
        "title": title,
        "audience": _audience(session, parts, form.audience, own_id),
        "auth_method": form.auth_method,
        "home_url": _address(form.home_url, "home-url") if form.home_url else None,
        "redirect_uris": [_address(uri, "redirect-uri") for uri in form.redirect_uris],
        "prefixes": [_prefix(prefix) for prefix in form.prefixes],
        "subject_types": [_subject_type(session, kind) for kind in form.subject_types],
        "actions": [action_name(name) for name in form.actions],
        "context_keys": [_context_key(key) for key in form.context_keys],
        "properties": [_property(name) for name in form.properties],
        "searches": [_search(what) for what in form.searches],
        "dialect": _dialect(form),
        "sites": _sites(session, form, own_id),
        "jwk": _jwk(form),
    }


def _audience(session: Session, parts: Parts, audience: str, own_id: str | None) -> str:
    if not _PRINTABLE.match(audience) or not _scheme(audience):
        raise Invalid(
            "an audience is an absolute address", code="audience", remedy="Write https://api.example.org."
        )
    if audience == parts.deployment.public_url:
        raise Invalid("this is the broker's own audience", code="audience")
    taken = session.scalar(select(Service.id).where(Service.audience == audience))
    if taken is not None and taken != own_id:
        raise Conflict(f"the audience `{audience}` is another service's", code="audience-taken")
    return audience


def _address(presented: str, code: str) -> str:
    """Return an absolute https address (http on this machine only), without fragment or user."""
    try:
        parts = urlsplit(presented)
        local = parts.hostname in _LOCAL
        usable = parts.scheme == "https" or (parts.scheme == "http" and local)
        odd = parts.fragment or "#" in presented or parts.username is not None or not parts.hostname
    except ValueError:
        usable, odd = False, True
    if not usable or odd or not _PRINTABLE.match(presented):
        raise Invalid(
            f"`{presented[:120]}` is not an address to send people to",
            code=code,
            remedy="Write a full https address without a fragment (http on localhost only).",
        )
    return presented


def _prefix(prefix: str) -> str:
    """Return a resource, or all below it (`data:logs/`), or all of a type (`data:`)."""
    example = prefix + "x" if prefix.endswith((":", "/")) else prefix
    if resource_id(example).startswith(RESERVED_TYPE + ":"):
        raise Invalid("Doorward's own resources are guarded by itself", code="resource-reserved")
    return prefix


def _subject_type(session: Session, kind: str) -> str:
    stored, _ = stored_types(session)
    if kind not in {*SubjectKind, *stored}:
        known = ", ".join((*SubjectKind, *sorted(stored)))
        raise Invalid(
            f"`{kind[:40]}` is not a type of subject", code="subject-type", remedy=f"Known are {known}."
        )
    return kind


def _search(what: str) -> str:
    if what not in SEARCHES:
        raise Invalid(f"`{what[:40]}` is not searched for", code="search-kind")
    return what


def _context_key(key: str) -> str:
    if not is_key(key) or key in {"token", "grant_id"}:
        raise Invalid(f"`{key[:80]}` is not a name of a fact", code="context-key")
    return key


def _property(name: str) -> str:
    """Return the name of a property of subject, action or resource; those of the context are context keys."""
    if not is_name(name) or name.startswith("context."):
        raise Invalid(
            f"`{name[:80]}` is not the name of a property",
            code="property",
            remedy="Write for example resource.ownerID, subject.email or action.soft.",
        )
    return name


def _dialect(form: ServiceForm) -> str | None:
    if form.dialect is not None and form.dialect not in DIALECTS:
        raise Invalid(f"`{form.dialect[:40]}` is no proxy that is known", code="service-dialect")
    if (form.dialect is not None) != bool(form.sites):
        raise Invalid("a proxy has sites, and sites have a proxy", code="service-dialect")
    return form.dialect


def _sites(session: Session, form: ServiceForm, own_id: str | None) -> list[dict[str, Any]]:
    """Return the sites in their one spelling. An origin is one active service's; its resource is in reach."""
    checked = [checked_site(site) for site in form.sites]
    taken = {
        site["origin"]
        for row in services(session)
        if row.state == "active" and row.id != own_id
        for site in row.sites
    }
    for n, site in enumerate(checked):
        if site.origin in taken or site.origin in {other.origin for other in checked[:n]}:
            raise Conflict(f"the origin `{site.origin}` is another site's", code="site-taken")
        if not any(covers(prefix, site.resource) for prefix in form.prefixes):
            raise Invalid(
                f"`{site.resource}` is not among the resources that the service may ask about", code="site"
            )
    return [site.stored() for site in checked]


def _jwk(form: ServiceForm) -> dict[str, Any] | None:
    """Return the public key that goes with `private_key_jwt`; no other method has one."""
    if (form.jwk is not None) != (form.auth_method == KEY):
        raise Invalid("a public key belongs to private_key_jwt, and only to it", code="service-key")
    if form.jwk is None:
        return None
    try:
        public_key(form.jwk)
    except SignatureInvalid as error:
        raise Invalid(str(error), code="service-key") from error
    return {member: form.jwk[member] for member in ("kty", "crv", "x", "y")}


def _scheme(audience: str) -> str:
    try:
        return urlsplit(audience).scheme
    except ValueError:
        return ""
