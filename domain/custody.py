"""The life of a physical key: the steps it takes, the states it is in, and what the chain is worth.

The words of pages stand here; the law of steps and the fold are in
``authn.custody``. ``docs/custody.md`` explains them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum


class Step(Enum):
    """What can happen to a key. The value is stable: it is what records and tables hold."""

    RECEIVED = "received"
    SERIAL_NOTED = "serial-noted"
    ENROLLED = "enrolled"
    ASSIGNED = "assigned"
    APPROVED = "approved"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    ACTIVATED = "activated"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    LOST = "lost"
    REVOKED = "revoked"
    DESTROYED = "destroyed"

    @property
    def words(self) -> str:
        """What happened, for a timeline."""
        return _STEP_WORDS[self]


class ItemState(Enum):
    """Where a key is in its life."""

    STOCK = "stock"
    ASSIGNED = "assigned"
    APPROVED = "approved"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LOST = "lost"
    REVOKED = "revoked"
    DESTROYED = "destroyed"


class CustodyLevel(IntEnum):
    """What the chain of custody of a key is worth.

    NONE: no chain, an incomplete one, or one that broke. UNSERIALISED: a
    complete chain that two people stand for, but the key never told its serial
    number: that it is the key of the shipment rests on its owner's activation.
    SERIALISED: and the maker's attestation named the serial that was shipped.
    PREREGISTERED: and the credential was made at headquarters before the key
    left the house, so that no other key can have been registered.
    """

    NONE = 0
    UNSERIALISED = 1
    SERIALISED = 2
    PREREGISTERED = 3

    @property
    def label(self) -> str:
        """The number that rules ask for, and the word."""
        return f"{int(self)} · {self.word}"

    @property
    def word(self) -> str:
        return ("not known", "unserialised", "serialised", "pre-registered")[self]

    @property
    def sentence(self) -> str:
        return _LEVEL_SENTENCES[self]

    @property
    def told(self) -> str:
        """What follows "a key" where a door says which one it needs, and which one was used."""
        return _LEVEL_TOLD[self]


def item_name(item_id: str, serial: str | None) -> str:
    """Return what pages call a physical key: its serial number, or the end of its id."""
    return serial or f"no serial {item_id[-6:]}"


@dataclass(frozen=True, slots=True)
class StepFact:
    """One step: what, by whom, when, and what was true then.

    *person*, *address*, *serial* and *credential* are what the step set or
    saw; *approval* is the digest that an approval, and the shipment that
    follows it, stand for.
    """

    step: Step
    by: str
    at: datetime
    person: str | None = None
    address: str | None = None
    serial: str | None = None
    credential: str | None = None
    approval: str | None = None


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What the table says of an item now. An edit behind our back shows here, not in the steps."""

    person: str | None = None
    address: str | None = None
    serial: str | None = None
    credential: str | None = None
    attested_serial: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """What steps and item amount to. *problem* says in words why the level is no higher."""

    state: ItemState
    level: CustodyLevel
    broken: bool
    problem: str = ""
    people: frozenset[str] = field(default_factory=frozenset)


_STEP_WORDS = {
    Step.RECEIVED: "received from its maker",
    Step.SERIAL_NOTED: "serial number noted",
    Step.ENROLLED: "registered at headquarters",
    Step.ASSIGNED: "assigned to a person",
    Step.APPROVED: "recipient, address and serial approved",
    Step.SHIPPED: "shipped",
    Step.DELIVERED: "delivered",
    Step.ACTIVATED: "touched for the first time and activated",
    Step.SUSPENDED: "suspended",
    Step.REINSTATED: "reinstated",
    Step.LOST: "reported lost",
    Step.REVOKED: "revoked",
    Step.DESTROYED: "destroyed",
}
_LEVEL_SENTENCES = {
    CustodyLevel.NONE: "Its way is not fully recorded.",
    CustodyLevel.UNSERIALISED: "Two people stand for the shipment; the key never told its serial number.",
    CustodyLevel.SERIALISED: "Two people stand for the shipment, and the maker attests the serial number.",
    CustodyLevel.PREREGISTERED: "Registered at headquarters before it left; two people stand for the way.",
}
_LEVEL_TOLD = {
    CustodyLevel.NONE: "whose way to you is not fully recorded",
    CustodyLevel.UNSERIALISED: "that two people sent",
    CustodyLevel.SERIALISED: "that two people sent, with its serial number attested by its maker",
    CustodyLevel.PREREGISTERED: "that was registered at headquarters before two people sent it",
}
