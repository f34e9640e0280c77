"""Resources, the services that guard them (PEPs and OAuth clients), and their credentials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.sessions import RateCounter


class Service(Base):
    """An internal service: policy enforcement point, OAuth client, or both.

    *prefixes* bound the resources it may ask about and *subject_types* and
    *actions* the rest; *context_keys* and *properties* are the facts it is believed about,
    *searches* what it may search for (`subject`, `resource`, `action`).
    *audience* is the `aud` of tokens for its resources. *auth_method* is
    `client_secret`, `private_key_jwt` or `none` (a public client, PKCE only).
    *dialect*: how a proxy that asks for its *sites* speaks (see ``domain.sites``);
    None: it is no proxy.
    """

    __tablename__ = "services"

    id: Mapped[str] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    audience: Mapped[str] = mapped_column(unique=True)
    home_url: Mapped[str | None]
    redirect_uris: Mapped[list[str]]
    prefixes: Mapped[list[str]]
    subject_types: Mapped[list[str]]
    actions: Mapped[list[str]]
    context_keys: Mapped[list[str]]
    properties: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    searches: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    dialect: Mapped[str | None]
    sites: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    auth_method: Mapped[str]
    jwk: Mapped[dict[str, Any] | None]
    epoch: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(default="active")
    created_at: Mapped[datetime]

    @property
    def believed(self) -> list[str]:
        """The properties that it is believed about, as rules name them: ``resource.ownerID``."""
        return [*self.properties, *(f"context.{key}" for key in self.context_keys)]


class ServiceSecret(Base):
    """One of a service's secrets, by digest; two may overlap while it is rotated."""

    __tablename__ = "service_secrets"

    id: Mapped[str] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("services.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class Resource(Base):
    """Something that can be opened. Its id is `type:path`; *actions* are what can be done."""

    __tablename__ = "resources"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    description: Mapped[str]
    actions: Mapped[list[str]]
    service_id: Mapped[str | None] = mapped_column(ForeignKey("services.id"))
    created_at: Mapped[datetime]


def resources(session: Session) -> Sequence[Resource]:
    return session.scalars(select(Resource).order_by(Resource.title, Resource.id)).all()


def services(session: Session) -> Sequence[Service]:
    return session.scalars(select(Service).order_by(Service.name)).all()


def service_by_name(session: Session, name: str) -> Service | None:
    return session.scalar(select(Service).where(Service.name == name))


def lock_service(session: Session, service_id: str, *, share: bool = False) -> Service | None:
    """Lock one service's row (third in the lock order)."""
    query = select(Service).where(Service.id == service_id).execution_options(populate_existing=True)
    return session.scalar(query.with_for_update(read=share))


def service_by_secret(session: Session, digest: str) -> tuple[Service, datetime | None] | None:
    """Return the active service that this secret belongs to, and when the secret ends."""
    row = session.execute(
        select(Service, ServiceSecret.expires_at)
        .join(ServiceSecret, ServiceSecret.service_id == Service.id)
        .where(ServiceSecret.digest == digest, Service.state == "active")
    ).one_or_none()
    return (row[0], row[1]) if row is not None else None


def secrets_of(session: Session, service_id: str) -> Sequence[ServiceSecret]:
    return session.scalars(
        select(ServiceSecret)
        .where(ServiceSecret.service_id == service_id)
        .order_by(ServiceSecret.created_at.desc())
    ).all()


def spend_assertion(session: Session, service_id: str, jti_digest: str, expires_at: datetime) -> bool:
    """Let an assertion of one service in once: of any number of parallel callers exactly one gets True.

    The row counts one try in a window that begins when the assertion ends, so
    that whatever clears old counters clears it when it cannot be replayed any more.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"key": f"assertion:{service_id}:{jti_digest}", "window": expires_at, "count": 1}
    statement = insert(RateCounter).values(**row).on_conflict_do_nothing().returning(RateCounter.key)
    return session.execute(statement).one_or_none() is not None


def service_for_resource(session: Session, resource: str) -> Service | None:
    """Return the active service that guards *resource*: the one with the longest matching prefix."""
    guarding = [
        (max(len(prefix) for prefix in row.prefixes if covers(prefix, resource)), row)
        for row in services(session)
        if row.state == "active" and any(covers(prefix, resource) for prefix in row.prefixes)
    ]
    return max(guarding, key=lambda pair: (pair[0], pair[1].name))[1] if guarding else None


def guard_of(session: Session, resource: str) -> Service | None:
    """Return the active service that guards *resource*: its token's audience.

    The service named by the nearest resource that covers it; where none is
    named, the service with the longest matching prefix.
    """
    covering = [row for row in resources(session) if row.service_id and covers(row.id, resource)]
    if not covering:
        return service_for_resource(session, resource)
    named = session.get(Service, max(covering, key=lambda row: len(row.id)).service_id)
    return named if named is not None and named.state == "active" else None


def covers(prefix: str, resource: str) -> bool:
    """Whether *prefix* names *resource* or one of its parents, at a segment boundary."""
    if prefix.endswith((":", "/")):
        return resource.startswith(prefix) and len(resource) > len(prefix)
    return resource == prefix or resource.startswith(prefix + "/")
