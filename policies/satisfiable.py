"""Can a condition ever be true, and ever be false? For the warnings shown to an author."""

from __future__ import annotations

from policies.conditions import Condition
from policies.worlds import worlds

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
