"""A service asks before it acts: may this person do this, now?

Who attacks this: a service that asks beyond its scope (resource, subject type
and action are bounded; outside it is refused and recorded), that names the
session of somebody else (the token's or grant's person must be the subject),
that presents a token of another service, an old or forged one (then the answer
is no, whatever the rules say). A question that names no session has no
evidence. What a service says in `context` is believed only for the keys it was
given, and today no rule can ask for any.

The row in the decision log is committed before the answer; if it cannot be,
there is no answer but `log-unavailable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.decision import Decision
from domain.errors import Forbidden, NotAuthenticated, Unavailable
from domain.reasons import ReasonCode
from flows.decide import Asked, decide_and_log
from flows.liveness import Roots, read_roots
from flows.parts import Parts
from flows.presented_token import find_token
from models.access import Grant
from models.catalog import Service, covers


@dataclass(frozen=True, slots=True)
class Question:
    """One question, well-formed. At most one of *token* and *grant_id* names the session."""

    subject_type: str
    subject_id: str
    action: str
    resource: str
    token: str | None = None
    grant_id: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


def evaluate(parts: Parts, service_id: str, question: Question) -> Decision:
    """Return the decision, logged. Raises Forbidden outside the service's scope, Unavailable unlogged."""
    now = parts.clock.now()
    try:
        with parts.db.write() as session:
            service = session.get(Service, service_id)
            if service is None or service.state != "active":
                raise NotAuthenticated("the service is disabled")
            outside = _outside(service, question)
            if outside is not None:
                parts.commit(session, _refused(service, question, outside))
                raise Forbidden(
                    f"this service may not ask about this {outside}",
                    code="outside-scope",
                    remedy="Ask an admin to widen what the service may ask about.",
                    outside=outside,
                )
            decision = decide_and_log(session, parts, _asked(session, parts, service, question, now), now)
            parts.commit(session)
            return decision
    except Unavailable as error:
        raise Unavailable(
            "the decision cannot be logged, so it is not given: treat this as no", code="log-unavailable"
        ) from error


def _outside(service: Service, question: Question) -> str | None:
    """Return which part of the question is outside the service's scope. Empty lists allow nothing."""
    if question.subject_type not in service.subject_types:
        return "subject"
    if question.action not in service.actions:
        return "action"
    if not any(covers(prefix, question.resource) for prefix in service.prefixes):
        return "resource"
    return None


def _asked(session: Session, parts: Parts, service: Service, question: Question, now: datetime) -> Asked:
    """Return what the core is asked, with the session that the question names and nobody else's."""
    roots: Roots | None = None
    grant: Grant | None = None
    problem: ReasonCode | None = None
    if question.token is not None:
        found = find_token(session, parts, question.token, service, now)
        if found is None:
            problem = ReasonCode.SESSION_MISSING
        else:
            roots, grant, problem = found.roots, found.grant, found.problem
            within = question.action in found.token.actions and covers(
                found.token.resource, question.resource
            )
            problem = problem or (None if within else ReasonCode.GRANT_NEEDED)
    elif question.grant_id is not None:
        grant = session.get(Grant, question.grant_id)
        roots = read_roots(session, grant.session_id) if grant is not None else None
        problem = ReasonCode.GRANT_ENDED if roots is None else None
    if roots is not None and roots.person.id != _subject(question):
        roots, grant, problem = None, None, ReasonCode.SESSION_MISSING
    return Asked(
        "evaluation",
        _subject(question),
        question.action,
        question.resource,
        roots=roots,
        grant=grant,
        service_id=service.id,
        use=True,
        context=tuple(
            (key, question.context[key]) for key in service.context_keys if key in question.context
        ),
        problem=problem,
    )


def _subject(question: Question) -> str:
    """Return the person's id; what is no person is spelt so that it can be nobody's id."""
    if question.subject_type == "person":
        return question.subject_id
    return f"{question.subject_type}:{question.subject_id}"


def _refused(service: Service, question: Question, outside: str) -> Event:
    details = {
        "outside": outside,
        "subject_type": question.subject_type,
        "action": question.action,
        "resource": question.resource,
    }
    return Event(EventKind.SERVICE_REFUSED, service.id, service.id, details)
