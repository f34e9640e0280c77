"""The decision point for services: AuthZEN 1.0, single evaluation.

Answers `{"decision": true|false, "context": {…}}` with 200, for a denial too.
Other statuses mean that there is no decision, and no decision means no: 400
(malformed), 401 (not a known service), 403 (outside the service's scope), 413,
429, 503 (`log-unavailable`).
Source: OpenID AuthZEN Authorization API 1.0, sections 6 and 10.
"""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, Response, g, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException

from domain.access import action_name, resource_id
from domain.decision import Decision
from domain.errors import DoorwardError, Invalid, TooMany
from flows.evaluate import Question, evaluate
from flows.service_auth import authenticate_pep
from web.body import json_object
from web.observe import count_decision
from web.problems import problem
from web.state import parts

api = Blueprint("evaluation", __name__)
MAX_BODY = 64 * 1024
Word = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+\z")]


class _Shape(BaseModel):
    """Types are not coerced; members that are not known are ignored, as AuthZEN asks."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class _Subject(_Shape):
    type: Word
    id: Word


class _Action(_Shape):
    name: Word


class _Resource(_Shape):
    type: Word
    id: Annotated[str, Field(min_length=1, max_length=512)]


class _Body(_Shape):
    subject: _Subject
    action: _Action
    resource: _Resource
    context: dict[str, Any] = {}


class _Named(_Shape):
    """How a check names its session; both at once could disagree."""

    token: Annotated[str, Field(min_length=1, max_length=8192)] | None = None
    grant_id: Word | None = None


@api.post("/access/v1/evaluation")
def evaluation() -> Response:
    """Decide one question of a service."""
    service_id = authenticate_pep(
        parts(), authorization=request.headers.get("Authorization", ""), address=g.client_address
    )
    decision = evaluate(parts(), service_id, _question())
    count_decision("evaluation", decision)
    response = jsonify(decision=decision.permitted, context=_context(decision))
    response.headers["Cache-Control"] = "no-store"
    return response


@api.errorhandler(DoorwardError)
def failed(error: DoorwardError) -> Response:
    """Answer with a problem document: the callers here are programs."""
    response = problem(error.status, error.code, error.title, error.message, error.remedy, **error.details)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="doorward", Basic realm="doorward"'
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(int(error.retry_after.total_seconds()))
    return response


@api.errorhandler(HTTPException)
def malformed(error: HTTPException) -> Response:
    """Answer what the framework refuses with a problem document."""
    status = error.code or 400
    return problem(status, error.name.lower().replace(" ", "-"), error.name, error.name.lower())


def _question() -> Question:
    """Return the question of the body, or raise Invalid."""
    request.max_content_length = MAX_BODY
    try:
        body = _Body.model_validate(json_object())
        named = _Named.model_validate(body.context)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"`{where}` is missing or of another type", code="evaluation-malformed") from error
    if named.token is not None and named.grant_id is not None:
        raise Invalid("name the session by token or by grant_id, not by both", code="evaluation-malformed")
    return Question(
        subject_type=body.subject.type,
        subject_id=body.subject.id,
        action=action_name(body.action.name),
        resource=resource_id(f"{body.resource.type}:{body.resource.id}"),
        token=named.token,
        grant_id=named.grant_id,
        context=body.context,
    )


def _context(decision: Decision) -> dict[str, Any]:
    """Return what goes with the answer: for the person a sentence and a remedy, for admins the code."""
    context: dict[str, Any] = {
        "id": decision.id,
        "reason_user": {"en": decision.reason.sentence},
        "reason_admin": {"en": decision.reason.code.value},
    }
    if not decision.permitted:
        context["remedy"] = {"en": decision.reason.remedy}
    cap = decision.obligations.max_lifetime
    if cap is not None:
        context["obligations"] = [{"type": "max-lifetime", "seconds": int(cap.total_seconds())}]
    return context
