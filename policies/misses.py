"""What would have had to be otherwise for a denial to be a permit? For admins, computed when read.

Tells apart what a reason code says in one word for all: no rule is about the
resource, none about the action, none about any name of this subject, a rule
closes it whatever is known, or facts are lacking. What it says would open the
door is tried first, by deciding again with those facts. Never shown to the
person who was denied: it names rules, and what was found out about a session.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice, product
from typing import Any

from domain.attributes import Type
from domain.decision import Reason
from domain.reasons import ReasonCode
from policies import kleene, sentences, values
from policies.bundle import Bundle
from policies.comparisons import MATCHING, Operator
from policies.conditions import Atom, Not
from policies.decide import facts_at
from policies.index import path_of
from policies.kleene import Facts, Fault, holds
from policies.rules import Rule, RuleEffect

_STOPPED = {
    ReasonCode.PERSON_SUSPENDED: "they are suspended",
    ReasonCode.ENGAGEMENT_NONE: "they have no engagement",
    ReasonCode.ENGAGEMENT_ENDED: "their engagement has ended",
    ReasonCode.ENGAGEMENT_NOT_STARTED: "their engagement begins {when}",
    ReasonCode.RESOURCE_UNKNOWN: "the resource is not registered",
}
MOST = 5
"""Misses that are told, the nearest first."""
_NAMED = 4
_TRIED = 100
_CLOCK = ("now", "time", "weekday")
_GRADED = ("tier", "binding", "custody")


class MissKind(StrEnum):
    """Why there is no permit."""

    STOPPED = "stopped"
    NO_POLICY = "no-policy"
    RESOURCE_NOT_NAMED = "resource-not-named"
    ACTION_NOT_NAMED = "action-not-named"
    SUBJECT_NOT_NAMED = "subject-not-named"
    CLOSED = "closed"
    FACTS_LACKING = "facts-lacking"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Miss:
    """One way in which it was missed. *sentence* has no capital and no final stop; *rule* is an id."""

    kind: MissKind
    sentence: str
    rule: str | None = None


def stopped(reason: Reason) -> Miss:
    """Return the miss of somebody who is denied whatever the rules say, in words about them."""
    told = _STOPPED[reason.code]
    return Miss(MissKind.STOPPED, told.format(**dict(reason.details)))


def speaking(action: str | None, resource: str, *, bundle: Bundle | None) -> tuple[Rule, ...]:
    """Return the rules about *action* (None: any) on *resource*, without those that its path rules out."""
    if bundle is None:
        return ()
    path = {"path": path_of(resource)}
    return tuple(rule for rule in bundle.index.about(action, resource) if rule.value(path) is not False)


def no_permit(names: Collection[str], action: str, resource: str, *, bundle: Bundle | None) -> Miss | None:
    """Return why no allow is about this subject, which answers to *names*; None if one is."""
    if bundle is None or not bundle.rules:
        return Miss(MissKind.NO_POLICY, "no policy is published")
    allows = [rule for rule in speaking(action, resource, bundle=bundle) if rule.effect is RuleEffect.ALLOW]
    if any(rule.subject in names for rule in allows):
        return None
    if allows:
        others = sentences.some(sorted(sentences.named(rule.subject) for rule in allows), _NAMED)
        return Miss(
            MissKind.SUBJECT_NOT_NAMED, f"rules let others do this, and name none of their roles: {others}"
        )
    about = speaking(None, resource, bundle=bundle)
    whatever = [rule for rule in about if rule.effect is RuleEffect.ALLOW]
    if whatever:
        actions = sentences.some(sorted(sentences.named(rule.action) for rule in whatever), _NAMED)
        return Miss(
            MissKind.ACTION_NOT_NAMED, f"no rule lets anybody {action} it; rules open it for {actions}"
        )
    if about:
        return Miss(MissKind.RESOURCE_NOT_NAMED, "only rules that close name this resource; none opens it")
    return Miss(MissKind.RESOURCE_NOT_NAMED, "no rule names this resource")


def nobodys(action: str, resource: str, *, bundle: Bundle | None) -> Miss | None:
    """Return why no rule lets anybody do this; None if one does."""
    about = speaking(action, resource, bundle=bundle)
    return no_permit({rule.subject for rule in about}, action, resource, bundle=bundle)


def nearest_misses(
    names: Collection[str],
    action: str,
    resource: str,
    *,
    bundle: Bundle | None,
    attributes: Facts,
    now: datetime,
) -> tuple[Miss, ...]:
    """Return what a denial of these facts lacked, nearest first; nothing if the rules permit it.

    *now* is aware. At most :data:`MOST`; rules that close it stand before what is lacking.
    """
    missing = no_permit(names, action, resource, bundle=bundle)
    rules = [rule for rule in speaking(action, resource, bundle=bundle) if rule.subject in names]
    path = {"path": path_of(resource)}
    facts = facts_at({**attributes, **path}, now)
    if _opens(rules, facts):
        return ()
    closing = [closed(rule) for rule in rules if rule.effect is RuleEffect.DENY and rule.value(path) is True]
    if missing is not None:
        return (missing, *closing)[:MOST]
    if closing:
        return tuple(closing[:MOST])
    lacking = [_lacking(rule, rules, facts, now) for rule in rules if rule.effect is RuleEffect.ALLOW]
    ranked = sorted(lacking, key=lambda pair: pair[0])  # stable: equals stay in the order of the rules
    told = {miss.sentence: miss for _, miss in reversed(ranked)}
    return tuple(reversed(told.values()))[:MOST]


def closed(rule: Rule) -> Miss:
    """Return the miss of a deny that applies whatever is known."""
    return Miss(MissKind.CLOSED, f"closed whatever is known: {sentences.sentence(rule)}", rule.id)


def _lacking(
    rule: Rule, rules: Sequence[Rule], facts: dict[str, Any], now: datetime
) -> tuple[tuple[bool, int], Miss]:
    """Return what would open the door by *rule*, with its rank; tried before it is told."""
    closing = [r for r in rules if r.effect is RuleEffect.DENY and r.value(facts) is not False]
    faults = [fault for each in (rule, *closing) for fault in _faults(each, facts)]
    rank = len({fault.atom.attribute.name for fault in faults})
    for changed in islice(_changed(faults, facts), _TRIED):
        opening = _opening(rules, changed, now, faults)
        if opening is not None:
            told = _told(faults, changed, opening, now)
            return (False, rank), Miss(MissKind.FACTS_LACKING, f"would be allowed {told}", rule.id)
    told = "no change of facts was found with which it opens this"
    if rule.when is not None:
        told += f"; it asks that {sentences.condition(rule.when)}"
    return (True, rank), Miss(MissKind.NEVER, told, rule.id)


def _faults(rule: Rule, facts: Facts) -> tuple[Fault, ...]:
    if rule.when is None:
        return ()
    return kleene.evaluate(rule.when, facts, wanted=rule.effect is RuleEffect.ALLOW).faults


def _changed(faults: Iterable[Fault], facts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield *facts* with each faulty one, but the clock's, changed to what its comparisons want."""
    by_name: dict[str, list[Fault]] = {}
    for fault in faults:
        if fault.atom.attribute.name not in _CLOCK:
            by_name.setdefault(fault.atom.attribute.name, []).append(fault)
    fitting = [
        [value for value in _tried(wanted, facts) if all(holds(f.atom, value) is f.wanted for f in wanted)]
        for wanted in by_name.values()
    ]
    for chosen in product(*fitting):
        yield {**facts, **dict(zip(by_name, chosen, strict=True))}


