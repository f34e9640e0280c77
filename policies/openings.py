"""With which change of what is known would a rule open a door? Every answer was tried.

A change is searched that concerns the fewest facts; the clock, which can only
wait, is one of them. Each comparison parts the values of its fact
(``policies.worlds``), and one of each part is tried. What is told is true of
every value that it admits: else the value that was tried is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import chain, combinations, product
from math import prod
from typing import Any

from domain.attributes import Attribute, Type
from policies import causes, kleene, values, worlds
from policies.comparisons import Operator
from policies.conditions import Atom, Condition, Not
from policies.decide import facts_at
from policies.kleene import Facts, holds
from policies.rules import Rule

CLOCK = ("now", "time", "weekday")
GRADED = ("tier", "binding", "custody")
_WIDEST = 400


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens the door: facts of which *asks* all hold, all else as it is, at the moment *at*.

    *changed* counts the facts that are otherwise, the clock as one.
    """

    asks: tuple[Condition, ...]
    at: datetime
    changed: int


@dataclass(frozen=True, slots=True)
class Found:
    """*opening* None: there is none among those tried; *all_tried*: nor any other."""

    opening: Opening | None
    all_tried: bool


def search(rule: Rule, denies: Sequence[Rule], facts: Facts, now: datetime, *, most: int) -> Found:
    """Return the nearest opening of a door by *rule* past all *denies*, of *most* that are tried.

    *facts* hold the path; *now* is aware.
    """
    return _Search(rule, denies, facts, now).found(most)


class _Search:
    def __init__(self, rule: Rule, denies: Sequence[Rule], facts: Facts, now: datetime) -> None:
        self.rule, self.denies, self.facts, self.now = rule, denies, facts, now
        self.compared: dict[Attribute, dict[Atom, None]] = {}
        for atom in chain.from_iterable(map(_atoms, (rule, *denies))):
            if atom.attribute.name not in (*CLOCK, "path"):
                self.compared.setdefault(atom.attribute, {})[atom] = None
        self.parts = {a: _parts(a, tuple(found), facts.get(a.name)) for a, found in self.compared.items()}
        self.later = _moments((rule, *denies), now)

    def found(self, left: int) -> Found:
        for chosen, waits in self._sets():
            for moment in self.later if waits else (self.now,):
                for each in product(*(self.parts[attribute] for attribute in chosen)):
                    if not left:
                        return Found(None, all_tried=False)
                    left -= 1
                    changed = dict(zip(chosen, each, strict=True))
                    if self._opens(changed, moment):
                        asks = self._asks(changed, moment)
                        return Found(Opening(asks, moment, len(chosen) + waits), all_tried=True)
        return Found(None, all_tried=True)

    def _sets(self) -> Iterator[tuple[tuple[Attribute, ...], bool]]:
        """Yield which facts to change, and whether to wait: those at fault, then all, few first."""
        faulty = {fault.atom.attribute for fault in self._faults()}
        yield (
            tuple(a for a in self.compared if a in faulty),
            any(a.name in CLOCK for a in faulty),
        )
        for size in range(len(self.compared) + 2):
            yield from ((chosen, False) for chosen in combinations(self.compared, size))
            if size:
                yield from ((chosen, True) for chosen in combinations(self.compared, size - 1))

    def _faults(self) -> Iterator[kleene.Fault]:
        facts = facts_at(self.facts, self.now)
        for rule in (self.rule, *self.denies):
            if rule.when is not None:
                wanted = rule is self.rule
                yield from kleene.evaluate(rule.when, facts, wanted=wanted, effort=causes.effort).faults

    def _opens(self, changed: Mapping[Attribute, Any], moment: datetime) -> bool:
        facts = facts_at({**self.facts, **{a.name: value for a, value in changed.items()}}, moment)
        return self.rule.value(facts) is True and all(rule.value(facts) is False for rule in self.denies)

    def _asks(self, changed: Mapping[Attribute, Any], moment: datetime) -> tuple[Condition, ...]:
        """Return what to say of each changed fact; whatever satisfies all of it opens the door."""
        admitted: dict[Attribute, list[Any]] = {a: [value] for a, value in changed.items()}
        said: dict[Attribute, tuple[Condition, ...]] = {a: (_exactly(a, v),) for a, v in changed.items()}
        for attribute, value in changed.items():
            if attribute.name in GRADED:
                continue
            for rules in ((self.rule,), (self.rule, *self.denies)):
                turned = self._turned(attribute, value, rules)
                fitting = [
                    v for v in self.parts[attribute] if all(holds(a, v) is w for a, w in turned.items())
                ]
                wider = {**admitted, attribute: fitting}
                if turned and self._all_open(wider, moment):
                    admitted = wider
                    said[attribute] = tuple(a if wanted else Not(a) for a, wanted in turned.items())
                    break
        return tuple(chain.from_iterable(said.values()))

    def _turned(self, attribute: Attribute, value: Any, rules: Iterable[Rule]) -> dict[Atom, bool | None]:
        """Return the comparisons of *rules* that come out otherwise with *value*, and how."""
        have = self.facts.get(attribute.name)
        atoms = (atom for rule in rules for atom in _atoms(rule) if atom.attribute is attribute)
        return {a: holds(a, value) for a in atoms if holds(a, value) is not holds(a, have)}

    def _all_open(self, admitted: Mapping[Attribute, Sequence[Any]], moment: datetime) -> bool:
        if prod(map(len, admitted.values())) > _WIDEST:
            return False
        tries = product(*admitted.values())
        return all(self._opens(dict(zip(admitted, each, strict=True)), moment) for each in tries)


