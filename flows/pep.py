"""What one service may ask, and the session that its question names.

Who attacks this: a service that asks beyond its scope (resource, subject type
and action are bounded; outside it is refused and recorded), that names the
session of somebody else (the token's or grant's person must be the subject),
that presents a token of another service, an old or forged one (then the answer
is no, whatever the rules say). A question that names no session has no
evidence. What a service says in `context` is believed only for the keys it was
given, and today no rule can ask for any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.access import SubjectKind
from domain.errors import Forbidden, NotAuthenticated
from domain.reasons import ReasonCode
from flows.decide import Asked, Known, know
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
    door: str = "evaluation"


class Asking:
    """Questions of one service, in one transaction and at one moment; a session is looked at once."""

    def __init__(self, session: Session, parts: Parts, service: Service, now: datetime) -> None:
        self.session, self.parts, self.service, self.now = session, parts, service, now
        self._known: dict[tuple[str, str | None], Known] = {}

    def asked(self, question: Question) -> tuple[Asked, Known]:
        """Return what the core is asked, and what is known of whom it is about."""
        asked = asked_by(self.session, self.parts, self.service, question, self.now)
        of = (asked.person_id, asked.roots.session.id if asked.roots else None)
        if of not in self._known:
            self._known[of] = know(self.session, self.parts, asked.person_id, asked.roots, self.now)
        return asked, self._known[of]


def active_service(session: Session, service_id: str) -> Service:
    """Return the service that asks. Raises NotAuthenticated if it was disabled since it proved itself."""
    service = session.get(Service, service_id)
    if service is None or service.state != "active":
        raise NotAuthenticated("the service is disabled")
    return service


def outside(
    service: Service, *, subject_type: str, action: str | None = None, resource: str | None = None
) -> str | None:
    """Return which part of a question is outside the service's scope. Empty lists allow nothing.

    None for *action* or *resource*: the question does not name it.
    """
    if subject_type not in service.subject_types:
        return "subject"
    if action is not None and action not in service.actions:
        return "action"
    if resource is not None and not any(covers(prefix, resource) for prefix in service.prefixes):
        return "resource"
    return None


def outside_scope(part: str) -> Forbidden:
    return Forbidden(
        f"this service may not ask about this {part}",
        code="outside-scope",
        remedy="Ask an admin to widen what the service may ask about.",
        outside=part,
    )


def refusal(service: Service, part: str, **asked: str | None) -> Event:
    """Return the record of a question outside the service's scope."""
    return Event(EventKind.SERVICE_REFUSED, service.id, service.id, {"outside": part, **asked})


def asked_by(session: Session, parts: Parts, service: Service, question: Question, now: datetime) -> Asked:
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
    if roots is not None and roots.person.id != subject_of(question):
        roots, grant, problem = None, None, ReasonCode.SESSION_MISSING
    return Asked(
        question.door,
        subject_of(question),
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


def subject_of(question: Question) -> str:
    """Return the person's id; what is no person is spelt so that it can be nobody's id."""
    if question.subject_type == SubjectKind.PERSON.value:
        return question.subject_id
    return f"{question.subject_type}:{question.subject_id}"