def _tried(faults: Iterable[Fault], facts: Facts) -> Iterator[Any]:
    return (
        value for fault in faults for value in _candidates(fault.atom, facts.get(fault.atom.attribute.name))
    )


def _candidates(atom: Atom, have: Any) -> Iterator[Any]:
    """Yield values on both sides of what *atom* compares with; the grades above the one at hand first."""
    if atom.attribute.name in _GRADED:
        grades = [int(value) for value in atom.attribute.values]
        yield from sorted(grades, key=lambda grade: (type(have) is int and grade < have, grade))
    elif atom.attribute.type is Type.BOOL:
        yield from (True, False)
    elif atom.attribute.type is Type.VERSION:
        version: Any = atom.value
        yield from (version, (*version[:-1], version[-1] + 1), (0,))
    elif atom.operator is Operator.IP_MATCH:
        yield from (str(atom.value).partition("/")[0], "192.0.2.1", "2001:db8::1")
    elif atom.operator in MATCHING:
        return  # a path is what it is
    elif atom.attribute.type is Type.TEXT:
        yield from (*atom.value, "") if isinstance(atom.value, tuple) else (atom.value, "")
    else:
        edges: Any = atom.value if isinstance(atom.value, tuple) else (atom.value,)
        yield from (value for edge in edges for value in (edge, edge - 1, edge + 1) if value >= 0)


