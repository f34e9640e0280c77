"""Each operation of the doors for programs: who may call it, what it reads, what it answers.

Method and path come from the routes, words from the views. A view that is not
named here, or a name without a view, fails ``tests/web/test_reference.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
JWT = "application/jwt"
METRICS = "text/plain"


@dataclass(frozen=True, slots=True)
class Operation:
    """*group* heads it on the page. *callers*: ways of proof, of which one is needed; none: anybody.

    *reads* and *answers* name schemas, the latter by status; *failures* are the
    statuses answered with *problem*.
    """

    group: str
    answers: Mapping[int, str]
    callers: tuple[str, ...] = ()
    reads: str = ""
    reads_type: str = JSON
    answers_type: str = JSON
    failures: tuple[int, ...] = ()
    problem: str = "Problem"


_SERVICE = ("serviceBearer", "serviceBasic")
_DECIDING = (400, 401, 403, 413, 429, 503)
_AUTHORIZING = (400, 401, 413, 429, 503)
_REPORTING = (400, 401, 403, 409, 413, 429, 503)


def _decides(reads: str, answers: str) -> Operation:
    return Operation("Decisions", {200: answers}, _SERVICE, reads, failures=_DECIDING)


def _authorizes(reads: str, answers: str) -> Operation:
    return Operation(
        "Tokens", {200: answers}, ("serviceBasic",), reads, FORM, failures=_AUTHORIZING, problem="OAuthError"
    )


OPERATIONS: dict[str, Operation] = {
    "evaluation.evaluation": _decides("Evaluation", "Decision"),
    "evaluation.evaluations": _decides("Evaluations", "Decisions"),
    "search.subjects": _decides("SubjectSearch", "Found"),
    "search.resources": _decides("ResourceSearch", "Found"),
    "search.actions": _decides("ActionSearch", "Found"),
    "discovery.configuration": Operation("Decisions", {200: "DecisionPoint"}),
    "oauth.token": _authorizes("TokenRequest", "Token"),
    "oauth.introspection": _authorizes("TokenNamed", "Introspection"),
    "oauth.revocation": _authorizes("TokenNamed", "Nothing"),
    "oauth.jwks": Operation("Tokens", {200: "Keys"}),
    "oauth.well_known": Operation("Tokens", {200: "AuthorizationServer"}),
    "agent.enrol": Operation("Laptops", {201: "Enrolled"}, reads="Enrolment", failures=_REPORTING),
    "agent.sessions": Operation("Laptops", {200: "Sessions"}, ("deviceBearer",), failures=_REPORTING),
    "agent.reports": Operation(
        "Laptops", {202: "Accepted"}, reads="Report", reads_type=JWT, failures=_REPORTING
    ),
    "observe.livez": Operation("Health", {200: "Alive"}),
    "observe.readyz": Operation("Health", {200: "Ready", 503: "Ready"}),
    "observe.metrics": Operation("Health", {200: "Metrics"}, answers_type=METRICS, failures=(403,)),
    "reference.openapi": Operation("Reference", {200: "OpenApi"}),
}
