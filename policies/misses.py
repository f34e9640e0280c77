"""What would have had to be otherwise for a denial to be a permit? For admins, computed when read.

Tells apart what a reason code says in one word for all: no rule is about the
resource, none about the action, none about any name of this subject, a rule
closes it whatever is known, or facts are lacking. What it says would open the
door is tried first, by deciding again with those facts. Never shown to the
person who was denied: it names rules, and what was found out about a session.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from domain.decision import Reason
from domain.reasons import ReasonCode
from policies import openings, sentences, values
from policies.bundle import Bundle
from policies.conditions import Atom
from policies.decide import facts_at
from policies.index import path_of
from policies.kleene import Facts
from policies.openings import Opening
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
_TRIED = 5_000  # changes for one question, shared by its rules
_LEAST_TRIED = 50


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
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Miss:
    """One way in which it was missed. *sentence* has no capital and no final stop; *rule* is an id.

    *opening*: what *would be allowed* says.
    """

    kind: MissKind
    sentence: str
    rule: str | None = None
    opening: Opening | None = None


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
    denies = [rule for rule in rules if rule.effect is RuleEffect.DENY]
    allows: dict[str, Rule] = {}
    for rule in rules:
        if rule.effect is RuleEffect.ALLOW:
            allows.setdefault(rule.condition, rule)
    most = max(_LEAST_TRIED, _TRIED // len(allows))
    lacking = [_lacking(rule, denies, facts, now, most) for rule in allows.values()]
    ranked = sorted(lacking, key=lambda pair: pair[0])  # stable: equals stay in the order of the rules
    told = {miss.sentence: miss for _, miss in reversed(ranked)}
    return tuple(reversed(told.values()))[:MOST]


def closed(rule: Rule) -> Miss:
    """Return the miss of a deny that applies whatever is known."""
    return Miss(MissKind.CLOSED, f"closed whatever is known: {sentences.sentence(rule)}", rule.id)


def _lacking(
    rule: Rule, denies: Sequence[Rule], facts: Facts, now: datetime, most: int
) -> tuple[tuple[bool, bool, int], Miss]:
    """Return what would open the door by *rule*, with its rank; tried before it is told."""
    found = openings.search(rule, denies, facts, now, most=most)
    if found.opening is not None:
        told = f"would be allowed {_told(found.opening, now)}"
        miss = Miss(MissKind.FACTS_LACKING, told, rule.id, found.opening)
        return (False, False, found.opening.changed), miss
    kind = MissKind.NEVER if found.all_tried else MissKind.UNSURE
    told = "no change of facts was found with which it opens this"
    if not found.all_tried:
        told += ", and not all were tried"
    if rule.when is not None:
        told += f"; it asks that {sentences.condition(rule.when)}"
    return (True, found.all_tried, 0), Miss(kind, told, rule.id)


def _opens(rules: Iterable[Rule], facts: Facts) -> bool:
    found = [(rule.effect, rule.value(facts)) for rule in rules]
    closing = any(effect is RuleEffect.DENY and value is not False for effect, value in found)
    return not closing and any(effect is RuleEffect.ALLOW and value is True for effect, value in found)


def _told(opening: Opening, now: datetime) -> str:
    """Say what is otherwise: ``at tier 2, when touch age is less than 1 minute, from 09:00 UTC``."""
    parts, conditions = list[str](), list[str]()
    for ask in opening.asks:
        if isinstance(ask, Atom) and ask.other is None and ask.attribute.name in openings.GRADED:
            parts.append(f"at {ask.attribute.name} {ask.value}")
        else:
            conditions.append(sentences.condition(ask))
    if conditions:
        parts.append(f"when {' and '.join(dict.fromkeys(conditions))}")
    if opening.at != now:
        parts.append(f"from {_moment(opening.at, now)}")
    return ", ".join(parts)


def _moment(opening: datetime, now: datetime) -> str:
    at = opening.astimezone(UTC)
    clock = f"{at:%H:%M} UTC"
    days = (at.date() - now.astimezone(UTC).date()).days
    if not days:
        return clock
    if days >= 7:
        return f"{at:%-d %B %Y} at {clock}"
    return f"{values.day_words((values.WEEKDAYS[at.weekday()],))} {clock}"
