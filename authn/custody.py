"""Is this the key that was sent to this person? The law of a key's steps, and what they amount to.

Answers: may this step follow, by this person; and what is the chain worth now?
A fold over the steps *and* the item as the table has it: an edit behind our
back breaks the chain too. Does not say who may take a step by their role (see
``flows.custody``), nor whose hand holds the key: no chain can.
"""

from __future__ import annotations

from collections.abc import Sequence

from authn.serials import same_serial
from crypto.digests import json_digest
from domain.custody import Chain, CustodyLevel, ItemFacts, ItemState, Step, StepFact

_S = ItemState
TRANSITIONS: dict[Step, dict[ItemState, ItemState]] = {
    Step.SERIAL_NOTED: {_S.STOCK: _S.STOCK, _S.ASSIGNED: _S.ASSIGNED, _S.APPROVED: _S.ASSIGNED},
    Step.ASSIGNED: {_S.STOCK: _S.ASSIGNED, _S.ASSIGNED: _S.ASSIGNED, _S.APPROVED: _S.ASSIGNED},
    Step.ENROLLED: {_S.ASSIGNED: _S.ASSIGNED, _S.APPROVED: _S.ASSIGNED},
    Step.APPROVED: {_S.ASSIGNED: _S.APPROVED, _S.APPROVED: _S.APPROVED},
    Step.SHIPPED: {_S.APPROVED: _S.SHIPPED},
    Step.DELIVERED: {_S.SHIPPED: _S.DELIVERED},
    # A key may be touched before the courier's word of it is noted.
    Step.ACTIVATED: {_S.SHIPPED: _S.ACTIVE, _S.DELIVERED: _S.ACTIVE},
    Step.REINSTATED: {_S.SUSPENDED: _S.ACTIVE},
    Step.SUSPENDED: {_S.ACTIVE: _S.SUSPENDED},
    Step.LOST: dict.fromkeys(
        (_S.STOCK, _S.ASSIGNED, _S.APPROVED, _S.SHIPPED, _S.DELIVERED, _S.ACTIVE, _S.SUSPENDED), _S.LOST
    ),
    Step.REVOKED: dict.fromkeys(
        (_S.STOCK, _S.ASSIGNED, _S.APPROVED, _S.SHIPPED, _S.DELIVERED, _S.ACTIVE, _S.SUSPENDED, _S.LOST),
        _S.REVOKED,
    ),
    Step.DESTROYED: {_S.REVOKED: _S.DESTROYED, _S.LOST: _S.DESTROYED, _S.STOCK: _S.DESTROYED},
}
"""From which state each step leads to which. RECEIVED begins a chain; everything else is refused by name."""


class IllegalStep(Exception):
    """The step cannot follow; *why* says so to whoever tried, *remedy* what to do now."""

    def __init__(self, why: str, remedy: str = "Look at the steps of this key.") -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy


def approval_digest(person: str | None, address: str | None, serial: str | None) -> str:
    """Return what an approval stands for: this recipient, this address, this serial (or none)."""
    return json_digest({"person": person, "address": address, "serial": serial})


def follow(steps: Sequence[StepFact], new: StepFact) -> ItemState:
    """Return the state after *new*. Raises IllegalStep for what may not follow, or not by this person."""
    if new.step is Step.RECEIVED:
        if steps:
            raise IllegalStep("a key is received once")
        return ItemState.STOCK
    state = state_of(steps)
    if state is None:
        raise IllegalStep("nobody received this key")
    after = TRANSITIONS[new.step].get(state)
    if after is None:
        raise IllegalStep(f"a key in the state `{state.value}` cannot be {new.step.value}")
    holder = _holder(steps)
    if new.step is Step.APPROVED and new.by in _prepared(steps):
        raise IllegalStep(
            "whoever assigned the key, noted its serial or registered it cannot approve it", _ANOTHER
        )
    if new.step is Step.ASSIGNED and new.person in {new.by, *(fact.by for fact in steps)}:
        raise IllegalStep(
            "whoever handled the key before cannot be its recipient", "Take another key for them."
        )
    if holder is not None and new.by == holder and new.step not in _BY_HOLDER:
        raise IllegalStep(f"the recipient cannot have it {new.step.value}", _ANOTHER)
    return after


