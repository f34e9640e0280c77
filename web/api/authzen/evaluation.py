"""Decide one question, or many at once (AuthZEN 1.0, sections 6 and 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from domain.decision import Decision
from domain.errors import DoorwardError, Invalid
from domain.reasons import ReasonCode
from flows.evaluate import Answer, evaluate, evaluate_all
from flows.pep import Question
from web.api.authzen.caller import blueprint, service_id
from web.api.authzen.shapes import question_of
from web.body import json_object
from web.observe import count_decision
from web.state import parts

api = blueprint("evaluation")
MAX_BODY = 64 * 1024
REFUSED = "doorward.refused"
"""Where the view finds what the door before it was refused, which must not be asked (and recorded) twice."""
MAX_QUESTIONS = 100
_UNTIL = {"execute_all": None, "deny_on_first_deny": False, "permit_on_first_permit": True}
_REQUIRED = {"subject": {"type", "id"}, "action": {"name"}, "resource": {"type", "id"}}
Context = dict[str, Any]


@api.post("/access/v1/evaluation")
def evaluation() -> Response:
    """Decide one question of a service."""
    if (refused := request.environ.get(REFUSED)) is not None:
        raise refused
    caller = service_id()
    request.max_content_length = MAX_BODY
    question = question_of(json_object())
    return _answer(_one(question, evaluate(parts(), caller, question)))


@api.post("/access/v1/evaluations")
def evaluations() -> Response:
    """Decide up to a hundred questions of a service from one moment; without any, the body's own."""
    caller = service_id()
    body = json_object()
    items = body.get("evaluations", [])
    options = body.get("options", {})
    if not isinstance(items, list) or not isinstance(options, dict):
        raise Invalid("`evaluations` is a list, `options` an object", code="evaluation-malformed")
    if len(items) > MAX_QUESTIONS:
        raise Invalid(f"ask at most {MAX_QUESTIONS} questions at once", code="evaluations-too-many")
    semantic = options.get("evaluations_semantic", "execute_all")
    if not isinstance(semantic, str) or semantic not in _UNTIL:
        raise Invalid(f"`evaluations_semantic` is one of {', '.join(_UNTIL)}", code="evaluations-semantic")
    if not items:
        question = question_of(body)
        return _answer(_one(question, evaluate(parts(), caller, question)))
    asked = [_item(body, item) for item in items]
    answers = evaluate_all(parts(), caller, asked, until=_UNTIL[semantic])
    return _answer({"evaluations": [_one(*pair) for pair in zip(asked, answers, strict=False)]})


def _item(body: Mapping[str, Any], item: object) -> Question | DoorwardError:
    """Return the question of one *item*, with what it lacks from the body; what cannot be read is an error.

    An entity replaces the body's as a whole (section 7.1.1); only one that is
    incomplete is filled up from it, as the certification suite wants.
    """
    if not isinstance(item, dict):
        return Invalid("an evaluation is an object", code="evaluation-malformed")
    asked = {name: item.get(name, body.get(name)) for name in (*_REQUIRED, "context")}
    for name, required in _REQUIRED.items():
        default, own = body.get(name), item.get(name)
        if isinstance(default, dict) and isinstance(own, dict) and not required <= own.keys():
            asked[name] = {**default, **own}
    try:
        return question_of({name: value for name, value in asked.items() if value is not None})
    except Invalid as error:
        return error


def _answer(body: dict[str, Any]) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    return response


def _one(question: Question | DoorwardError, answer: Answer) -> dict[str, Any]:
    """Return what one question is answered; what could not be answered denies, with the error."""
    if isinstance(question, DoorwardError) or isinstance(answer, DoorwardError):
        assert isinstance(answer, DoorwardError)
        error = {"status": answer.status, "code": answer.code, "message": answer.message}
        return {"decision": False, "context": {"error": error}}
    return answer_of(parts().deployment.public_url, question, answer)


def answer_of(home: str, question: Question, decision: Decision) -> dict[str, Any]:
    """Return the body of the answer to one question of a service, and count it. *home*: our own address."""
    count_decision("evaluation", decision)
    return {"decision": decision.permitted, "context": _context(home, question, decision)}


def _context(home: str, question: Question, decision: Decision) -> Context:
    """Return what goes with the answer: for the person a sentence and a remedy, for admins the code.

    On a denial that the person can cure: where they are told how, and where a touch is given.
    """
    context: Context = {
        "id": decision.id,
        "reason_user": {"en": decision.reason.sentence},
        "reason_admin": {"en": decision.reason.code.value},
    }
    obligations: list[dict[str, Any]] = []
    cap = decision.obligations.max_lifetime
    if cap is not None:
        obligations.append({"type": "max-lifetime", "seconds": int(cap.total_seconds())})
    if not decision.permitted:
        context["remedy"] = {"en": decision.reason.remedy}
    if decision.curable:
        door = urlencode({"resource": question.resource, "action": question.action})
        context["access_request"] = {"form_url": f"{home}/access/why?{door}"}
        if decision.reason.code is ReasonCode.TOUCH_STALE:
            obligations.append({"type": "step-up", "amr_values": ["hwk", "pin"], "form_url": f"{home}/touch"})
    if obligations:
        context["obligations"] = obligations
    return context
