"""Search for subjects, resources or actions (AuthZEN 1.0, section 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from flask import Response, jsonify
from pydantic import Field

from domain.access import action_name, resource_id
from flows.pep import Question
from flows.search import Found, Search
from flows.search import search as find
from web.api.authzen.caller import blueprint, service_id
from web.api.authzen.shapes import Action, Kind, Resource, Shape, Subject, read, session_of
from web.body import json_object
from web.state import parts

api = blueprint("search")
MAX_LIMIT = 200


class Page(Shape):
    token: Annotated[str, Field(max_length=2048)] = ""
    limit: Annotated[int, Field(ge=1)] = 50


class _Search(Shape):
    context: dict[str, Any] = Field(default_factory=dict)
    page: Page = Page()


_GIVEN = (Subject, Action, Resource)


class SubjectSearch(_Search):
    subject: Kind
    action: Action
    resource: Resource


class ResourceSearch(_Search):
    subject: Subject
    action: Action
    resource: Kind


class ActionSearch(_Search):
    subject: Subject
    resource: Resource


@api.post("/access/v1/search/subject")
def subjects() -> Response:
    """Say who may do this."""
    caller = service_id()
    body = read(SubjectSearch, json_object())
    resource = resource_id(f"{body.resource.type}:{body.resource.id}")
    question = _question(body, body.subject.type, "", action_name(body.action.name), resource)
    return _answer(caller, "subject", question, body.page, lambda id_: {"type": body.subject.type, "id": id_})


@api.post("/access/v1/search/resource")
def resources() -> Response:
    """Say to what this person may do this."""
    caller = service_id()
    body = read(ResourceSearch, json_object())
    kind = body.resource.type
    resource_id(f"{kind}:any")
    question = _question(body, body.subject.type, body.subject.id, action_name(body.action.name), f"{kind}:")
    return _answer(
        caller, "resource", question, body.page, lambda id_: {"type": kind, "id": id_.partition(":")[2]}
    )


@api.post("/access/v1/search/action")
def actions() -> Response:
    """Say what this person may do to this."""
    caller = service_id()
    body = read(ActionSearch, json_object())
    resource = resource_id(f"{body.resource.type}:{body.resource.id}")
    question = _question(body, body.subject.type, body.subject.id, "", resource)
    return _answer(caller, "action", question, body.page, lambda name: {"name": name})


def _question(body: _Search, kind: str, subject: str, action: str, resource: str) -> Question:
    named = session_of(body.context)
    # What is said of the entity that is searched for is said of none of those that are found.
    given = ((name, getattr(body, name, None)) for name in ("subject", "action", "resource"))
    properties = {name: entity.properties for name, entity in given if isinstance(entity, _GIVEN)}
    return Question(kind, subject, action, resource, named.token, named.grant_id, body.context, properties)


def _answer(
    caller: str, what: str, question: Question, page: Page, entity: Callable[[str], dict[str, str]]
) -> Response:
    wanted = Search(what, question, cursor=page.token, limit=min(page.limit, MAX_LIMIT))
    found: Found = find(parts(), caller, wanted)
    results = [entity(key) for key in found.results]
    response = jsonify(results=results, page={"next_token": found.next, "count": len(results)})
    response.headers["Cache-Control"] = "no-store"
    return response
