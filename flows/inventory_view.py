"""An admin looks at physical keys: what is in the house, what waits, and each one's life step by step."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from authn.serials import shown
from domain.custody import Chain, ItemState, Step
from flows.custody import NoSuchItem, StepRefused, chain_of, fact_of, judge
from flows.names import names_of
from flows.parts import Parts
from models.custody import CustodyStep, KeyItem, item_of_key, items_of, steps_of
from models.keys import Credential, credentials_of
from models.people import Person, people

PAGE = 50
ON_THE_WAY = (ItemState.ASSIGNED, ItemState.APPROVED, ItemState.SHIPPED)
_WAITING = frozenset(state.value for state in (*ON_THE_WAY, ItemState.DELIVERED))


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One key of the inventory with its recipient and what its chain is worth."""

    item: KeyItem
    owner: Person | None
    chain: Chain


@dataclass(frozen=True, slots=True)
class ItemList:
    """A page of the inventory, newest first. *older* is the cursor of the next page."""

    rows: tuple[ItemRow, ...]
    total: int
    older: str | None


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step for a timeline."""

    step: Step
    row: CustodyStep
    by: str


@dataclass(frozen=True, slots=True)
class Apart:
    """A key that waits for a person, and one that they registered, which attests another serial number."""

    item: KeyItem
    key: Credential

    @property
    def sent(self) -> str:
        return shown(self.item.serial or "")

    @property
    def said(self) -> str:
        return shown(self.key.serial or "")


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One key of the inventory: its steps by named people, and who else gets keys at the same address.

    *may_approve*: whoever looks at it neither chose what is to be approved nor gets the key.
    """

    row: ItemRow
    steps: tuple[StepLine, ...]
    same_address: tuple[Person, ...]
    recipients: tuple[Person, ...]
    may_approve: bool
    apart: tuple[Apart, ...]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Who may become its recipient, for a list to choose from."""
        return [(row.id, f"{row.display_name} ({row.login_name})") for row in self.recipients]


def list_items(parts: Parts, *, state: str = "", before: str = "") -> ItemList:
    """Return a page of the inventory below the cursor *before*, all states or one."""
    with parts.db.read() as session:
        query, count = select(KeyItem), select(func.count()).select_from(KeyItem)
        if state:
            query, count = query.where(KeyItem.state == state), count.where(KeyItem.state == state)
        if before:
            query = query.where(KeyItem.id < before)
        found = session.scalars(query.order_by(KeyItem.id.desc()).limit(PAGE + 1)).all()
        rows = tuple(_row(session, item) for item in found[:PAGE])
        return ItemList(rows, session.scalar(count) or 0, found[PAGE - 1].id if len(found) > PAGE else None)


def on_the_way(session: Session) -> tuple[ItemRow, ...]:
    """Return the keys that wait for approval, for the courier, or for word of their arrival, oldest first."""
    states = [state.value for state in ON_THE_WAY]
    found = session.scalars(select(KeyItem).where(KeyItem.state.in_(states)).order_by(KeyItem.id))
    return tuple(_row(session, item) for item in found)


def item_page(parts: Parts, item_id: str, *, by: str) -> ItemPage:
    """Return one key of the inventory as *by* sees it. Raises NotFound."""
    with parts.db.read() as session:
        item = session.get(KeyItem, item_id)
        if item is None:
            raise NoSuchItem
        taken = steps_of(session, item_id)
        names = names_of(session, {row.by for row in taken})
        steps = tuple(StepLine(fact_of(row).step, row, names[row.by]) for row in reversed(taken))
        same = select(KeyItem.person_id).where(
            KeyItem.address_digest == item.address_digest, KeyItem.person_id != item.person_id
        )
        neighbours = (
            tuple(session.scalars(select(Person).where(Person.id.in_(same)))) if item.person_id else ()
        )
        try:
            judge(session, item, Step.APPROVED, by=by, at=parts.clock.now())
            may_approve = True
        except StepRefused:
            may_approve = False
        recipients = tuple(people(session, limit=500))
        apart = tuple(each for each in _apart(session, item.person_id) if each.item.id == item_id)
        return ItemPage(_row(session, item), steps, neighbours, recipients, may_approve, apart)


def item_of(parts: Parts, credential_id: str) -> ItemRow | None:
    """Return the item of a registered key."""
    with parts.db.read() as session:
        item = item_of_key(session, credential_id)
        return _row(session, item) if item else None


def apart_of(parts: Parts, key: Credential) -> tuple[Apart, ...]:
    """Return the keys that wait for the owner of *key*, where it attests none of their serial numbers."""
    with parts.db.read() as session:
        return tuple(each for each in _apart(session, key.person_id) if each.key.id == key.id)


def _apart(session: Session, person_id: str | None) -> list[Apart]:
    if person_id is None:
        return []
    waiting = [row for row in items_of(session, person_id) if row.state in _WAITING and row.serial]
    keys = [key for key in credentials_of(session, person_id) if key.state in {"pending", "active"}]
    unknown = [key for key in keys if key.serial and item_of_key(session, key.id) is None]
    return [Apart(item, key) for item in waiting if item.credential_id is None for key in unknown]


def _row(session: Session, item: KeyItem) -> ItemRow:
    owner = session.get(Person, item.person_id) if item.person_id else None
    return ItemRow(item, owner, chain_of(session, item))
