"""An admin keeps the catalogue: resources, named networks, and trusted key models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_network

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.trust import read_anchors
from domain.access import RESERVED_TYPE, action_name, resource_id
from domain.errors import Conflict, Invalid, NotFound
from evidence.networks import NamedNetwork, NetworkKind
from flows.end_access import ended_grant
from flows.parts import Parts
from models.access import live_grants_of_resource
from models.catalog import Resource, Service
from models.evidence import Network
from models.instance import raise_trust_revision
from models.keys import TrustAnchor

_COUNTRY = re.compile(r"[A-Z]{2}\Z")


def save_resource(
    session: Session,
    parts: Parts,
    *,
    id: str,
    title: str,
    description: str,
    actions: Sequence[str],
    service_id: str | None,
    by: str,
) -> Event:
    """Enter or change a resource; the caller commits the event."""
    resource_id(id)
    if id.startswith(RESERVED_TYPE + ":"):
        raise Invalid(
            "resources of type `doorward` are Doorward's own", code="resource-id", remedy="Use another type."
        )
    names = [action_name(name) for name in actions]
    if not title.strip() or not names or len(set(names)) != len(names):
        raise Invalid("a resource needs a title and at least one action, each once", code="resource-fields")
    if service_id is not None and session.get(Service, service_id) is None:
        raise NotFound("there is no such service")
    row = session.get(Resource, id)
    if row is None:
        row = Resource(id=id, created_at=parts.clock.now())
        session.add(row)
    row.title, row.description = title.strip()[:128], description.strip()[:500]
    row.actions, row.service_id = names, service_id
    return Event(EventKind.RESOURCE_SAVED, by, "-", {"resource": id, "title": row.title, "actions": names})


def remove_resource(session: Session, parts: Parts, id: str, *, by: str) -> Event:
    """Remove a resource: what is open of it ends, and all about it is denied from the commit on."""
    now = parts.clock.now()
    row = session.get(Resource, id)
    if row is None:
        raise NotFound("there is no such resource")
    session.delete(row)
    for grant in live_grants_of_resource(session, id, now):
        ended_grant(grant, "resource-removed", now)
    return Event(EventKind.RESOURCE_REMOVED, by, "-", {"resource": id})


def name_network(
    session: Session,
    parts: Parts,
    *,
    cidr: str,
    label: str,
    kind: NetworkKind,
    country: str | None,
    asn: int | None,
    by: str,
) -> Event:
    """Say what a network is; logins from it are judged by that from now on."""
    try:
        network = ip_network(cidr.strip())
        NamedNetwork(network, label, kind, country, asn)
    except ValueError as error:
        raise Invalid(f"the network cannot be named: {error}", code="network-fields") from error
    if country is not None and not _COUNTRY.match(country):
        raise Invalid("a country is two capitals, for example DE", code="network-fields")
    if session.scalar(select(Network).where(Network.cidr == str(network))) is not None:
        raise Conflict(f"`{network}` is named already", code="network-known")
    session.add(
        Network(
            id=parts.ids.new("net"),
            cidr=str(network),
            label=label.strip(),
            kind=kind,
            country=country,
            asn=asn,
            created_by=by,
            created_at=parts.clock.now(),
        )
    )
    return Event(EventKind.NETWORK_NAMED, by, "-", {"cidr": str(network), "label": label, "kind": kind})


def remove_network(session: Session, network_id: str, *, by: str) -> Event:
    row = session.get(Network, network_id)
    if row is None:
        raise NotFound("there is no such network")
    session.delete(row)
    return Event(EventKind.NETWORK_REMOVED, by, "-", {"cidr": row.cidr, "label": row.label})


def trust_key_model(
    session: Session, parts: Parts, *, aaguid: str, certificate_pem: str, label: str, by: str
) -> Event:
    """Trust keys of one model that chain to a certificate in *certificate_pem*.

    Each certificate in it becomes an anchor. The caller commits the event.
    """
    found = read_anchors(certificate_pem.encode(), aaguid=aaguid, label=label)
    digests = []
    for anchor in found:
        certificate = x509.load_der_x509_certificate(anchor.certificate)
        _require_in_force(certificate, parts.clock.now())
        digest = certificate.fingerprint(SHA256()).hex()
        known = select(TrustAnchor).where(TrustAnchor.aaguid == anchor.aaguid, TrustAnchor.sha256 == digest)
        if session.scalar(known) is not None:
            raise Conflict("this model and certificate are trusted already", code="trust-anchor-known")
        session.add(
            TrustAnchor(
                id=parts.ids.new("anc"),
                aaguid=anchor.aaguid,
                label=anchor.label,
                certificate_pem=certificate.public_bytes(Encoding.PEM).decode(),
                sha256=digest,
                created_by=by,
                created_at=parts.clock.now(),
            )
        )
        digests.append(digest)
    raise_trust_revision(session)
    details = {"aaguid": found[0].aaguid, "label": found[0].label, "sha256": digests}
    return Event(EventKind.TRUST_ANCHOR_ADDED, by, "-", details)


def distrust_key_model(session: Session, anchor_id: str, *, by: str) -> Event:
    """Stop trusting an anchor for new keys; registered keys go on (suspend those by themselves)."""
    row = session.get(TrustAnchor, anchor_id)
    if row is None:
        raise NotFound("there is no such trust anchor")
    session.delete(row)
    raise_trust_revision(session)
    details = {"aaguid": row.aaguid, "label": row.label, "sha256": row.sha256}
    return Event(EventKind.TRUST_ANCHOR_REMOVED, by, "-", details)


def _require_in_force(certificate: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Invalid("the certificate is not valid now", code="trust-anchor")
