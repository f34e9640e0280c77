"""A second, obvious reading of a key's chain, to hold the fold against. Shares only the digest."""

from __future__ import annotations

from collections.abc import Sequence

from authn.custody import approval_digest
from domain.custody import ItemFacts, Step, StepFact

GOOD_ORDER = ("received", "assigned", "approved", "shipped", "activated")


def level(steps: Sequence[StepFact], item: ItemFacts) -> int:
    """Return the level that docs/custody.md promises, read off the story as a whole.

    Asks of the whole list what the fold asks step by step: the last story from
    assignment to activation must be there, in order, by the right people.
    """
    names = [fact.step.value for fact in steps]
    if not lawful(names) or names[-1] not in {"activated", "reinstated"}:
        return 0
    assigned = last(steps, Step.ASSIGNED)
    approved = last(steps, Step.APPROVED)
    shipped = last(steps, Step.SHIPPED)
    activated = last(steps, Step.ACTIVATED)
    choosers = {f.by for f in steps if f.step in {Step.ASSIGNED, Step.SERIAL_NOTED, Step.ENROLLED}}
    now = approval_digest(item.person, item.address, item.serial)
    right = (
        assigned.person == item.person
        and approved.approval == shipped.approval == now
        and activated.person == item.person
        and activated.credential == item.credential
        and item.attested_serial in {None, item.serial}
        and not _approved_by_a_chooser(steps)
        and not _touched_by_a_recipient(steps)
    )
    if not right or not choosers:
        return 0
    if Step.ENROLLED in [f.step for f in steps]:
        return 3 if last(steps, Step.ENROLLED).credential == item.credential is not None else 0
    return 2 if item.serial is not None and item.attested_serial == item.serial else 1


def lawful(names: Sequence[str]) -> bool:
    """Whether the names are those of one life: prepared, shipped once, touched once, and not ended."""
    if not names or names[0] != "received" or names.count("received") != 1:
        return False
    if names.count("shipped") != 1 or names.count("activated") != 1:
        return False
    at, touch = names.index("shipped"), names.index("activated")
    before, between, after = names[1:at], names[at + 1 : touch], names[touch + 1 :]
    if not set(before) <= {"serial-noted", "assigned", "enrolled", "approved"} or "assigned" not in before:
        return False
    first = before.index("assigned")
    early = {"approved", "enrolled"} & set(before[:first])
    turns = ["suspended", "reinstated"] * (len(after) // 2) + ["suspended"] * (len(after) % 2)
    return not early and before[-1] == "approved" and between in ([], ["delivered"]) and list(after) == turns


def last(steps: Sequence[StepFact], step: Step) -> StepFact:
    return [fact for fact in steps if fact.step is step][-1]


def _approved_by_a_chooser(steps: Sequence[StepFact]) -> bool:
    chose: set[str] = set()
    for fact in steps:
        if fact.step is Step.APPROVED and fact.by in chose:
            return True
        if fact.step in {Step.ASSIGNED, Step.SERIAL_NOTED, Step.ENROLLED}:
            chose.add(fact.by)
    return False


def _touched_by_a_recipient(steps: Sequence[StepFact]) -> bool:
    """Whether somebody who is or becomes the recipient took a step that is not theirs."""
    holder: str | None = None
    acted: set[str] = set()
    for fact in steps:
        if fact.step is Step.ASSIGNED and fact.person in acted | {fact.by}:
            return True
        if holder == fact.by and fact.step not in {Step.DELIVERED, Step.ACTIVATED, Step.LOST}:
            return True
        acted.add(fact.by)
        holder = fact.person if fact.step is Step.ASSIGNED else holder
    return False
