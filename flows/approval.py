"""A second person approves a shipment: recipient, address and serial, by a touch over their digest.

Who attacks this: an admin who assigned a key to an accomplice's address (no
address is kept, so whoever approves types the one of the contract, and it is
compared before their key is asked for), who guesses addresses in that form
(each one that differs is recorded, the sixth of a quarter of an hour is not
compared), who approves what they chose themselves.
"""

from __future__ import annotations

import hmac
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.custody import approval_digest
from domain.custody import Step
from domain.errors import Conflict
from flows import custody
from flows.ceremony import count_failure, refuse_many_failures
from flows.parts import Parts
from models.custody import KeyItem


class OtherAddress(Conflict):
    """The approver typed another address than the one that the key was assigned to."""

    code = "custody-address"
    title = "This is not the address that was entered"

    def __init__(self) -> None:
        super().__init__(
            "the key was assigned to another address than this one",
            remedy="Compare letter by letter with the contract. If the contract is right, "
            "have the key assigned anew.",
        )


def action_of(row: KeyItem) -> dict[str, Any]:
    """Return the exact action that a second person signs: this item to this recipient, address and serial."""
    digest = approval_digest(row.person_id, row.address_digest, row.serial)
    return {"do": "key.approve", "item": row.id, "person": row.person_id, "digest": digest}


def compared(parts: Parts, item_id: str, *, address: str, by: str) -> dict[str, Any]:
    """Return the action to sign, if *address* is the one that was entered and *by* may approve it.

    Raises OtherAddress, which is recorded and counted, or TooMany.
    """
    now, presented = parts.clock.now(), custody.address_digest(parts, address)
    with parts.db.write() as session:
        row = custody.locked(session, item_id)
        custody.judge(session, row, Step.APPROVED, by=by, at=now)
        asker = f"address:{by}"
        refuse_many_failures(session, asker, now)
        if row.address_digest is not None and hmac.compare_digest(presented, row.address_digest):
            return action_of(row)
        count_failure(session, asker, now)
        details = {"item": row.id, "serial": row.serial}
        parts.commit(session, Event(EventKind.CUSTODY_ADDRESS_REFUSED, by, row.person_id or "-", details))
        raise OtherAddress


def approve(
    session: Session, parts: Parts, item_id: str, *, digest: str, by: str, signature_id: str | None
) -> Event:
    """Approve recipient, address and serial as they were signed; the caller has spent the touch."""
    row = custody.locked(session, item_id)
    if approval_digest(row.person_id, row.address_digest, row.serial) != digest:
        raise Conflict(
            "recipient, address or serial changed since you read them",
            code="custody-changed",
            remedy="Read them again, then touch again.",
        )
    event = custody.take(
        session, parts, row, Step.APPROVED, by=by, approval=digest, signature_id=signature_id
    )
    row.approval = digest
    return event
