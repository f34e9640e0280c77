"""What may be posted: AuthZEN's entities, read strictly.

Types are not coerced. Members that are not known are ignored, as AuthZEN asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.access import action_name, resource_id
from domain.errors import Invalid
from flows.pep import Question

Word = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Entity(Shape):
    """What is said of an entity; a service is believed about some of it, or none."""

    properties: dict[str, Any] = Field(default_factory=dict)


class Kind(Entity):
    """An entity that is searched for: of this type, whichever it is."""

    type: Word


class Subject(Kind):
    id: Word


class Resource(Kind):
    id: Annotated[str, Field(min_length=1, max_length=512)]


class Action(Entity):
    name: Word


class Named(Shape):
    """How a question names its session; both at once could disagree."""

    token: Annotated[str, Field(min_length=1, max_length=8192)] | None = None
    grant_id: Word | None = None


class Evaluation(Shape):
    subject: Subject
    action: Action
    resource: Resource
    context: dict[str, Any] = Field(default_factory=dict)


S = TypeVar("S", bound=Shape)


def read(shape: type[S], body: Mapping[str, Any]) -> S:
    """Return *body* as *shape*, or raise Invalid with the first member that is wrong."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"`{where}` is missing or of another type", code="evaluation-malformed") from error


def session_of(context: Mapping[str, Any]) -> Named:
    """Return how *context* names the session, or raise Invalid."""
    named = read(Named, context)
    if named.token is not None and named.grant_id is not None:
        raise Invalid("name the session by token or by grant_id, not by both", code="evaluation-malformed")
    return named


def question_of(body: Mapping[str, Any]) -> Question:
    """Return the question that *body* asks, or raise Invalid."""
    read_body = read(Evaluation, body)
    named = session_of(read_body.context)
    return Question(
        subject_type=read_body.subject.type,
        subject_id=read_body.subject.id,
        action=action_name(read_body.action.name),
        resource=resource_id(f"{read_body.resource.type}:{read_body.resource.id}"),
        token=named.token,
        grant_id=named.grant_id,
        context=read_body.context,
        properties={
            "subject": read_body.subject.properties,
            "action": read_body.action.properties,
            "resource": read_body.resource.properties,
        },
    )
