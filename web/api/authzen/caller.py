"""What the endpoints share: who calls, and how what is refused is told."""

from __future__ import annotations

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from domain.errors import DoorwardError, TooMany
from flows.service_auth import authenticate_pep
from web.problems import problem
from web.state import parts


def service_id() -> str:
    """Return the id of the service that calls. Raises NotAuthenticated or TooMany."""
    return authenticate_pep(
        parts(), authorization=request.headers.get("Authorization", ""), address=g.client_address
    )


def blueprint(name: str) -> Blueprint:
    """Return a blueprint that answers every refusal with a problem document: its callers are programs."""
    made = Blueprint(name, __name__)
    made.register_error_handler(DoorwardError, _failed)
    made.register_error_handler(HTTPException, _malformed)
    return made


def _failed(error: DoorwardError) -> Response:
    response = problem(error.status, error.code, error.title, error.message, error.remedy, **error.details)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="doorward", Basic realm="doorward"'
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(int(error.retry_after.total_seconds()))
    return response


def _malformed(error: HTTPException) -> Response:
    status = error.code or 400
    return problem(status, error.name.lower().replace(" ", "-"), error.name, error.name.lower())