def _opens(rules: Iterable[Rule], facts: Facts) -> bool:
    found = [(rule.effect, rule.value(facts)) for rule in rules]
    closing = any(effect is RuleEffect.DENY and value is not False for effect, value in found)
    return not closing and any(effect is RuleEffect.ALLOW and value is True for effect, value in found)


def _opening(
    rules: Sequence[Rule], facts: dict[str, Any], now: datetime, faults: Iterable[Fault]
) -> datetime | None:
    """Return the first moment from *now* on at which *facts* open the door; None if there is none.

    Only if the clock is among the faults is any moment but *now* tried.
    """
    later = _moments(rules, now) if any(f.atom.attribute.name in _CLOCK for f in faults) else ()
    return next((moment for moment in (now, *later) if _opens(rules, facts_at(facts, moment))), None)


def _moments(rules: Iterable[Rule], now: datetime) -> list[datetime]:
    """Return each moment of the next seven days, or named, at which a comparison of the clock can change."""
    begins, named = {0}, list[datetime]()
    for rule in rules:
        for atom, _ in kleene.atoms(rule.when) if rule.when is not None else ():
            if atom.attribute.type is Type.TIME:
                begins |= set(atom.value)  # type: ignore[arg-type]
            elif atom.attribute.type is Type.MOMENT:
                ends = (values.moment(end) for end in str(atom.value).split("/"))
                named += (at for end in ends if end and (at := _after(end, timedelta(seconds=1))))
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    turns = (timedelta(days=day, minutes=minute) for day in range(8) for minute in begins)
    moments = (at for turn in turns if (at := _after(midnight, turn)))
    return sorted(moment for moment in (*moments, *named) if moment > now)


def _after(moment: datetime, much: timedelta) -> datetime | None:
    """Return *moment* and so *much*; None where the calendar of ``datetime`` ends before."""
    try:
        return moment + much
    except OverflowError:
        return None


def _told(faults: Iterable[Fault], changed: Facts, opening: datetime, now: datetime) -> str:
    """Say what is otherwise: ``at tier 2, when touch age is less than 1 minute, from 09:00 UTC``."""
    grades: dict[str, str] = {}
    conditions: dict[str, None] = {}
    for fault in faults:
        name = fault.atom.attribute.name
        if name in _GRADED:
            grades[name] = f"at {name} {changed[name]}"
        elif name not in _CLOCK:
            said = fault.atom if fault.wanted else Not(fault.atom)
            conditions[sentences.condition(said)] = None
    parts = list(grades.values())
    if conditions:
        parts.append(f"when {' and '.join(conditions)}")
    if opening != now:
        parts.append(f"from {_moment(opening, now)}")
    return ", ".join(parts)


def _moment(opening: datetime, now: datetime) -> str:
    at = opening.astimezone(UTC)
    clock = f"{at:%H:%M} UTC"
    days = (at.date() - now.astimezone(UTC).date()).days
    if not days:
        return clock
    if days > 7:
        return f"{at:%-d %B %Y} at {clock}"
    return f"{values.day_words((values.WEEKDAYS[at.weekday()],))} {clock}"
