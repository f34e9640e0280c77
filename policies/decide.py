"""May this subject do this to this resource now? The one decision core.

Answers from a bundle, the subject's assignments and the facts of the request.
A permit applies only if its condition is true, a forbid unless it is false; an
unknown fact helps nobody. Does not look for a grant, a session or a person:
flows do, and turn a permit into a denial for those reasons.
The laws stand in ``docs/policy.md`` and in ``tests/properties``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.access import AccessRequest, Link, action_name, resource_id
from domain.decision import Decision, Effect, Obligations, Reason, Revisions
from domain.errors import Invalid
from domain.reasons import ReasonCode
from policies import explanation, kleene
from policies.bundle import Bundle
from policies.columns import Rules
from policies.rules import Clause
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
    if bundle is None or not bundle.rules:
        action_name(request.action)
        resource_id(request.resource)
        absent = (Reason.of(ReasonCode.POLICY_ABSENT),)
        return Decision(effect=Effect.DENY, reasons=absent, at=now, **filled)
    numbers = bundle.index.matching(names, request.action, request.resource)
    facts = bundle.index.facts_of(request.resource, facts)
    found = weigh(bundle.rules, numbers, facts)
    erring = explanation.errors(bundle.rules, numbers, facts) if found.unsettled else ()
    if not found.permitted:
        reasons = explanation.of_denial(bundle.rules, numbers, found.determining, facts)
        return Decision(
            effect=Effect.DENY, reasons=reasons, at=now, determining=found.ids(), erring=erring, **filled
        )
    applying = found.clauses()
    return Decision(
        effect=Effect.PERMIT,
        reasons=explanation.of_permit(applying, facts),
        at=now,
        obligations=obligations(applying),
        determining=found.ids(),
        erring=erring,
        **filled,
    )


class Outcome:
    """What it comes to, and by which rules; said in words only when somebody asks.

    *permitted*: some permit applies and no forbid does. *determining*: numbers of exactly
    the rules that apply and carry the effect. *unsettled*: some condition was unknown.
    Like a Decision it has no truth value: whoever forgets to ask is told.
    """

    __slots__ = ("_rules", "determining", "permitted", "unsettled")

    def __init__(self, rules: Rules, permitted: bool, determining: list[int], unsettled: bool) -> None:
        self._rules = rules
        self.permitted = permitted
        self.determining = determining
        self.unsettled = unsettled

    def __bool__(self) -> bool:
        raise TypeError("ask outcome.permitted; an Outcome has no truth value")

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the determining rules, sorted."""
        return tuple(sorted(map(self._rules.id, self.determining)))

    def clauses(self) -> list[Clause]:
        """Return the clauses of the determining rules."""
        return [self._rules.clauses[number] for number in self.determining]


def outcome(
    names: frozenset[str], action: str, resource: str, *, bundle: Bundle, facts: kleene.Facts
) -> Outcome:
    """Return what *bundle* says to a subject that answers to *names*, without saying why.

    *facts* as ``facts_at`` gives them. Raises Invalid for an action or resource that is not canonical.
    """
    index = bundle.index
    return weigh(bundle.rules, index.matching(names, action, resource), index.facts_of(resource, facts))


def weigh(rules: Rules, numbers: Iterable[int], facts: kleene.Facts) -> Outcome:
    """Return what the rules that match come to: a permit counts if true, a forbid unless false."""
    permits: list[int] = []
    forbids: list[int] = []
    unsettled = False
    clauses = rules.clauses
    for number in numbers:
        clause = clauses[number]
        value = True if clause.test is None else clause.test(facts)
        if value is None:
            unsettled = True
        if clause.permits:
            if value is True:
                permits.append(number)
        elif value is not False:
            forbids.append(number)
    return Outcome(rules, bool(permits) and not forbids, forbids or permits, unsettled)


def obligations(permits: Sequence[Clause]) -> Obligations:
    """Return what goes with a permit that these clauses carry."""
    if len(permits) == 1:
        return permits[0].obligations
    caps = [clause.given.cap for clause in permits if clause.given.cap is not None]
    return Obligations(
        max_lifetime=max(caps, default=None),
        standing=any(clause.given.standing for clause in permits),
        uncapped=len(caps) < len(permits),
    )


def facts_at(attributes: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return *attributes* with *now*, its time of day and its weekday, in UTC."""
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    moment = now.astimezone(UTC)
    return {
        **attributes,
        "now": moment,
        "time": moment.hour * 60 + moment.minute,
        "weekday": WEEKDAYS[moment.weekday()],
    }
