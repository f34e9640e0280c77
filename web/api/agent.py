"""The agent's door: enrol, poll, report. Protocol: ``docs/agent.md``."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from domain.errors import Invalid, NotAuthenticated
from flows import devices
from web.body import json_object
from web.state import parts

api = Blueprint("agent", __name__, url_prefix="/agent/v1")
MAX_REPORT = 64 * 1024


@api.post("/enrolments")
def enrol() -> tuple[Response, int]:
    """Spend an enrolment code; the laptop then waits for an admin."""
    body = json_object()
    jwk, platform = _object(body, "jwk"), _object(body, "platform")
    code, name = body.get("code"), body.get("name")
    if not isinstance(code, str) or not isinstance(name, str):
        raise Invalid("`code` and `name` must be text", code="enrolment-malformed")
    device = devices.enrol(parts(), code=code, jwk=jwk, name=name, platform=platform)
    answer = {"device_id": device.id, "state": device.state, "issuer": parts().deployment.public_url}
    return jsonify(answer), 201


@api.get("/sessions")
def sessions() -> Response:
    """Tell an approved laptop which sessions of its owner want a report."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise NotAuthenticated("a signed poll is needed", code="report-signature")
    return jsonify(devices.poll(parts(), token))


@api.post("/reports")
def reports() -> tuple[Response, int]:
    """Take one signed report."""
    if request.mimetype != "application/jwt" or (request.content_length or 0) > MAX_REPORT:
        raise Invalid("a report is one compact JWS as application/jwt", code="report-malformed")
    try:
        token = request.get_data().decode("ascii")
    except UnicodeDecodeError as error:
        raise Invalid("a report is ASCII", code="report-malformed") from error
    accepted = devices.report(parts(), token, address=g.client_address)
    answer = {"accepted": True, "binding": accepted.binding.name, "next_nonce": accepted.next_nonce}
    return jsonify(answer), 202


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise Invalid(f"`{name}` must be an object", code="enrolment-malformed")
    return value
