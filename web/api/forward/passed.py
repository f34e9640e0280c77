"""What a proxy passes on: who it is, where the request goes, and what its sender brings."""

from __future__ import annotations

from urllib.parse import quote

from flask import g, request

from domain.errors import Forbidden, NotAuthenticated, NotFound
from flows.forward_auth import Presented
from flows.service_auth import authenticate_pep
from flows.sites import Place
from web.state import parts

FAMILIES = {"nginx": "Doorward", "apache": "Doorward", "caddy": "Doorward", "traefik": "X-Forwarded-"}
"""The headers that count for each kind of proxy, by their prefix; envoy passes the request itself on."""
ENVOY = "envoy"
CREDENTIAL = "DoorwardCredential"
SUBJECT, LOGIN, DECISION = "DoorwardSubject", "DoorwardLogin", "DoorwardDecision"
REASON, LOCATION = "DoorwardReason", "DoorwardLocation"
_OURS = (SUBJECT, LOGIN, DECISION, REASON, LOCATION)
_OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
_UNENCODED = "/:@!$&'()*+,;="
SITE_COOKIE, START_COOKIE = "__Host-doorward-site", "__Host-doorward-start"


def proxy_id() -> str:
    """Return the id of the service that the proxy proves to be. Raises NotAuthenticated or TooMany."""
    return authenticate_pep(
        parts(), authorization=request.headers.get(CREDENTIAL, ""), address=g.client_address
    )


def place(dialect: str) -> Place:
    """Return where the request goes, by the headers of this kind of proxy and by no others."""
    if dialect == ENVOY:
        return Place(dialect, None, request.host.lower())
    if dialect not in FAMILIES:
        raise NotFound("there is no such kind of proxy")
    return Place(dialect, _told(dialect, "Proto"), _told(dialect, "Host").lower())


def presented(dialect: str, rest: str = "") -> Presented:
    """Return the request. Raises Forbidden where its sender plays the proxy, or changes the method."""
    spoofed = next((name for name in _OURS if name in request.headers), None)
    if spoofed is not None:
        raise Forbidden(f"`{spoofed}` is for Doorward to send", code="identity-header")
    if any(name in request.headers for name in _OVERRIDES):
        raise Forbidden("the request names a second method", code="method-override")
    if dialect == ENVOY:
        query = request.query_string.decode("latin-1")
        # The server has decoded the path: it is put into its one spelling, or `%3F` would become a query.
        method, target = request.method, quote(rest, safe=_UNENCODED) + (f"?{query}" if query else "")
    else:
        method, target = _told(dialect, "Method"), _told(dialect, "Uri")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    named = scheme.lower()
    if named == "dpop":
        raise NotAuthenticated("nobody here checks the proof of a token's key", code="token-bound")
    return Presented(method, target, token.strip() if named == "bearer" else None, site_cookie())


def site_cookie() -> str | None:
    return request.cookies.get(SITE_COOKIE)


def _told(dialect: str, name: str) -> str:
    header = FAMILIES[dialect] + name
    value = request.headers.get(header, "")
    if not value:
        raise Forbidden(
            f"the proxy did not send `{header}`",
            code="proxy-headers",
            remedy="An operator must configure the proxy as docs/forward-auth.md says.",
        )
    return value
