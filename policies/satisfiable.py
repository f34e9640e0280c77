"""Can a condition ever be true, and ever be false? For the warnings shown to an author."""

from __future__ import annotations

from policies.conditions import Condition
from policies.rules import Clause
from policies.worlds import World, worlds

MAX_TRIED = 1_000
"""More combinations than these are not tried: nothing is said of such a condition."""


def outcomes(condition: Condition) -> frozenset[bool]:
    """Return which of True and False the condition can be when every fact is known; both if unsure.

    What it is while a fact is not known, it also is whatever that fact turns out to be.
    """
    tried = worlds([condition], most=MAX_TRIED)
    if tried is None:
        return frozenset((True, False))
    return frozenset(value for world in tried if (value := world.value(condition)) is not None)


def applies_wherever(wider: Clause, other: Clause) -> bool:
    """Whether *wider* applies whatever the facts are that make *other* apply; False if unsure.

    Facts that are not known are among those that are tried: a permit applies only
    if its condition is true, a forbid unless it is false.
    """
    tried = worlds([clause.when for clause in (wider, other) if clause.when is not None], most=MAX_TRIED)
    if tried is None:
        return False
    return all(_applies(wider, world) for world in tried if _applies(other, world))


def _applies(clause: Clause, world: World) -> bool:
    value = world.value(clause.when)
    return value is True if clause.permits else value is not False
