"""Who gains and who loses by a change of the rules? All of it, and nothing that stays.

Looks only at what the changed rules and links can touch: people who answer to
a name of theirs, resources that a pattern of theirs covers. People of whom the
same rules speak are asked about once (``policies.crowd``). Says nothing of grants, sessions and
engagements: who may by the rules may need those as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.bundle import Bundle
from policies.crowd import Crowd, Holder
from policies.doors import ELSE, OTHER, Doors
from policies.index import closures
from policies.rules import Rule
from policies.shifts import GAINS, LOSSES, Kind, Shift, Shifts

BELOW = "/…"
MOST_QUESTIONS = 50_000
"""Most sets of people that are compared; what is beyond is counted, and told."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The same change for all of *who*, *actions* and *resources*.

    *label*: ``*``, a role or a group that exactly *who* answer to, or empty.
    *who* empty: nobody known, but whoever will hold *label*.
    """

    shift: Shift
    who: tuple[str, ...]
    label: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many triples of person, action and resource this is about, as far as they have names."""
        named = len(self.actions) - (OTHER in self.actions)
        return len(self.who) * max(1, named) * len(self.places)

    @property
    def places(self) -> tuple[str, ...]:
        """The resources, one that is meant with all below it written once, with a ``/…`` behind."""
        whole = {resource.removesuffix(ELSE) for resource in self.resources if resource.endswith(ELSE)}
        whole &= set(self.resources)
        return tuple(
            resource + BELOW if resource in whole else resource
            for resource in self.resources
            if resource.removesuffix(ELSE) not in whole or not resource.endswith(ELSE)
        )


@dataclass(frozen=True, slots=True)
class Effects:
    """Everything that changes, losses first. *unseen*: answers that were too many to compare."""

    effects: tuple[Effect, ...]
    unseen: int = 0

    def count(self, *kinds: Kind) -> int:
        """Return how many triples of a known person, action and resource change in these ways."""
        return sum(effect.size for effect in self.effects if effect.shift.kind in kinds)

    def people(self, kinds: frozenset[Kind]) -> int:
        """Return how many known people change in one of these ways."""
        return len({name for effect in self.effects if effect.shift.kind in kinds for name in effect.who})

    def summary(self) -> dict[str, int]:
        """Return the counts for the record of a publication."""
        told = {
            "gains": self.count(*GAINS),
            "losses": self.count(*LOSSES),
            "terms": self.count(Kind.TERMS),
            "unsure": self.count(Kind.UNSURE) + self.unseen,
        }
        return {**told, "people_gaining": self.people(GAINS), "people_losing": self.people(LOSSES)}


def effects(
    old: Bundle | None, new: Bundle, holders: Sequence[Holder], catalogue: Mapping[str, Sequence[str]]
) -> Effects:
    """Return what changes from *old* (None: nothing was published) to *new*.

    *catalogue*: the actions of each registered resource. Resources below one
    that rules name are looked at too, and actions besides.
    """
    changed = _changed(old, new)
    crowd = Crowd(old, new, holders, changed)
    touching = [*changed, *crowd.moved_rules()]
    doors = Doors(old, new, catalogue)
    shifts = Shifts()
    found: dict[tuple[Shift, int, tuple[str, ...]], list[str]] = {}
    asked = unseen = 0
    for resource, actions in doors.touched(touching):
        by_action: dict[tuple[Shift, int], list[str]] = {}
        for action in actions:
            if asked >= MOST_QUESTIONS:
                unseen += len(holders)
                continue
            parts = crowd.parts(_about(old, action, resource), _about(new, action, resource))
            asked += len(parts)
            for shift, mask in shifts.of(parts).items():
                by_action.setdefault((shift, mask), []).append(action)
        for (shift, mask), done in by_action.items():
            found.setdefault((shift, mask, tuple(done)), []).append(resource)
    told = [
        Effect(shift, who, label, actions, tuple(resources))
        for (shift, mask, actions), resources in found.items()
        for who, label in crowd.people(mask)
    ]
    return Effects(tuple(sorted(told, key=_order)), unseen)


def _about(bundle: Bundle | None, action: str, resource: str) -> tuple[Rule, ...]:
    return bundle.index.about(action, resource) if bundle is not None else ()


def _changed(old: Bundle | None, new: Bundle) -> list[Rule]:
    """Return one rule for everything that only one of both bundles says, or says of other actions."""
    before = {rule.row[1:]: rule for rule in old.rules} if old is not None else {}
    after = {rule.row[1:]: rule for rule in new.rules}
    changed = [(before.get(row) or after[row]) for row in before.keys() ^ after.keys()]
    regrouped = _groups_of_actions(old) ^ _groups_of_actions(new)
    groups = {group for _, group in regrouped}
    return changed + [after[row] for row in before.keys() & after.keys() if after[row].action in groups]


def _groups_of_actions(bundle: Bundle | None) -> set[tuple[str, str]]:
    links = closures(bundle.action_links) if bundle is not None else {}
    return {(action, group) for action, groups in links.items() for group in groups}


_ORDER = (Kind.LOST, Kind.NARROWER, Kind.OTHER, Kind.GAINED, Kind.WIDER, Kind.TERMS, Kind.UNSURE)


def _order(effect: Effect) -> tuple[int, int, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    rank = _ORDER.index(effect.shift.kind)
    return rank, -effect.size, effect.resources, effect.actions, effect.who or (effect.label,)
