"""What decides about keys and their models, put together in one place.

Who attacks this: nobody directly; but two places that judged keys by
different lists would be a way around both. So whoever needs :class:`Trust`
asks here, at registration and at every login. It is built once for each state
of overlay, denials, metadata and rules, and never outlives that state: the
state is read in the asking transaction.
"""

from __future__ import annotations

import logging

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from authn.metadata.compact import Compact, CompactInvalid, unpack
from authn.serials import attested_text
from authn.trust import Trust
from domain.authenticators import Anchor, VerifiedRegistration
from domain.key_refusals import KeyRefusal, Refusal
from domain.metadata import Denials, Metadata
from flows.parts import Parts
from models.instance import instance
from models.keys import anchors, credential_by_raw_id, credential_by_serial
from models.metadata import KeyDenial, denials, hold_imports, newest_import, newest_import_id

log = logging.getLogger("doorward.trust")

MODEL, CERTIFICATE, KEY = "aaguid", "leaf", "spki"
"""What a denial can name: the words of the table and of the command line."""


def trust(session: Session, parts: Parts) -> Trust:
    """Return what this deployment trusts, denies and requires of keys now."""
    denied = tuple(denials(session))
    state = (
        instance(session).trust_revision,
        newest_import_id(session),
        tuple((row.kind, row.value) for row in denied),
        parts.key_rules,
    )
    return parts.trust_shelf.get(
        state,
        lambda: Trust(
            anchors=tuple(overlay(session)),
            denials=_denials(denied),
            metadata=current_metadata(session),
            rules=parts.key_rules,
        ),
    )


def trust_for_new_keys(session: Session, parts: Parts) -> Trust:
    """Return the same for a key that this transaction will store: it still counts when that is committed.

    Called before any other lock is taken.
    """
    hold_imports(session)
    return trust(session, parts)


def current_metadata(session: Session) -> Metadata | None:
    """Return the metadata that counts, or None while none was imported, or none can be read."""
    row = newest_import(session)
    if row is None:
        return None
    try:
        return unpack(Compact(row.body, row.digest), id=row.id, signed=row.signed)
    except CompactInvalid:
        # As if there were none: nobody new gets in, who is in stays in. Importing again mends it.
        log.exception("the stored metadata cannot be read", extra={"import": row.id})
        return None


def known_elsewhere(session: Session, verified: VerifiedRegistration) -> Refusal | None:
    """Return why a verified key belongs to an account already, revoked keys included."""
    row, what = credential_by_raw_id(session, verified.credential_id), "credential id"
    serial = attested_text(verified.serial)
    if row is None and serial is not None:
        row, what = credential_by_serial(session, serial), "serial number"
    if row is None:
        return None
    return Refusal(KeyRefusal.KEY_IN_USE, f"the {what} is registered already", owner=row.person_id)


def overlay(session: Session) -> list[Anchor]:
    """Return the operator's trust overlay in the shape that the gate reads."""
    return [
        Anchor(
            row.aaguid,
            x509.load_pem_x509_certificate(row.certificate_pem.encode()).public_bytes(Encoding.DER),
            row.label,
        )
        for row in anchors(session)
    ]


def _denials(rows: tuple[KeyDenial, ...]) -> Denials:
    def of(kind: str) -> frozenset[str]:
        return frozenset(row.value for row in rows if row.kind == kind)

    return Denials(of(MODEL), of(CERTIFICATE), of(KEY))