def _atoms(rule: Rule) -> Iterator[Atom]:
    return (atom for atom, _ in rule.clause.atoms)


def _parts(attribute: Attribute, compared: Sequence[Atom], have: Any) -> list[Any]:
    """Return a value of each part; the grades above the one at hand first."""
    if attribute.type is Type.ADDRESS:
        return _addresses(compared)
    found = worlds.places(attribute, compared)
    if attribute.name in GRADED:
        found.sort(key=lambda grade: (type(have) is int and grade < have, grade))
    return found


def _addresses(compared: Iterable[Atom]) -> list[str]:
    """Return where each network begins, and what follows it: these part all addresses."""
    found: dict[str, None] = {}
    for atom in compared:
        text = str(atom.value)
        network = ip_network(text, strict=False)
        found[str(network.network_address)] = None
        if int(network.broadcast_address) + 1 < 1 << network.max_prefixlen:
            found[str(network.broadcast_address + 1)] = None
    return [*found, str(ip_address("0.0.0.0")), "::"]  # noqa: S104 - an address to compare


def _exactly(attribute: Attribute, value: Any) -> Condition:
    if attribute.type is Type.BOOL:
        atom = Atom(attribute, Operator.IS, True, attribute.name)
        return atom if value else Not(atom)
    operator = Operator.IP_MATCH if attribute.type is Type.ADDRESS else Operator.EQ
    return Atom(attribute, operator, value, f"{attribute.name} {operator.value} {value}")


def _moments(rules: Iterable[Rule], now: datetime) -> list[datetime]:
    """Return the moments ahead at which a comparison of the clock can change.

    Within the week after *now*, and after each moment that a rule names.
    """
    begins, named = {0}, [now]
    clocked = False
    for atom in chain.from_iterable(map(_atoms, rules)):
        clocked = clocked or atom.attribute.name in CLOCK
        if atom.attribute.type is Type.TIME:
            begins |= set(atom.value)  # type: ignore[arg-type]
        elif atom.attribute.type is Type.MOMENT:
            ends = (values.moment(end) for end in str(atom.value).split("/"))
            named += (at for end in ends if end and (at := _after(end, timedelta(seconds=1))))
    if not clocked:
        return []
    turns = [timedelta(days=day, minutes=minute) for day in range(8) for minute in begins]
    days = [at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) for at in named]
    moments = {at for day in days for turn in turns if (at := _after(day, turn))}
    return sorted(moment for moment in (moments | set(named)) if moment > now)


def _after(moment: datetime, much: timedelta) -> datetime | None:
    """Return *moment* and so *much*; None where the calendar of ``datetime`` ends before."""
    try:
        return moment + much
    except OverflowError:
        return None
