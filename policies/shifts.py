"""How does the answer to one question change when other rules speak of it?

Compares what the rules of the old and of the new bundle say about one subject,
action and resource, over all facts (``policies.worlds``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from policies.crowd import Part
from policies.rules import Rule, RuleEffect
from policies.worlds import World, worlds

MOST_WORLDS = 4096
MOST_IN_ALL = 100_000
"""So many worlds are tried for one change of the rules; what is left then is UNSURE."""
Key = tuple[tuple[str, str, str], ...]
_Given = tuple[timedelta | None, bool, bool]


class Kind(StrEnum):
    """What becomes of the answer. SAME: other rules, the same answers; UNSURE: too many facts to try."""

    GAINED = "gained"
    LOST = "lost"
    WIDER = "wider"
    NARROWER = "narrower"
    OTHER = "other"
    TERMS = "terms"
    UNSURE = "unsure"
    SAME = "same"


GAINS = frozenset({Kind.GAINED, Kind.WIDER, Kind.OTHER})
LOSSES = frozenset({Kind.LOST, Kind.NARROWER, Kind.OTHER})


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """One change of an answer. *example*: facts of which the old and the new answer differ, unless
    that rests on a pattern.
    """

    kind: Kind
    before: tuple[Rule, ...]
    after: tuple[Rule, ...]
    example: Mapping[str, Any] | None


class Shifts:
    """Compares, and remembers: most questions are about the same few sets of rules."""

    def __init__(self) -> None:
        self._known: dict[tuple[Key, Key], Shift | None] = {}
        self._left = MOST_IN_ALL

    def of(self, parts: Iterable[Part]) -> dict[Shift, int]:
        """Return the shifts of one question, each with the mask of those it is for."""
        found: dict[Shift, int] = {}
        for part in parts:
            shift = self.between(part.before, part.after)
            if shift is not None and shift.kind is not Kind.SAME:
                found[shift] = found.get(shift, 0) | part.mask
        return found

    def between(self, before: Sequence[Rule], after: Sequence[Rule]) -> Shift | None:
        """Return the shift from the rules *before* to those *after*; None where they say the same."""
        keys = _key(before), _key(after)
        if keys not in self._known:
            self._known[keys] = None if keys[0] == keys[1] else self._shift(before, after)
        return self._known[keys]

    def _shift(self, before: Sequence[Rule], after: Sequence[Rule]) -> Shift:
        shift, tried = _compared(tuple(before), tuple(after), most=min(MOST_WORLDS, self._left))
        self._left -= tried
        return shift


def _key(rules: Sequence[Rule]) -> Key:
    return tuple(sorted({(rule.effect.value, rule.condition, rule.terms) for rule in rules}))


def _compared(before: tuple[Rule, ...], after: tuple[Rule, ...], *, most: int) -> tuple[Shift, int]:
    """Return the shift, and how many worlds were tried for it."""
    tried = worlds((r.when for r in (*before, *after) if r.when is not None), most=most)
    if tried is None:
        return Shift(Kind.UNSURE, before, after, None), 0
    count = 0
    examples: dict[Kind, World] = {}
    ever_before = ever_after = False
    for world in tried:
        count += 1
        was, is_ = _answer(before, world), _answer(after, world)
        ever_before |= was is not None
        ever_after |= is_ is not None
        if was == is_:
            continue
        kind = Kind.GAINED if was is None else Kind.LOST if is_ is None else Kind.TERMS
        examples.setdefault(kind, world)
    kind = _kind(frozenset(examples), ever_before=ever_before, ever_after=ever_after)
    example = next((examples[k] for k in (Kind.GAINED, Kind.LOST, Kind.TERMS) if k in examples), None)
    return Shift(kind, before, after, example.facts if example else None), count


def _kind(seen: frozenset[Kind], *, ever_before: bool, ever_after: bool) -> Kind:
    if Kind.GAINED in seen and Kind.LOST in seen:
        return Kind.OTHER
    if Kind.GAINED in seen:
        return Kind.WIDER if ever_before else Kind.GAINED
    if Kind.LOST in seen:
        return Kind.NARROWER if ever_after else Kind.LOST
    return Kind.TERMS if Kind.TERMS in seen else Kind.SAME


def _answer(rules: Sequence[Rule], world: World) -> _Given | None:
    """Return what a permit would give (longest cap, standing, uncapped), or None for a denial."""
    permits = []
    for rule in rules:
        value = world.value(rule.when)
        if rule.effect is RuleEffect.DENY and value is not False:
            return None
        if rule.effect is RuleEffect.ALLOW and value is True:
            permits.append(rule.given)
    if not permits:
        return None
    caps = [given.cap for given in permits if given.cap is not None]
    return max(caps, default=None), any(given.standing for given in permits), len(caps) < len(permits)
