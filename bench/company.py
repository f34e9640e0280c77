"""A small deployment to measure in: one contractor, logged in, with a reporting laptop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crypto.keyring import create_root_key
from demo.softkey import AttestationAuthority, SoftKey
from domain.ports import SystemRandomness
from flows.services import ServiceForm, create_service, make_secret
from flows.session import Viewer
from tests.conftest import initialise, make_settings
from tests.world import AAGUID, NOON, Contractor, World, build_world


@dataclass
class Bench:
    """What the cases use."""

    world: World
    contractor: Contractor
    viewer: Viewer
    key: SoftKey
    authority_der: bytes


def asking_service(world: World) -> tuple[str, str]:
    """Enter a service that may ask about the logs; return its id and its secret."""
    form = ServiceForm(
        "Logs", "https://logs.example.org", "client_secret", prefixes=("data:",), actions=("read",)
    )
    with world.parts.db.write() as session:
        row, events = create_service(session, world.parts, name="logs", form=form, by="host")
        session.flush()
        secret, made = make_secret(session, world.parts, row.id, by="host")
        world.parts.commit(session, *events, *made)
    return row.id, secret


def bench_world(folder: Path, *, began: datetime) -> Bench:
    create_root_key(folder / "root.key", SystemRandomness())
    settings = make_settings(f"sqlite:///{folder}/bench.sqlite", folder)
    initialise(settings)
    authority = AttestationAuthority.create(now=began)
    world = build_world(settings, authority)
    world.furnish()
    contractor = world.person("imani", "role:support")
    world.resource("data:logs")
    world.publish("p, logs, role:support, read, data:logs, tier >= 2, max 15m; standing, allow\n")
    viewer = world.login(contractor)
    world.laptop(viewer).report(viewer)
    certificate = x509.load_pem_x509_certificate(authority.certificate_pem.encode())
    key = SoftKey.create(authority, AAGUID, now=NOON)
    return Bench(world, contractor, viewer, key, certificate.public_bytes(Encoding.DER))
