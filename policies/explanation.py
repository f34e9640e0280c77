"""Why was it so decided? From the rules that match and the facts to reasons.

Asked when a Decision is made, never to find its effect. Forbids are told
first, then what the nearest permit lacks. Values of facts stay out of
*errors*: they may be personal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.decision import Reason, RuleError
from domain.reasons import ReasonCode
from policies import causes, kleene
from policies.columns import Rules
from policies.index import what_it_says
from policies.kleene import Facts, Fault
from policies.rules import Clause, Rule, RuleEffect

_PERMITTED = (Reason.of(ReasonCode.POLICY_PERMITS),)
_OK = {code: Reason.of(code) for code in ReasonCode}
_ORDER = {code: number for number, code in enumerate(ReasonCode)}
_NO_RULE = (Reason.of(ReasonCode.POLICY_NO_RULE),)


def of_permit(permits: Sequence[Clause], facts: Facts) -> tuple[Reason, ...]:
    """Return the ok reasons of the comparisons that carry the determining permits."""
    told = {
        code
        for clause in permits
        for atom, wanted in clause.atoms
        if atom.test(facts.get(atom.attribute.name)) is wanted and (code := causes.ok_code(atom, wanted))
    }
    return (*_PERMITTED, *(_OK[code] for code in sorted(told, key=_ORDER.__getitem__)))


def of_denial(rules: Rules, numbers: Iterable[int], facts: Facts) -> tuple[Reason, ...]:
    """Return why the forbids that apply stand in the way and, if no permit applies, what one lacks."""
    if not numbers:
        return _NO_RULE
    told = [rules.at(number) for number in numbers]
    told.sort(key=what_it_says)
    reasons = [
        reason
        for rule in told
        if rule.effect is RuleEffect.DENY and rule.clause.applies(facts)
        for reason in causes.reasons_for(rule, _faults(rule, facts), ReasonCode.POLICY_FORBIDS)
    ]
    # A cure is told only if it opens the door: what else is missing stands beside it.
    permits = [rule for rule in told if rule.effect is RuleEffect.ALLOW]
    if not any(rule.clause.applies(facts) for rule in permits):
        reasons += nearest_miss(permits, facts)
    return causes.ordered(reasons)


def errors(rules: Rules, numbers: Iterable[int], facts: Facts) -> tuple[RuleError, ...]:
    """Return the rules that match and whose condition is unknown, with the facts that are."""
    unknown = [number for number in numbers if rules.clauses[number].value(facts) is None]
    found = [RuleError(rules.id(number), _unknown(rules.clauses[number], facts)) for number in unknown]
    return tuple(sorted(found, key=lambda error: error.rule))


def nearest_miss(permits: Sequence[Rule], facts: Facts) -> tuple[Reason, ...]:
    """Return what the permit lacks that lacks the fewest comparisons; none matching is no rule."""
    if not permits:
        return _NO_RULE
    misses = [(rule, _faults(rule, facts)) for rule in permits]
    rule, faults = min(misses, key=lambda miss: len(miss[1]))  # the first of equals
    return causes.reasons_for(rule, faults, ReasonCode.POLICY_NO_RULE)


def _faults(rule: Rule, facts: Facts) -> tuple[Fault, ...]:
    """Return the comparisons that keep the rule from saying what opens the door."""
    if rule.when is None:
        return ()
    return kleene.evaluate(rule.when, facts, wanted=rule.clause.permits).faults


def _unknown(clause: Clause, facts: Facts) -> str:
    names = {
        a.attribute.name for a, _ in clause.atoms if kleene.holds(a, facts.get(a.attribute.name)) is None
    }
    told = [
        f"{name} is {'mistyped' if facts.get(name) is not None else 'not known'}" for name in sorted(names)
    ]
    return ", ".join(told)
