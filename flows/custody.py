"""A physical key goes from its batch to its owner: each step by a named person, two where it matters.

Who attacks this: an admin who sends a key to an accomplice (another person
approves it, see ``flows.approval``), who changes the address afterwards (what is shipped must be
what was approved), whoever swaps the key on its way (the attested serial must
be the one that was shipped), two admins at once (the item's row is locked and
every step is judged anew under the lock).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from unicodedata import category, normalize

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from authn.custody import IllegalStep, approval_digest, fold, follow
from authn.serials import LONGEST, number_of, shown, spellings
from domain.custody import Chain, ItemFacts, ItemState, Step, StepFact
from domain.errors import Conflict, Invalid, NotFound
from domain.key_refusals import KeyRefusal, Refusal
from flows.parts import Parts
from models.custody import CustodyStep, KeyItem, item_of_key, items_of, lock_item, steps_of
from models.keys import Credential
from models.people import Person

_OVER = frozenset(state.value for state in (ItemState.LOST, ItemState.REVOKED, ItemState.DESTROYED))
_FACTS = ("person", "address", "serial", "credential", "approval")


class NoSuchItem(NotFound):
    """No physical key has this id."""

    def __init__(self) -> None:
        super().__init__(
            "there is no such key in the inventory",
            remedy="Look in the inventory; on the host: doorward keys inventory list",
        )


class StepRefused(Conflict):
    """The step cannot follow those that were taken, or not by this person."""

    code = "custody-step"
    title = "This step cannot follow"


def receive(
    session: Session,
    parts: Parts,
    *,
    batch: str,
    model: str,
    serials: Sequence[str | None],
    by: str,
    aaguid: str | None = None,
) -> tuple[list[KeyItem], list[Event]]:
    """Enter the keys of one batch, with the serial numbers that are printed on them (None: none is)."""
    if not batch.strip() or not model.strip() or not serials:
        raise Invalid("a batch, a model and at least one key are needed", code="inventory-fields")
    items, events = [], []
    for serial in serials:
        text = _serial(session, serial)
        row = KeyItem(
            id=parts.ids.new("itm"),
            batch=batch.strip()[:80],
            model=model.strip()[:80],
            aaguid=aaguid,
            serial=text,
            state=ItemState.STOCK.value,
            created_by=by,
            created_at=parts.clock.now(),
        )
        session.add(row)
        session.flush()
        events.append(take(session, parts, row, Step.RECEIVED, by=by, serial=text))
        items.append(row)
    return items, events


def note_serial(session: Session, parts: Parts, item_id: str, serial: str, *, by: str) -> Event:
    """Note the serial number of a key that had none, or correct it; an approval must be given anew."""
    row = locked(session, item_id)
    text = _serial(session, serial, but=row.id)
    event = take(session, parts, row, Step.SERIAL_NOTED, by=by, serial=text)
    row.serial, row.approval = text, None
    return event


def assign(
    session: Session, parts: Parts, item_id: str, person_id: str, address: str, *, by: str
) -> list[Event]:
    """Give a key to a person at an address, of which a keyed digest is kept; approvals are void."""
    row = locked(session, item_id)
    if not person_id:
        raise Invalid("a person is needed", code="custody-person", remedy="Choose who gets the key.")
    person = session.get(Person, person_id)
    if person is None or person.state != "active":
        raise NotFound("there is no such active person")
    digest = address_digest(parts, address)
    event = take(session, parts, row, Step.ASSIGNED, by=by, person=person_id, address=digest)
    row.person_id, row.address_digest, row.approval = person_id, digest, None
    return [event]


def ship(session: Session, parts: Parts, item_id: str, *, carrier: str, reference: str, by: str) -> Event:
    """Note that an approved key went out; refused unless what was approved is what is there now."""
    row = locked(session, item_id)
    if not carrier.strip() or not reference.strip():
        raise Invalid("carrier and reference are needed", code="custody-carrier")
    digest = approval_digest(row.person_id, row.address_digest, row.serial)
    if row.approval != digest:
        raise Conflict(
            "recipient, address and serial are not approved as they are now",
            code="custody-unapproved",
            remedy="Have a second person approve them.",
        )
    row.carrier, row.carrier_reference = carrier.strip()[:80], reference.strip()[:120]
    return take(session, parts, row, Step.SHIPPED, by=by, approval=digest)


def move(session: Session, parts: Parts, item_id: str, step: Step, *, by: str) -> Event:
    """Note a delivery, a loss on the way, or a destruction."""
    return take(session, parts, locked(session, item_id), step, by=by)


def activated(session: Session, parts: Parts, key: Credential, *, by: str) -> list[Event]:
    """Note the activation of a key on its item, linking the delivered item of a key that told no serial."""
    row = item_of_key(session, key.id)
    if row is None and key.serial is None:
        waiting = [
            item
            for item in items_of(session, key.person_id)
            if item.state == ItemState.DELIVERED.value and item.credential_id is None
        ]
        row = waiting[0] if len(waiting) == 1 else None
    if row is None:
        return []
    row = locked(session, row.id)
    row.credential_id = key.id
    return _along(session, parts, row, Step.ACTIVATED, by=by, person=key.person_id, credential=key.id)


def follows_key(session: Session, parts: Parts, key: Credential, step: Step, *, by: str) -> list[Event]:
    """Note on the item of a key what became of the key; nothing where it has none."""
    row = item_of_key(session, key.id)
    return [] if row is None else _along(session, parts, locked(session, row.id), step, by=by)


def registered(session: Session, parts: Parts, key: Credential, *, by: str) -> list[Event]:
    """Link a new key to its item by the serial that it attested.

    Before the item was shipped this is the registration at headquarters, done
    by *by*, who made the link. The caller has checked whose the item is.
    """
    row = item_by_serial(session, key.serial)
    if row is None or row.person_id != key.person_id or row.credential_id is not None:
        return []
    row = locked(session, row.id)
    if row.state in {ItemState.ASSIGNED.value, ItemState.APPROVED.value}:
        row.credential_id, row.approval = key.id, None
        return _along(session, parts, row, Step.ENROLLED, by=by, serial=row.serial, credential=key.id)
    if row.state in {ItemState.SHIPPED.value, ItemState.DELIVERED.value}:
        row.credential_id = key.id
    return []


def not_the_one_sent(session: Session, parts: Parts, serial: str | None, person_id: str) -> Refusal | None:
    """Return why a new key with this attested serial is not the one that was sent to the person.

    Without an inventory, a key that it does not know is nobody's business; one
    that it knows for somebody else never is.
    """
    row = item_by_serial(session, serial)
    if row is not None and row.person_id != person_id and (row.person_id or parts.key_rules.inventory):
        return Refusal(
            KeyRefusal.SERIAL_MISMATCH,
            f"the key says {shown(serial or '')}, which is another person's, or nobody's yet",
            owner=row.person_id or "",
        )
    if not parts.key_rules.inventory:
        return None
    if serial is None:
        return Refusal(KeyRefusal.SERIAL_MISSING, "the attestation holds no serial number")
    if row is None or row.credential_id is not None or row.state in _OVER:
        told = f"the key says {shown(serial)}, which is not a serial number that waits for this person"
        return Refusal(KeyRefusal.SERIAL_MISMATCH, told)
    return None


def chain_of(session: Session, row: KeyItem) -> Chain:
    """Return what the chain of one item is worth now."""
    key = session.get(Credential, row.credential_id) if row.credential_id else None
    facts = ItemFacts(
        row.person_id, row.address_digest, row.serial, row.credential_id, key.serial if key else None
    )
    if key is not None and key.person_id != row.person_id:
        facts = ItemFacts(key.person_id, row.address_digest, row.serial, row.credential_id, key.serial)
    return fold([fact_of(step) for step in steps_of(session, row.id)], facts)


def level_of_key(session: Session, key: Credential) -> int:
    """Return the custody level of a key: 0 without an item."""
    row = item_of_key(session, key.id)
    return int(chain_of(session, row).level) if row else 0


def delivered_at(session: Session, credential_id: str) -> datetime | None:
    """Return when the delivery of a key was noted."""
    row = item_of_key(session, credential_id)
    steps = steps_of(session, row.id) if row else ()
    return next((step.at for step in steps if step.step == Step.DELIVERED.value), None)


def fact_of(row: CustodyStep) -> StepFact:
    return StepFact(Step(row.step), row.by, row.at, **{name: row.details.get(name) for name in _FACTS})


def address_digest(parts: Parts, address: str) -> str:
    """Return the keyed digest of an address: equal addresses are seen, none is kept.

    Case, punctuation, spaces and the way in which a letter is encoded do not count.
    """
    folded = normalize("NFKC", normalize("NFKC", address).casefold())
    plain = " ".join("".join(c if c.isalnum() or category(c)[0] == "M" else " " for c in folded).split())
    if not plain:
        raise Invalid("an address is needed", code="custody-address", remedy="Write where the key goes.")
    return hmac.digest(parts.ring.derive("address"), plain.encode("utf-8", "surrogatepass"), "sha256").hex()


def item_by_serial(session: Session, serial: str | None) -> KeyItem | None:
    """Return the key with this serial number, however that is written."""
    if not serial:
        return None
    column = KeyItem.serial if number_of(serial) is None else func.lower(KeyItem.serial)
    found = select(KeyItem).where(column.in_(spellings(serial))).order_by(KeyItem.id).limit(1)
    return session.scalars(found).first()


def _along(session: Session, parts: Parts, row: KeyItem, step: Step, *, by: str, **facts: Any) -> list[Event]:
    """Take a step that follows from what became of the key; an unlawful one breaks the chain."""
    try:
        return [take(session, parts, row, step, by=by, **facts)]
    except Conflict as refused:
        details = {"item": row.id, "serial": row.serial, "step": step.value, "why": refused.message}
        return [Event(EventKind.CUSTODY_BROKEN, by, row.person_id or "-", details)]


def take(
    session: Session,
    parts: Parts,
    row: KeyItem,
    step: Step,
    *,
    by: str,
    signature_id: str | None = None,
    **facts: str | None,
) -> Event:
    """Append one lawful step to a locked item. Raises StepRefused for what may not follow."""
    now = parts.clock.now()
    state, taken = judge(session, row, step, by=by, at=now, **facts)
    session.add(
        CustodyStep(
            id=parts.ids.new("stp"),
            item_id=row.id,
            number=taken + 1,
            step=step.value,
            at=now,
            by=by,
            signature_id=signature_id,
            details={name: value for name, value in facts.items() if value is not None},
        )
    )
    row.state = state.value
    session.flush()
    told = {"address_digest" if name == "address" else name: value for name, value in facts.items()}
    details = {"item": row.id, "serial": row.serial, "step": step.value, "state": state.value, **told}
    return Event(EventKind.CUSTODY_STEP, by, facts.get("person") or row.person_id or "-", details)


def judge(
    session: Session, row: KeyItem, step: Step, *, by: str, at: datetime, **facts: str | None
) -> tuple[ItemState, int]:
    """Return the state after *step* and how many were taken before it. Raises StepRefused."""
    before = [fact_of(taken) for taken in steps_of(session, row.id)]
    try:
        return follow(before, StepFact(step, by, at, **facts)), len(before)
    except IllegalStep as illegal:
        raise StepRefused(illegal.why, remedy=illegal.remedy) from illegal


def locked(session: Session, item_id: str) -> KeyItem:
    """Return one key of the inventory, locked. Raises NotFound."""
    row = lock_item(session, item_id)
    if row is None:
        raise NoSuchItem
    return row


def _serial(session: Session, presented: str | None, *, but: str = "") -> str | None:
    text = (presented or "").strip()
    if not text:
        return None
    if len(text) > LONGEST or not text.isprintable():
        raise Invalid(f"`{text[:LONGEST]}` is not a serial number", code="inventory-serial")
    known = item_by_serial(session, text)
    if known is not None and known.id != but:
        raise Conflict(f"the serial number `{text}` is in the inventory already", code="inventory-serial")
    return text
