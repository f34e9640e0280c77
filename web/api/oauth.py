"""OAuth's endpoints for programs: token, introspection, revocation, keys, metadata.

Parse, prove the client, call one flow, render. Errors are in OAuth's own
format (RFC 6749, section 5.2). No cookie is read, so no origin is checked; the
authorization endpoint, where a person stands, is a page (``web.pages.authorize``).
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from domain.errors import DoorwardError, TooMany
from flows import introspect, redeem, revoke, service_auth
from flows.parts import Parts
from tokens import metadata
from tokens.client import Client
from tokens.endpoint import Answer
from tokens.refused import OAuthRefused
from tokens.request import read_fields
from web.state import parts

api = Blueprint("oauth", __name__)
_FORM = "application/x-www-form-urlencoded"
_KEYS_MAX_AGE = 300
Flow = Callable[[Parts, Client, dict[str, str]], Answer]


@api.post(metadata.TOKEN)
def token() -> Response:
    """Exchange a code, or give a service its own token."""
    return _serve(redeem.exchange)


@api.post(metadata.INTROSPECT)
def introspection() -> Response:
    """Say what a token means now (RFC 7662)."""
    return _serve(introspect.introspect)


@api.post(metadata.REVOKE)
def revocation() -> Response:
    """End a token (RFC 7009)."""
    return _serve(revoke.revoke)


@api.get(metadata.JWKS)
def jwks() -> Response:
    """Publish the keys that tokens are signed with."""
    response = jsonify(keys=[dict(key) for key in parts().token_keys])
    response.headers["Cache-Control"] = f"public, max-age={_KEYS_MAX_AGE}"
    return response


@api.get(metadata.WELL_KNOWN)
def well_known() -> Response:
    """Publish what this server can do (RFC 8414)."""
    response = jsonify(metadata.metadata(parts().deployment.public_url))
    response.headers["Cache-Control"] = f"public, max-age={_KEYS_MAX_AGE}"
    return response


@api.errorhandler(OAuthRefused)
def refused(error: OAuthRefused) -> Response:
    """Answer a refusal; 401 names the scheme that a client can use."""
    response = _answer(Answer(error.status, {"error": error.code, "error_description": error.description}))
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="doorward"'
    return response


@api.errorhandler(DoorwardError)
def failed(error: DoorwardError) -> Response:
    """Answer a limit or an outage in OAuth's format."""
    code = "temporarily_unavailable" if error.status in {429, 503} else "invalid_request"
    response = _answer(Answer(error.status, {"error": code, "error_description": error.message}))
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(int(error.retry_after.total_seconds()))
    return response


@api.errorhandler(HTTPException)
def malformed(error: HTTPException) -> Response:
    """Answer what the framework refuses (a body that is too large) in OAuth's format."""
    return _answer(Answer(error.code or 400, {"error": "invalid_request"}))


def _serve(flow: Flow) -> Response:
    if request.mimetype != _FORM or request.args:
        raise OAuthRefused("invalid_request", f"send the parameters as {_FORM} in the body only")
    fields = read_fields(request.form.items(multi=True))
    client = service_auth.authenticate(
        parts(),
        authorization=request.headers.get("Authorization", ""),
        fields=fields,
        address=g.client_address,
    )
    return _answer(flow(parts(), client, fields))


def _answer(answer: Answer) -> Response:
    response = jsonify(answer.body)
    response.status_code = answer.status
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
