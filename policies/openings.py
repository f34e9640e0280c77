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
from policies.comparisons import Operator, same
from policies.conditions import Atom, Condition, Not
from policies.decide import facts_at
from policies.kleene import Facts
from policies.rules import Rule

CLOCK = ("now", "time", "weekday")
GRADED = ("tier", "binding", "custody")
_WIDEST = 400
_FIXED = (*CLOCK, "path")
_Values = Mapping[Attribute, Any]


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
        self.parts: dict[Attribute, list[Any]] = {}
        for attributes, found in worlds.clusters(chain.from_iterable(map(_atoms, (rule, *denies)))):
            if len(attributes) > 1 or attributes[0].name not in _FIXED:
                values_ = _parts(attributes, found, facts)
                self.parts |= {a: v for a, v in zip(attributes, values_, strict=True) if a.name not in _FIXED}
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
            tuple(a for a in self.parts if a in faulty),
            any(a.name in CLOCK for a in faulty),
        )
        for size in range(len(self.parts) + 2):
            yield from ((chosen, False) for chosen in combinations(self.parts, size))
            if size:
                yield from ((chosen, True) for chosen in combinations(self.parts, size - 1))

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
        admitted: list[list[_Values]] = [[{a: value}] for a, value in changed.items()]
        said: list[tuple[Condition, ...]] = [(_exactly(a, v),) for a, v in changed.items()]
        for place, attribute in enumerate(changed):
            if attribute.name in GRADED:
                continue
            for rules in ((self.rule,), (self.rule, *self.denies)):
                turned = self._turned(attribute, changed, rules)
                fitting = self._fitting(attribute, changed, turned)
                wider = [*admitted[:place], fitting, *admitted[place + 1 :]]
                if turned and self._all_open(wider, moment):
                    admitted = wider
                    said[place] = tuple(a if wanted else Not(a) for a, wanted in turned.items())
                    break
        return tuple(dict.fromkeys(chain.from_iterable(said)))

    def _turned(
        self, attribute: Attribute, changed: Mapping[Attribute, Any], rules: Iterable[Rule]
    ) -> dict[Atom, bool | None]:
        """Return the comparisons of *rules* that come out otherwise by one of the changes, and how."""
        with_it = self._with(changed)
        without = self._with({a: value for a, value in changed.items() if a is not attribute})
        atoms = (atom for rule in rules for atom in _atoms(rule) if attribute in atom.attributes)
        return {atom: atom.of(with_it) for atom in atoms if atom.of(with_it) is not atom.of(without)}

    def _fitting(
        self, attribute: Attribute, changed: Mapping[Attribute, Any], turned: Mapping[Atom, bool | None]
    ) -> list[_Values]:
        """Return the values of which *turned* comes out so: of the fact, and of those it is compared with."""
        compared = {a: None for atom in turned for a in atom.attributes if a in self.parts}
        names = tuple({attribute: None} | compared)
        if prod(len(self.parts[a]) for a in names) > _WIDEST:
            return []
        tried = (dict(zip(names, each, strict=True)) for each in product(*(self.parts[a] for a in names)))
        return [v for v in tried if all(a.of(self._with({**changed, **v})) is w for a, w in turned.items())]

    def _with(self, changed: Mapping[Attribute, Any]) -> Facts:
        return {**self.facts, **{a.name: value for a, value in changed.items()}}

    def _all_open(self, admitted: Sequence[Sequence[_Values]], moment: datetime) -> bool:
        if not 0 < prod(map(len, admitted)) <= _WIDEST:
            return False
        return all(
            self._opens(each, moment) for each in map(_together, product(*admitted)) if each is not None
        )


def _together(parts: Iterable[_Values]) -> _Values | None:
    """Return all *parts* as one; None where they contradict each other."""
    whole: dict[Attribute, Any] = {}
    for part in parts:
        if any(whole.get(a, value) != value for a, value in part.items()):
            return None
        whole.update(part)
    return whole


def _atoms(rule: Rule) -> Iterator[Atom]:
    return (atom for atom, _ in rule.clause.atoms)


def _parts(attributes: Sequence[Attribute], compared: Sequence[Atom], facts: Facts) -> list[list[Any]]:
    """Return a value of each part, for each attribute; the grades above the one at hand first."""
    if attributes[0].type is Type.ADDRESS:
        return [_addresses(compared)]
    type_ = attributes[0].type
    known = [facts.get(a.name) for a in attributes] if len(attributes) > 1 else []
    found = worlds.places(attributes, compared, [v for v in known if same(type_, v, v) is not None])
    for attribute, values_ in zip(attributes, found, strict=True):
        if attribute.name in GRADED:
            have = facts.get(attribute.name)
            values_.sort(key=lambda grade: (type(have) is int and grade < have, grade))
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
