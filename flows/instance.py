"""An operator creates the database, and every start opens it again.

Who attacks this: somebody who points a running deployment at another name (it
would orphan every key), turns a real deployment into a demo or back, or starts
it with another root key. All three refuse to start.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

import audit.chain
from audit.chain import GENESIS
from audit.events import Event, EventKind
from crypto.jws import Signer
from crypto.keyring import KeyRing
from domain.errors import Conflict, Unavailable
from domain.ports import Clock, Randomness
from flows.parts import Deployment
from models.audit import AuditHead
from models.engine import Database
from models.instance import Instance, SigningKey, StateRevision, instance, signing_keys

WRAP_PURPOSE = "signing-key"


class InstanceMissing(Unavailable):
    """The database holds no deployment yet."""

    code = "instance-missing"


class InstanceDiffers(Conflict):
    """A setting contradicts what the database was created with."""

    code = "instance-differs"


def exists(db: Database) -> bool:
    """Whether the database holds a deployment (False also for an empty database)."""
    with db.connect(write=False) as connection:
        if not inspect(connection).has_table(Instance.__tablename__):
            return False
        return connection.execute(select(Instance.id)).first() is not None


def create(
    db: Database, deployment: Deployment, *, ring: KeyRing, clock: Clock, randomness: Randomness
) -> None:
    """Write the facts that never change, the first signing keys, and the first audit record."""
    now = clock.now()
    with db.write() as session:
        if session.get(Instance, 1) is not None:
            raise Conflict("the database already holds a deployment")
        session.add(
            Instance(
                id=1,
                public_url=deployment.public_url,
                rp_id=deployment.rp_id,
                demo=deployment.demo,
                organisation=deployment.organisation,
                created_at=now,
                trust_revision=0,
            )
        )
        session.add(StateRevision(id=1, revision=0))
        session.add(AuditHead(id=1, sequence=0, hash=GENESIS))
        for purpose in ("token", "checkpoint"):
            _add_key(session, purpose, ring=ring, now=now, randomness=randomness)
        created = Event(
            EventKind.INSTANCE_CREATED,
            actor="host",
            subject="-",
            details={"rp_id": deployment.rp_id, "demo": deployment.demo},
        )
        audit.chain.append(session, created, now=now, randomness=randomness)
        session.commit()


def open_instance(db: Database, *, public_url: str, rp_id: str) -> Deployment:
    """Return the deployment, or refuse to start under another name. *rp_id* empty: as stored."""
    if not exists(db):
        raise InstanceMissing(
            "this database holds no deployment", remedy="Run: doorward db create --organisation NAME"
        )
    with db.read() as session:
        row = instance(session)
        if rp_id != row.rp_id:
            raise InstanceDiffers(
                f"this database belongs to the relying party `{row.rp_id}`, not `{rp_id}`: "
                "every key would be orphaned",
                remedy="Set DOORWARD_PUBLIC_URL and DOORWARD_RP_ID as they were.",
            )
        if row.demo and public_url.split(":")[1] != "//localhost":
            raise InstanceDiffers("a demo database is served on localhost only")
        return Deployment(public_url, row.rp_id, row.demo, row.organisation)


def load_signer(session: Session, purpose: str, ring: KeyRing) -> Signer:
    """Unwrap the signing key in use. Raises RootKeyUnusable under a foreign root key."""
    row = next(row for row in signing_keys(session, purpose) if row.retired_at is None)
    data = ring.unwrap(row.wrapped, purpose=WRAP_PURPOSE, context=row.kid)
    return Signer.from_private_bytes(row.kid, data)


def _add_key(session: Session, purpose: str, *, ring: KeyRing, now: datetime, randomness: Randomness) -> None:
    kid = f"{purpose}-{randomness.bytes(8).hex()}"
    signer = Signer.generate(kid)
    wrapped = ring.wrap(signer.private_bytes(), purpose=WRAP_PURPOSE, context=kid, randomness=randomness)
    session.add(
        SigningKey(kid=kid, purpose=purpose, public_jwk=signer.public_jwk(), wrapped=wrapped, created_at=now)
    )
