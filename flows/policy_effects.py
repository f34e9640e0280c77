"""Who, of the people we know, gains and who loses by a change of the rules?

Asked on the editor while somebody types, before a touch, in the history, and
for the record of a publication. Who may by the rules may still need a session,
a grant or a running engagement: those are not looked at. People whose access
was stopped are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from unicodedata import bidirectional

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.access import SubjectKind
from flows.names import names_of
from models.catalog import resources
from models.entities import entities, stored_types
from models.people import Person, all_live_assignments
from policies.bundle import Bundle
from policies.crowd import Holder
from policies.doors import of_types
from policies.effect_words import names, told
from policies.effects import Effect, Effects, effects
from policies.pinning import pinned
from policies.shifts import GAINS, LOSSES, Kind

MOST_TOLD = 40
MOST_NAMES = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One effect for a page. *state*: ``gain``, ``loss``, ``both`` or ``other``.

    *names* are told on demand, where the sentence has not room for all; *unnamed* counts those beyond.
    *test*: a row that holds the effect fast, if there is one.
    """

    state: str
    sentence: str
    names: tuple[str, ...] = ()
    unnamed: int = 0
    test: str | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything that a change does: sentences, how many more there are, and exact totals.

    *unseen*: questions that were too many to ask.
    """

    told: tuple[Told, ...]
    more: int
    gaining: int
    losing: int
    unseen: int
    counts: Mapping[str, int]

    @property
    def none(self) -> bool:
        """Whether nobody gains, loses or gets other terms."""
        return not self.told and not self.unseen


def impact(session: Session, old: Bundle | None, new: Bundle, now: datetime) -> Impact:
    """Return what the change from *old* to *new* does to the people and resources known at *now*."""
    holders = tuple(_holders(session, now))
    found = effects(old, new, holders, _catalogue(session, old, new))
    return _impact(session, found, new, holders)


def _holders(session: Session, now: datetime) -> Iterator[Holder]:
    groups = all_live_assignments(session, now)
    for person in session.scalars(select(Person.id).where(Person.state == "active").order_by(Person.id)):
        yield Holder(f"{SubjectKind.PERSON}:{person}", tuple(sorted(groups[person])))
    for entity in entities(session):
        yield Holder(entity.key, tuple(sorted(groups[entity.id])))


def _catalogue(session: Session, old: Bundle | None, new: Bundle) -> dict[str, tuple[str, ...]]:
    types, _ = stored_types(session)
    registered = {row.id: tuple(row.actions) for row in resources(session)}
    return {**of_types(types, (old, new)), **registered}


def _impact(session: Session, found: Effects, new: Bundle, holders: Sequence[Holder]) -> Impact:
    shown = found.effects[:MOST_TOLD]
    kind = f"{SubjectKind.PERSON}:"
    ids = {name.removeprefix(kind) for effect in shown for name in effect.who[:MOST_NAMES]}
    called = {kind + id_: isolated(name) for id_, name in names_of(session, ids).items()}
    held = {one.name: one.memberships for one in holders}
    taken = {trial.id for trial in new.tests}
    return Impact(
        tuple(_told(effect, called, pinned(effect, new, held, taken)) for effect in shown),
        len(found.effects) - len(shown),
        found.people(GAINS),
        found.people(LOSSES),
        found.unseen,
        found.summary(),
    )


def _told(effect: Effect, called: Mapping[str, str], test: str | None) -> Told:
    some = names(effect, called) if len(effect.who) > 1 else ()
    unnamed = len(effect.who) - len(some) if some else 0
    return Told(_state(effect.shift.kind), told(effect, called), some, unnamed, test)


def isolated(name: str) -> str:
    """Return *name* so that one written from right to left does not turn the words around it."""
    if any(bidirectional(letter) in ("R", "AL") for letter in name):
        return f"\u2068{name}\u2069"
    return name


def _state(kind: Kind) -> str:
    if kind is Kind.OTHER:
        return "both"
    return "gain" if kind in GAINS else "loss" if kind in LOSSES else "other"
