"""How is an effect told? One sentence for an admin: who gains or loses what, and when.

No capital and no final stop: it stands in lists. Bounded: of many names a few
are told, with the exact number of the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policies import sentences
from policies.doors import ANYTHING, ELSE, OTHER
from policies.effects import BELOW, Effect
from policies.names import ANY, MEMBERSHIPS
from policies.rules import Rule, RuleEffect
from policies.sentences import named, some
from policies.shifts import Kind

FEW = 3
_CASES = {Kind.WIDER: "more", Kind.NARROWER: "fewer", Kind.OTHER: "other"}


def told(effect: Effect, called: Mapping[str, str]) -> str:
    """Return the sentence. *called* gives people their names, of many at least a few."""
    who, several = _who(effect, called)
    shift = effect.shift
    actions = some((_action(action) for action in effect.actions), FEW)
    resources = some((_resource(resource) for resource in effect.places), FEW)
    if shift.kind is Kind.GAINED:
        return (
            f"{who} {'gain' if several else 'gains'} {actions} on {resources}{_when(shift.after)}"
            + _terms(shift.after)
        )
    if shift.kind is Kind.LOST:
        before = _when(shift.before)
        was = f", which was allowed{before}" if before else ""
        return f"{who} {'lose' if several else 'loses'} {actions} on {resources}{was}"
    may = f"{who} may {actions} {resources}"
    if shift.kind is Kind.TERMS:
        now, before = _terms(shift.after), _terms(shift.before)
        return f"{may} on other terms: {_bare(now)}; before, {_bare(before)}"
    if shift.kind is Kind.UNSURE:
        return f"for {who}, other rules speak of {actions} on {resources}: too many cases to compare them all"
    after, before = _apart(shift.after, shift.before)
    return f"{may} in {_CASES[shift.kind]} cases: {after}; before, {before}"


def names(effect: Effect, called: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of those whom *effect* is about, as far as *called* has them; else their ids."""
    return tuple(sorted(called[name] for name in effect.who if name in called)) or effect.who


def _who(effect: Effect, called: Mapping[str, str]) -> tuple[str, bool]:
    """Return the words for *who*, and whether a plural follows."""
    label, count = effect.label, len(effect.who)
    if not count:
        if label == ANY:
            return "everybody", False
        if label.startswith(MEMBERSHIPS):
            return f"whoever holds {named(label)} (nobody now)", False
        return f"{named(label)} (not known here)", False
    people = names(effect, called)
    if count == 1:
        return people[0], False
    if label == ANY:
        return f"everybody ({count} people)", False
    if label:
        return f"everybody with {named(label)} ({count} people)", False
    if count <= FEW:
        return f"{', '.join(people[:-1])} and {people[-1]}", True
    return f"{count} people ({', '.join(people[:FEW])} and {count - FEW} more)", True


def _action(action: str) -> str:
    return "any other action" if action == OTHER else action


def _resource(resource: str) -> str:
    kind = resource.removesuffix(BELOW).removesuffix(ELSE).removesuffix(ANYTHING)
    if ":" not in kind:
        return f"anything else of type {kind}"
    if resource.endswith(BELOW):
        return f"{resource.removesuffix(BELOW)} (and below)"
    if resource.endswith(ELSE):
        return f"anything else below {resource.removesuffix(ELSE)}"
    return resource


def _apart(after: Sequence[Rule], before: Sequence[Rule]) -> tuple[str, str]:
    """Say when either permits, without what both forbid."""
    same = {rule.condition for rule in after if not _permits(rule)}
    same &= {rule.condition for rule in before if not _permits(rule)}
    now, was = ([r for r in rules if _permits(r) or r.condition not in same] for rules in (after, before))
    return _always(now), _always(was)


def _always(rules: Sequence[Rule]) -> str:
    when = _when(rules)
    return when.removeprefix(" ") if when.startswith(" ") else f"always{when}"


def _permits(rule: Rule) -> bool:
    return rule.effect is RuleEffect.ALLOW


def _when(rules: Sequence[Rule]) -> str:
    """Say when *rules* permit: `` when …``, or nothing for always."""
    permits = [rule for rule in rules if _permits(rule)]
    forbids = [rule for rule in rules if not _permits(rule)]
    always = any(rule.when is None for rule in permits)
    when = "" if always else " when " + _either(permits)
    if not forbids:
        return when
    return f"{when}, unless {_either(forbids)}, or that is not known"


def _either(rules: Sequence[Rule]) -> str:
    told = list(dict.fromkeys(sentences.condition(rule.when) for rule in rules if rule.when is not None))
    if len(told) > FEW:
        return " or when ".join(told[:FEW]) + f" or by {len(told) - FEW} more rules"
    return " or when ".join(told)


def _terms(rules: Sequence[Rule]) -> str:
    told = list(dict.fromkeys(sentences.terms(rule) for rule in rules if _permits(rule)))
    return ", " + " or ".join(map(_bare, told)) if any(told) else ""


def _bare(terms: str) -> str:
    return terms.removeprefix(", ") or "for as long as others"
