"""May this subject do this to this resource now? The one decision core.

Answers from a bundle, the subject's assignments and the facts of the request.
A permit applies only if its condition is true, a forbid unless it is false; an
unknown fact helps nobody. Does not look for a grant, a session or a person:
flows do, and turn a permit into a denial for those reasons.
The laws stand in ``docs/policy.md`` and in ``tests/properties``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.access import AccessRequest, Link, action_name, resource_id
from domain.decision import Decision, Effect, Obligations, Reason, Revisions, RuleError
from domain.errors import Invalid
from domain.reasons import ReasonCode
from policies import causes, kleene
from policies.bundle import Bundle
from policies.kleene import Fault
from policies.rules import Rule, RuleEffect
from policies.values import WEEKDAYS


def decide(
    request: AccessRequest,
    *,
    bundle: Bundle | None,
    assignments: Sequence[Link],
    now: datetime,
    revisions: Revisions = Revisions(),  # noqa: B008 - frozen
    assessment: str | None = None,
    tier: int | None = None,
    score: int | None = None,
    id: str = "",
) -> Decision:
    """Return the explained decision. The same arguments give the same decision.

    *now* is aware; its time and weekday (UTC) replace any such attributes of
    the request. *assignments* are memberships of principals; those of others
    than the subject are passed over. The last five are copied into the
    Decision and decide nothing. A published bundle has no say over resources
    of type ``doorward``: pass ``policies.bundle.load_builtin()`` for those.

    Raises Invalid for a request whose parts are not canonical, ValueError for
    a naive *now* or an assignment that is no membership.
    """
    names = bundle.index.names_of(request.subject, assignments) if bundle is not None else frozenset[str]()
    return decide_for(
        names,
        request,
        bundle=bundle,
        facts=facts_at(request.attributes, now),
        now=now,
        revisions=revisions,
        assessment=assessment,
        tier=tier,
        score=score,
        id=id,
    )


def decide_for(
    names: frozenset[str],
    request: AccessRequest,
    *,
    bundle: Bundle | None,
    facts: kleene.Facts,
    now: datetime,
    **filled: Any,
) -> Decision:
    """Decide for a subject that answers to *names*. *filled*: fields of the Decision as they are."""
    if not request.subject.id:
        raise Invalid("a subject must have an id", code="subject-id")
    action_name(request.action)
    resource_id(request.resource)
    if bundle is None or not bundle.rules:
        return _denial((Reason.of(ReasonCode.POLICY_ABSENT),), (), (), now, filled)
    rules = bundle.index.concerning(names, request.action, request.resource)
    values = [(rule, rule.value(facts)) for rule in rules]
    erring = tuple(_error(rule, facts) for rule in sorted(_unsettled(values), key=lambda rule: rule.id))
    forbids = [r for r, value in values if r.effect is RuleEffect.DENY and value is not False]
    applying = [r for r, value in values if r.effect is RuleEffect.ALLOW and value is True]
    if forbids or not applying:
        reasons = [
            reason
            for rule in forbids
            for reason in causes.reasons_for(rule, _faults(rule, facts), ReasonCode.POLICY_FORBIDS)
        ]
        # A cure is told only if it opens the door: what else is missing stands beside it.
        permits = [rule for rule in rules if rule.effect is RuleEffect.ALLOW]
        reasons += () if applying else _nearest_miss(permits, facts)
        determining = tuple(sorted(rule.id for rule in forbids))
        return _denial(causes.ordered(reasons), determining, erring, now, filled)
    return Decision(
        effect=Effect.PERMIT,
        reasons=(Reason.of(ReasonCode.POLICY_PERMITS), *_satisfied(applying, facts)),
        at=now,
        obligations=_obligations(applying),
        determining=tuple(sorted(rule.id for rule in applying)),
        erring=erring,
        **filled,
    )


def facts_at(attributes: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return *attributes* with the time of day and weekday of *now*, in UTC."""
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    moment = now.astimezone(UTC)
    return {
        **attributes,
        "time": moment.hour * 60 + moment.minute,
        "weekday": WEEKDAYS[moment.weekday()],
    }


def _unsettled(values: Iterable[tuple[Rule, bool | None]]) -> Iterator[Rule]:
    return (rule for rule, value in values if value is None)


def _faults(rule: Rule, facts: kleene.Facts) -> tuple[Fault, ...]:
    """Return the comparisons that keep the rule from saying what opens the door."""
    if rule.when is None:
        return ()
    return kleene.evaluate(rule.when, facts, wanted=rule.effect is RuleEffect.ALLOW).faults


def _error(rule: Rule, facts: kleene.Facts) -> RuleError:
    """Say which facts of a rule are unknown; values are left out, they may be personal."""
    atoms = kleene.atoms(rule.when) if rule.when is not None else ()
    unknown = sorted(
        {a.attribute.name for a, _ in atoms if kleene.holds(a, facts.get(a.attribute.name)) is None}
    )
    told = [f"{name} is {'mistyped' if facts.get(name) is not None else 'not known'}" for name in unknown]
    return RuleError(rule.id, ", ".join(told))


def _nearest_miss(permits: Sequence[Rule], facts: kleene.Facts) -> tuple[Reason, ...]:
    """Return what the permit lacks that lacks the fewest comparisons; none matching is no rule."""
    if not permits:
        return (Reason.of(ReasonCode.POLICY_NO_RULE),)
    misses = [(rule, _faults(rule, facts)) for rule in permits]
    rule, faults = min(misses, key=lambda miss: len(miss[1]))  # the first of equals
    return causes.reasons_for(rule, faults, ReasonCode.POLICY_NO_RULE)


def _satisfied(permits: Sequence[Rule], facts: kleene.Facts) -> tuple[Reason, ...]:
    """Return the ok reasons of the comparisons that carry the determining permits."""
    codes = {
        causes.ok_code(atom, wanted)
        for rule in permits
        for atom, wanted in (kleene.atoms(rule.when) if rule.when is not None else ())
        if kleene.holds(atom, facts.get(atom.attribute.name)) is wanted
    }
    return tuple(Reason.of(code) for code in ReasonCode if code in codes)


def _obligations(permits: Sequence[Rule]) -> Obligations:
    caps = [rule.given.cap for rule in permits if rule.given.cap is not None]
    return Obligations(
        max_lifetime=max(caps, default=None),
        standing=any(rule.given.standing for rule in permits),
        uncapped=len(caps) < len(permits),
    )


def _denial(
    reasons: tuple[Reason, ...],
    determining: tuple[str, ...],
    erring: tuple[RuleError, ...],
    now: datetime,
    filled: Mapping[str, Any],
) -> Decision:
    return Decision(
        effect=Effect.DENY, reasons=reasons, at=now, determining=determining, erring=erring, **filled
    )
