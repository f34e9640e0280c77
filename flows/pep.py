"""What one service may ask, and what it asks.

Who attacks this: a service that asks beyond its scope: resource, subject type
and action are bounded; outside it is refused and recorded. What a service says
in `context` and in properties is believed only for the names it was given, and
never against what is stored (``flows.properties``). How its questions are
answered: ``flows.asking``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.access import SubjectKind
from domain.errors import Forbidden, NotAuthenticated
from models.catalog import Service, covers


@dataclass(frozen=True, slots=True)
class Question:
    """One question, well-formed. At most one of *token* and *grant_id* names the session.

    *properties*: what it says of `subject`, `action` and `resource`.
    """

    subject_type: str
    subject_id: str
    action: str
    resource: str
    token: str | None = None
    grant_id: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    door: str = "evaluation"


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


def believed(service: Service, question: Question) -> dict[str, Any]:
    """Return what the question says that the service is believed about, by whole names."""
    said = {**question.properties, "context": question.context}
    names = ((name, *name.split(".", 1)) for name in service.believed)
    return {name: said[scope][key] for name, scope, key in names if key in said.get(scope, ())}


def subject_of(question: Question) -> str:
    """Return the person's id, or the key of an entity; what is neither is spelt so that it is nobody's."""
    # A colon would make a person's id the key of an entity, of a type that the service may not ask about.
    if question.subject_type == SubjectKind.PERSON and ":" not in question.subject_id:
        return question.subject_id
    return f"{question.subject_type}:{question.subject_id}"
