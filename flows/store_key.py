"""A verified key becomes a row: whose it is, what it said of itself, what its model was worth then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.serials import attested_text
from authn.trust import Trust
from domain.authenticators import VerifiedRegistration
from flows.parts import Parts
from models.instance import instance
from models.keys import Credential, set_key_state
from models.people import Person


def store_key(
    session: Session,
    parts: Parts,
    verified: VerifiedRegistration,
    trusted: Trust,
    person: Person,
    *,
    state: str,
    now: datetime,
) -> tuple[Credential, Event]:
    """Store a key of *person*, who is locked; the caller commits the event.

    *state* is pending, or active for a key that needs no second person.
    """
    label = trusted.label(verified.aaguid)
    row = Credential(
        id=parts.ids.new("key"),
        person_id=person.id,
        credential_id=verified.credential_id,
        public_key=verified.public_key,
        algorithm=verified.algorithm,
        sign_count=verified.sign_count,
        backup_eligible=verified.backup_eligible,
        aaguid=verified.aaguid,
        label=label,
        attestation_object=verified.attestation_object,
        leaf=verified.leaf_der,
        leaf_sha256=verified.leaf_sha256,
        trust_revision=instance(session).trust_revision,
        transports=list(verified.transports_hint),
        serial=attested_text(verified.serial),
        metadata_import=trusted.metadata.id if trusted.metadata else None,
        metadata_statuses=list(trusted.statuses(verified.aaguid, now)),
        min_pin_length=verified.min_pin_length,
        cred_protect=verified.cred_protect,
        state=state,
        created_at=now,
        activated_at=now if state == "active" else None,
    )
    session.add(row)
    session.flush()
    set_key_state(session, row, state, id=parts.ids.new("kst"), by=person.id, reason="registered", now=now)
    details = {
        "key": row.id,
        "aaguid": row.aaguid,
        "label": label,
        "leaf": row.leaf_sha256,
        "state": state,
    }
    return row, Event(EventKind.KEY_REGISTERED, actor=person.id, subject=person.id, details=details)