_ANOTHER = "Ask another admin."
_UNFINISHED = "the chain is not complete"
_BY_HOLDER = {Step.DELIVERED, Step.ACTIVATED, Step.LOST}


def state_of(steps: Sequence[StepFact]) -> ItemState | None:
    """Return where the key is, or None before it was received. Unlawful steps change nothing."""
    state: ItemState | None = None
    for fact in steps:
        if fact.step is Step.RECEIVED:
            state = state or ItemState.STOCK
        elif state is not None:
            state = TRANSITIONS[fact.step].get(state, state)
    return state


def fold(steps: Sequence[StepFact], item: ItemFacts) -> Chain:
    """Return state and level of a key from its steps and from what its row says now."""
    state = state_of(steps) or ItemState.STOCK
    problem = _problem(steps, item)
    people = frozenset(fact.by for fact in steps)
    if problem:
        shipped = any(fact.step is Step.SHIPPED for fact in steps)
        return Chain(state, CustodyLevel.NONE, broken=shipped, problem=problem, people=people)
    if state is not ItemState.ACTIVE:
        return Chain(state, CustodyLevel.NONE, broken=False, problem=_UNFINISHED, people=people)
    return Chain(state, _level(steps, item), broken=False, people=people)


def _level(steps: Sequence[StepFact], item: ItemFacts) -> CustodyLevel:
    order = [fact.step for fact in steps]
    enrolled = [i for i, fact in enumerate(steps) if fact.step is Step.ENROLLED]
    if enrolled and enrolled[-1] < order.index(Step.SHIPPED):
        if steps[enrolled[-1]].credential == item.credential is not None:
            return CustodyLevel.PREREGISTERED
        return CustodyLevel.NONE
    if same_serial(item.serial, item.attested_serial):
        return CustodyLevel.SERIALISED
    return CustodyLevel.UNSERIALISED


def _problem(steps: Sequence[StepFact], item: ItemFacts) -> str:
    """Return why the chain is worth nothing, or an empty text. The order is that of a key's life."""
    for i, fact in enumerate(steps):
        try:
            follow(steps[:i], fact)
        except IllegalStep as illegal:
            return illegal.why
    approvals = [i for i, fact in enumerate(steps) if fact.step is Step.APPROVED]
    if not approvals:
        return "" if not any(f.step is Step.SHIPPED for f in steps) else "nobody approved the shipment"
    if _holder(steps) != item.person:
        return "the recipient is not the person that the key was assigned to"
    approved = steps[approvals[-1]]
    if approved.approval != approval_digest(item.person, item.address, item.serial):
        return "recipient, address or serial differ from what was approved"
    for fact in steps[approvals[-1] :]:
        if fact.step is Step.SHIPPED and fact.approval != approved.approval:
            return "what was shipped is not what was approved"
        if fact.step is Step.ACTIVATED and (fact.person != item.person or fact.credential != item.credential):
            return "another person or another credential than the item's activated it"
    if item.attested_serial is not None and not same_serial(item.serial, item.attested_serial):
        return "the key attests another serial number than the one that was shipped"
    return ""


def _prepared(steps: Sequence[StepFact]) -> frozenset[str]:
    """Return who chose recipient, address, serial or credential, and so cannot approve them."""
    chose = {Step.ASSIGNED, Step.SERIAL_NOTED, Step.ENROLLED}
    return frozenset(fact.by for fact in steps if fact.step in chose)


def _holder(steps: Sequence[StepFact]) -> str | None:
    return next((fact.person for fact in reversed(steps) if fact.step is Step.ASSIGNED), None)
