"""What views reach: the parts, the viewer, the names of the cookies."""

from __future__ import annotations

from typing import cast

from flask import current_app, g, request

from domain.errors import NotAuthenticated
from flows.admin import require
from flows.parts import Parts
from flows.session import Viewer, current


def parts() -> Parts:
    """Return the wired parts of this application."""
    return cast(Parts, current_app.extensions["doorward"])


def session_cookie() -> str:
    return "__Host-doorward-session"


def browser_cookie() -> str:
    return "__Host-doorward-browser"


def once_cookie() -> str:
    return "__Host-doorward-once"


def viewer_or_none() -> Viewer | None:
    """Return the person behind this request's session, looked up once a request."""
    if "viewer" not in g:
        address = g.get("client_address")
        g.viewer = current(parts(), request.cookies.get(session_cookie()), address) if address else None
    return cast("Viewer | None", g.viewer)


def quiet_viewer() -> Viewer | None:
    """Return the person behind a request that no person made: it keeps no session from becoming idle."""
    return current(parts(), request.cookies.get(session_cookie()), g.client_address, active=False)


def viewer() -> Viewer:
    """Return the person behind this request, or raise NotAuthenticated."""
    found = viewer_or_none()
    if found is None:
        if session_cookie() in request.cookies:
            raise NotAuthenticated(
                "your session has ended, or you moved to another network",
                code="session-not-here",
                remedy="Log in again with your security key.",
            )
        raise NotAuthenticated("you are not logged in", remedy="Log in with your security key.")
    return found


def admin(action: str, area: str) -> Viewer:
    """Return the viewer if the built-in policy lets them do *action* to *area*, or raise Forbidden."""
    found = viewer()
    require(parts(), found, action, area)
    return found
