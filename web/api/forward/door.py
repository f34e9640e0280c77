"""Answer a proxy: pass it on, or not, and where a person can be sent instead."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from domain.errors import DoorwardError, NotAuthenticated, TooMany
from domain.reasons import ReasonCode
from domain.sites import OWN, Site
from flows.forward_auth import DOOR, NoSession, Outcome, Presented, ask
from web.api.forward import passed
from web.api.forward.passed import DECISION, ENVOY, LOCATION, LOGIN, REASON, SUBJECT
from web.observe import count_decision
from web.problems import problem
from web.state import parts

api = Blueprint("forward", __name__)
_ANY = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SUBREQUESTS = frozenset({"nginx", "apache"})
"""Proxies that understand 2xx, 401 and 403 only; others hand our answer to the client."""


class Target(BaseConverter):
    """The rest of a path, whatever it is: a route's own cleaning would be a second reader of it."""

    regex = ".*"
    part_isolating = False


@api.get("/authz/<dialect>", provide_automatic_options=False)
def subrequest(dialect: str) -> Response:
    """Decide a request that a proxy describes in its headers."""
    return _answer(dialect)


@api.route("/authz/envoy<target:rest>", methods=_ANY, merge_slashes=False, provide_automatic_options=False)
def envoy(rest: str) -> Response:
    """Decide a request as Envoy passes it on: its method, its host, and its path behind this one."""
    return _answer(ENVOY, rest)


def _answer(dialect: str, rest: str = "") -> Response:
    try:
        service_id = passed.proxy_id()
    except NotAuthenticated as error:
        return _refused(error)
    presented = None
    try:
        place = passed.place(dialect)
        presented = passed.presented(dialect, rest)
        outcome = ask(parts(), service_id, place, presented)
    except NoSession as error:
        assert presented is not None
        return _sent(dialect, _refused(error), _login(error.site, presented))
    except DoorwardError as error:
        return _refused(error)
    return _decided(dialect, presented, outcome)


def _decided(dialect: str, presented: Presented, outcome: Outcome) -> Response:
    decision = outcome.decision
    count_decision(DOOR, decision)
    if decision.permitted:
        response = Response(status=200, content_type="text/plain")
        response.headers[SUBJECT] = outcome.question.subject_id
        response.headers[LOGIN] = outcome.login_name
    else:
        reason = decision.reason
        status, title = (401, "Log in first") if outcome.over else (403, "This is not open to you")
        response = problem(
            status, reason.code.value, title, reason.sentence, reason.remedy, decision=decision.id
        )
        response.headers[REASON] = reason.code.value
        to = _login(outcome.site, presented) if outcome.over else _explained(outcome, presented)
        response = _sent(dialect, _challenged(response, presented.bearer is not None), to)
    response.headers[DECISION] = decision.id
    return _unkept(response)


def _refused(error: DoorwardError) -> Response:
    response = problem(error.status, error.code, error.title, error.message, error.remedy, **error.details)
    response.headers[REASON] = error.code
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(int(error.retry_after.total_seconds()))
    token = error.code in {"token-invalid", "token-bound"}
    return _unkept(_challenged(response, token))


def _challenged(response: Response, token: bool) -> Response:
    """Say how to come back, on 401 (RFC 6750, section 3)."""
    if response.status_code == 401:
        told = ', error="invalid_token"' if token else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="doorward"{told}'
    return response


def _unkept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _sent(dialect: str, response: Response, to: str | None) -> Response:
    """Say where a navigating browser goes on; where the proxy hands on our answer, send it there."""
    if to is None:
        return response
    if dialect in _SUBREQUESTS:
        response.headers[LOCATION] = to
        return response
    sent = Response(status=303, headers={"Location": to, REASON: response.headers[REASON]})
    return _unkept(sent)


def _login(site: Site, presented: Presented) -> str | None:
    """Return where a person logs in; never for a program, nor for one that brought a token."""
    if presented.bearer is not None or not _navigates(presented.method):
        return None
    return f"{site.origin}{OWN}/start?{urlencode({'to': presented.target})}"


def _explained(outcome: Outcome, presented: Presented) -> str | None:
    """Return where a person reads why, or touches their key."""
    if presented.bearer is not None or not _navigates(presented.method):
        return None
    home, asked = parts().deployment.public_url, outcome.question
    why = "/access/why?" + urlencode({"resource": asked.resource, "action": asked.action})
    touch = outcome.decision.reason.code is ReasonCode.TOUCH_STALE
    return home + ("/touch?" + urlencode({"next": why}) if touch else why)


def _navigates(method: str) -> bool:
    """Whether a person's browser goes to a page: not a program, nor a script of a page."""
    asks = any(value == "text/html" for value, _ in request.accept_mimetypes)
    return method in {"GET", "HEAD"} and asks and request.headers.get("Sec-Fetch-Mode") in {None, "navigate"}


@api.errorhandler(HTTPException)
def malformed(error: HTTPException) -> Response:
    """Answer what the framework refuses: a problem document, and no permit."""
    status = error.code or 400
    return problem(status, error.name.lower().replace(" ", "-"), error.name, error.name.lower())
