"""May this person do this to that, now? The order of questions is the threat model.

1. Is the person known and active?      (stolen or off-boarded account; a made-up entity)
2. Does their engagement run?           (contract over; an entity has none)
3. Do we know the resource?             (typo in a service's question)
4. What do we know of *this* session?   (laptop farm, remote control, VPN)
5. What do the published rules say?     (least privilege)
6. For use: does a live grant cover it? (just in time, and it ends)

A question that names no session has no evidence: all of it is missing. The
evidence of another session is never borrowed. What is known is read first
(``flows.facts``); from there on nothing but *now* counts, and nothing is read.
Each answered question leaves a row in the decision log before it is answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from domain.access import AccessRequest, Link, Subject
from domain.decision import Decision, Reason, Revisions
from domain.evidence import Assessment
from domain.reasons import ReasonCode
from evidence.assess import assess, next_change, reported_at
from flows.decision_log import assessment_values, body_of, groups_of
from flows.facts import PRESENCE_MEMORY, Facts, Shared, facts_of, shared_facts
from flows.liveness import Roots, engagement_problem, grant_problem, person_problem, session_problem
from flows.parts import Parts
from flows.presence import GRACE
from flows.properties import Properties, asks_of, known_properties
from models.access import Grant
from models.catalog import covers
from models.entities import properties_of
from models.people import Engagement
from models.presence import missed_in_a_row
from models.uses import add_logged, count_uses
from policies.bundle import Bundle
from policies.decide import decide as ask_policy

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks about what, by which door. *roots* is None when no session was named.

    *use*: the answer is for acting now (a live grant must cover it), not for
    asking whether it may be opened. *problem*: what the door itself found wrong
    (a token that is over or not ours); it denies whatever the rules say.
    *person_id* may be the key of an entity, ``type:id``. *stored*: the properties
    of the resource, None if none of its own are. *said*: by whole names, those
    that a service says which is believed about them.
    """

    door: str
    person_id: str
    action: str
    resource: str
    roots: Roots | None = None
    grant: Grant | None = None
    service_id: str | None = None
    use: bool = False
    stored: Properties | None = None
    said: Properties = field(default_factory=dict)
    problem: ReasonCode | None = None

    @property
    def subject(self) -> Subject:
        return Subject.of_key(self.person_id)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when it is asked: what was read, and what that comes to at this moment."""

    shared: Shared
    facts: Facts
    assessment: Assessment
    reported_at: datetime | None
    engagement: Engagement | None
    presence_missed: int | None = None

    @property
    def bundle(self) -> Bundle | None:
        return self.shared.bundle

    @property
    def revisions(self) -> Revisions:
        return self.shared.revisions

    def links(self, now: datetime) -> list[Link]:
        """Return what the person belongs to at *now*."""
        return [link for link, end in self.facts.memberships if end is None or end > now]


def know(session: Session, parts: Parts, person_id: str, roots: Roots | None, now: datetime) -> Known:
    """Read policy, engagement and evidence once; several questions may share it."""
    facts = facts_of(session, person_id, roots, now)
    return as_of(shared_facts(session), facts, assessed_at(parts, facts, roots, now), roots, now)


@dataclass(slots=True, eq=False)
class Assessed:
    """An assessment, and until when it would come out the same (to the second, for what its sentences say).

    *reported_at*: when the laptop last reported for the session. *written*: it is in the log.
    """

    assessment: Assessment
    reported_at: datetime | None
    until: datetime
    written: bool = False


def assessed_at(parts: Parts, facts: Facts, roots: Roots | None, now: datetime) -> Assessed:
    """Assess the evidence that was read, as it stands at *now*."""
    session_id = roots.session.id if roots else None
    assessment = assess(
        facts.observations,
        session=session_id,
        weights=parts.weights,
        now=now,
        assessment_id=parts.ids.new("ase"),
    )
    reported = reported_at(facts.observations, session_id, now)
    return Assessed(assessment, reported, min(now + _SECOND, next_change(facts.observations, now)))


def as_of(shared: Shared, facts: Facts, assessed: Assessed, roots: Roots | None, now: datetime) -> Known:
    """Return what is known at *now*, the evidence having been assessed."""
    presence = None
    if roots:
        # A worker that is away opens no door: what it has not closed is missed when its grace is over.
        presence = missed_in_a_row(facts.checks, now - PRESENCE_MEMORY, overdue=now - GRACE)
    running = (e for e in facts.engagements if e.state == "active" and e.starts_at <= now < e.ends_at)
    return Known(shared, facts, assessed.assessment, assessed.reported_at, next(running, None), presence)


def decide(parts: Parts, asked: Asked, known: Known, now: datetime) -> Decision:
    """Answer one question from what is known; reads and writes nothing."""
    return settled(asked, _policy_says(parts, asked, known, now), known, now)


def settled(asked: Asked, said: Decision, known: Known, now: datetime) -> Decision:
    """Return what the policy *said*, denied for what stands in the way whatever the rules say."""
    decision = _told_better(asked, said, known)
    for problem in _standing_problems(asked, known, now):
        decision = decision.denied(problem)
    if decision.permitted and asked.use and not decision.obligations.standing:
        lacking = _grant_problem(asked, known, now)
        if lacking is not None:
            return decision.denied(Reason.of(lacking))
    return decision


def decide_and_log(
    session: Session, parts: Parts, asked: Asked, now: datetime, *, known: Known | None = None
) -> Decision:
    """Answer one question and write it, with all its inputs, to the decision log.

    The caller commits before it answers.
    """
    known = known or know(session, parts, asked.person_id, asked.roots, now)
    if asked.stored is None and asks_of(known.bundle, "resource"):
        asked = replace(asked, stored=properties_of(session, [asked.resource]).get(asked.resource))
    decision = decide(parts, asked, known, now)
    row = decision_values(asked, known, decision, now)
    add_logged(session, [assessment_values(asked.person_id, known.assessment)], [row])
    count_uses(session, [row])
    return decision


def decision_values(asked: Asked, known: Known, decision: Decision, now: datetime) -> dict[str, Any]:
    """Return the columns of the log: the answer and all its inputs."""
    return {
        "id": decision.id,
        "at": now,
        "door": asked.door,
        "service_id": asked.service_id,
        "subject": asked.person_id,
        "session_id": asked.roots.session.id if asked.roots else None,
        "grant_id": asked.grant.id if asked.grant else None,
        "action": asked.action,
        "resource": asked.resource,
        "effect": decision.effect.value,
        "assessment_id": known.assessment.id,
        "body": body_of(
            decision, attributes_of(asked, known, now), groups_of(known.links(now)), use=asked.use
        ),
    }


def covering_grant(
    grants: Iterable[Grant], roots: Roots, action: str, resource: str, now: datetime
) -> Grant | None:
    """Return the live grant of *grants* that covers the action on the resource, if any."""
    for grant in grants:
        covered = action in grant.actions and any(covers(prefix, resource) for prefix in grant.resources)
        if covered and grant_problem(grant, roots, now=now) is None:
            return grant
    return None


def _policy_says(parts: Parts, asked: Asked, known: Known, now: datetime) -> Decision:
    return ask_policy(
        AccessRequest(asked.subject, asked.action, asked.resource, attributes_of(asked, known, now)),
        bundle=known.bundle,
        assignments=known.links(now),
        now=now,
        revisions=known.revisions,
        assessment=known.assessment.id,
        tier=int(known.assessment.tier),
        score=known.assessment.score,
        id=parts.ids.new("dec"),
    )


_OF_THE_LAPTOP = {
    ReasonCode.POSTURE_MISSING,
    ReasonCode.BINDING_TOO_LOW,
    ReasonCode.TIER_TOO_LOW,
    ReasonCode.EVIDENCE_UNKNOWN,
}

_OF_THE_SESSION = {*_OF_THE_LAPTOP, ReasonCode.CUSTODY_TOO_LOW, ReasonCode.TOUCH_STALE}


def _told_better(asked: Asked, decision: Decision, known: Known) -> Decision:
    """Name the cause behind missing evidence: no session was named, or the laptop waits for an admin."""
    if asked.roots is None and decision.reason.code in _OF_THE_SESSION:
        return decision.denied(Reason.of(ReasonCode.SESSION_MISSING))
    if decision.permitted or decision.reason.code not in _OF_THE_LAPTOP:
        return decision
    states = known.facts.device_states
    if "pending" in states and "approved" not in states:
        return decision.denied(Reason.of(ReasonCode.DEVICE_PENDING))
    return decision


def attributes_of(asked: Asked, known: Known, now: datetime) -> dict[str, Any]:
    """Return the facts that rules may ask for in this session."""
    attributes = dict(known.assessment.attributes)
    if known.reported_at is not None:
        attributes["posture_age"] = int((now - known.reported_at).total_seconds())
    if asked.roots is not None:
        attributes["address"] = asked.roots.session.address
        attributes["custody"] = known.facts.custody
        attributes["presence_missed"] = known.presence_missed
        attributes["touch_age"] = int((now - asked.roots.session.touched_at).total_seconds())
    if known.bundle is not None and known.bundle.declared:
        entity = known.facts.entity
        attributes |= known_properties(
            known.bundle.declared,
            subject=entity.properties if entity is not None else None,
            resource=asked.stored,
            said=asked.said,
        )
    return attributes


def _standing_problems(asked: Asked, known: Known, now: datetime) -> list[Reason]:
    """Return what denies whatever the rules say; the last one is shown first."""
    problems: list[Reason] = [Reason.of(asked.problem)] if asked.problem else []
    if asked.stored is None and not known.shared.catalogue.covers(asked.resource):
        problems.append(Reason.of(ReasonCode.RESOURCE_UNKNOWN))
    if known.facts.entity is not None:
        return problems
    if known.engagement is None:
        problems.append(engagement_problem(known.facts.engagements, now))
    if asked.roots is not None and (problem := session_problem(asked.roots, now=now)):
        problems.append(Reason.of(problem))
    person = known.facts.person
    if person is None:
        problems.append(Reason.of(ReasonCode.PERSON_UNKNOWN))
    elif problem := person_problem(person):
        problems.append(Reason.of(problem))
    return problems


def _grant_problem(asked: Asked, known: Known, now: datetime) -> ReasonCode | None:
    if asked.roots is None:
        return ReasonCode.SESSION_MISSING
    if asked.grant is not None:
        problem = grant_problem(asked.grant, asked.roots, now=now)
        within = asked.action in asked.grant.actions and any(
            covers(prefix, asked.resource) for prefix in asked.grant.resources
        )
        return problem or (None if within else ReasonCode.GRANT_NEEDED)
    if covering_grant(known.facts.grants, asked.roots, asked.action, asked.resource, now) is None:
        return ReasonCode.GRANT_NEEDED
    return None


__all__ = [
    "Asked",
    "Assessed",
    "Known",
    "as_of",
    "assessed_at",
    "attributes_of",
    "covering_grant",
    "decide",
    "decide_and_log",
    "know",
    "settled",
]
