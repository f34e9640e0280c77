"""What a flow needs from outside, put together once in ``app.py`` and passed as one value."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

import audit.chain
from audit.events import Event, EventKind
from authn.trust import Trust
from crypto.jws import Signer
from crypto.keyring import KeyRing
from domain.key_rules import KeyRules
from domain.limits import Limits
from domain.ports import Clock, Ids, Randomness
from evidence.tables import Tables
from evidence.weights import Weights
from flows.decision_log import DecisionLog
from flows.memory import Memory
from models.changes import settle
from models.engine import Database

Kept = TypeVar("Kept")


class Shelf(Generic[Kept]):
    """One costly value, kept until the state that it was made from is another.

    Threads may make it twice; none is given one that was made from another state.
    """

    def __init__(self) -> None:
        self._kept: tuple[Hashable, Kept] | None = None

    def get(self, state: Hashable, make: Callable[[], Kept]) -> Kept:
        kept = self._kept
        if kept is None or kept[0] != state:
            kept = self._kept = (state, make())
        return kept[1]


@dataclass(frozen=True, slots=True)
class Deployment:
    """The fixed facts of this deployment, as stored when its database was created."""

    public_url: str
    rp_id: str
    demo: bool
    organisation: str


ENDS = frozenset(EventKind) - {
    EventKind.ACTION_SIGNED,
    EventKind.ACTIVATION_CODE_MADE,
    EventKind.CODE_ISSUED,
    EventKind.DEVICE_APPROVED,
    EventKind.DEVICE_ENROLLED,
    EventKind.ENGAGEMENT_CREATED,
    EventKind.GRANT_ISSUED,
    EventKind.INVITE_MADE,
    EventKind.KEY_ACTIVATED,
    EventKind.KEY_REGISTERED,
    EventKind.LOGIN,
    EventKind.PERSON_CREATED,
    EventKind.PERSON_RESUMED,
    EventKind.PRESENCE_ANSWERED,
    EventKind.PRESENCE_OPENED,
    EventKind.TOKEN_ISSUED,
}
"""Whatever may close a door: all but what is known to open doors only, or none.

A membership may close one: rules deny by groups too.
"""


def unwatched(_event: Event) -> None:
    """Do nothing: nobody counts."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The outside of every flow."""

    db: Database
    clock: Clock
    ids: Ids
    randomness: Randomness
    ring: KeyRing
    deployment: Deployment
    limits: Limits
    key_rules: KeyRules
    tables: Tables
    weights: Weights
    token_signer: Signer
    token_keys: tuple[Mapping[str, Any], ...]
    memory: Memory
    log: DecisionLog
    trust_shelf: Shelf[Trust] = field(default_factory=Shelf)
    watch: Callable[[Event], None] = unwatched
    """Told of each event once it is committed: metrics count what is recorded, and nothing else."""

    def close(self) -> None:
        """Give up the log and the database."""
        self.log.close()
        self.db.dispose()

    def commit(self, session: Session, *events: Event) -> None:
        """Record *events* and commit: the last statements of every flow that writes.

        When one of them ended something, no process permits by the state before it once this has returned.
        """
        raised = settle(session)
        if events:
            audit.chain.append(session, *events, now=self.clock.now(), randomness=self.randomness)
        session.commit()
        if raised is not None:
            self.memory.committed(raised, ends=any(event.kind in ENDS for event in events))
        for event in events:
            self.watch(event)


__all__ = ["Deployment", "Event", "EventKind", "Parts"]
