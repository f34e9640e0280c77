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
from policies.comparisons import same
from policies.conditions import Atom
from policies.index import what_it_says
from policies.kleene import Facts, Fault
from policies.rules import Clause, Rule

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
        if atom.of(facts) is wanted and (code := causes.ok_code(atom, wanted))
    }
    return (*_PERMITTED, *(_OK[code] for code in sorted(told, key=_ORDER.__getitem__)))


def of_denial(
    rules: Rules, numbers: Sequence[int], forbids: Sequence[int], facts: Facts
) -> tuple[Reason, ...]:
    """Return why *forbids* stand in the way and, if none of the permits applies, what the nearest lacks."""
    permits = [number for number in numbers if rules.clauses[number].permits]
    if not forbids:
        return _nearest_miss(rules, permits, facts)
    reasons = [
        reason
        for rule in _in_order(rules, forbids)
        for reason in causes.reasons_for(rule, _faults(rule.clause, facts), ReasonCode.POLICY_FORBIDS)
    ]
    # A cure is told only if it opens the door: what else is missing stands beside it.
    if not any(rules.clauses[number].applies(facts) for number in permits):
        reasons += _nearest_miss(rules, permits, facts)
    return causes.ordered(reasons)


def errors(rules: Rules, numbers: Iterable[int], facts: Facts) -> tuple[RuleError, ...]:
    """Return the rules that match and whose condition is unknown, with the facts that are."""
    unknown = [number for number in numbers if rules.clauses[number].value(facts) is None]
    found = [RuleError(rules.id(number), _unknown(rules.clauses[number], facts)) for number in unknown]
    return tuple(sorted(found, key=lambda error: error.rule))


def _nearest_miss(rules: Rules, permits: Sequence[int], facts: Facts) -> tuple[Reason, ...]:
    """Return what the permit lacks that can be mended, and lacks the fewest comparisons.

    One that the path rules out is about other doors; none that is about this one is no rule.
    """
    path = {"path": facts.get("path")}
    misses = [
        (number, _faults(rules.clauses[number], facts))
        for number in permits
        if rules.clauses[number].value(path) is not False
    ]
    if not misses:
        return _NO_RULE
    least = min(map(_rank, misses))
    nearest = {number: faults for number, faults in misses if _rank((number, faults)) == least}
    # Of equals the first by what it says. They are read only if there are several.
    number = (
        min(nearest, key=lambda n: what_it_says(rules.at(n))) if len(nearest) > 1 else next(iter(nearest))
    )
    return causes.reasons_for(rules.at(number), nearest[number], ReasonCode.POLICY_NO_RULE)


def _rank(miss: tuple[int, tuple[Fault, ...]]) -> tuple[int, ...]:
    """Rank by whether it can be mended, and by how many comparisons; unknown ones count no less."""
    return causes.effort(miss[1])[:2]


def _in_order(rules: Rules, numbers: Iterable[int]) -> list[Rule]:
    return sorted(map(rules.at, numbers), key=what_it_says)


def _faults(clause: Clause, facts: Facts) -> tuple[Fault, ...]:
    """Return the comparisons that keep the rule from saying what opens the door."""
    if clause.when is None:
        return ()
    return kleene.evaluate(clause.when, facts, wanted=clause.permits, effort=causes.effort).faults


def _lacking(atom: Atom, facts: Facts) -> list[str]:
    """Return which facts an unknown comparison is unknown for."""
    if atom.other is None:
        return [atom.attribute.name]
    return [a.name for a in atom.attributes if same(a.type, facts.get(a.name), facts.get(a.name)) is None]


def _unknown(clause: Clause, facts: Facts) -> str:
    names = {name for atom, _ in clause.atoms if atom.of(facts) is None for name in _lacking(atom, facts)}
    told = [
        f"{name} is {'mistyped' if facts.get(name) is not None else 'not known'}" for name in sorted(names)
    ]
    return ", ".join(told)
