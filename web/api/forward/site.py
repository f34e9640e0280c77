"""The path `/.doorward/` of every site, which its proxy passes on to us: log in, come back, leave.

Who attacks this: see ``flows.site_login``. No page is shown here, as it would
stand on the application's host: browsers are sent on, to the site itself or to
a page of ours. The cookies are of the site's host and worth nothing on ours.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from domain.errors import DoorwardError, NotAuthenticated
from domain.sites import OWN, Site, local_target
from flows import site_login
from flows.sites import find_site
from web.api.forward import passed
from web.api.forward.passed import SITE_COOKIE, START_COOKIE, site_cookie
from web.edge import require_from, set_cookie
from web.problems import problem
from web.state import parts

api = Blueprint("forward_site", __name__)
_START = timedelta(minutes=10)


@api.get("/authz/site/<dialect>/start")
def start(dialect: str) -> BaseResponse:
    """Begin a login, and send the browser to us."""
    service_id, site = _at(dialect)
    begun = site_login.begin(
        parts(),
        service_id,
        site,
        to=local_target(request.args.get("to", "/")),
        verifier=request.cookies.get(START_COOKIE),
    )
    return _keep(_go(begun.location), START_COOKIE, begun.verifier, _START)


@api.get("/authz/site/<dialect>/callback")
def callback(dialect: str) -> BaseResponse:
    """Take the code, and give the browser a cookie of this site."""
    service_id, site = _at(dialect)
    code = request.args.get("code", "")
    back = f"{site.origin}{OWN}/check?{urlencode({'to': local_target(request.args.get('state', '/'))})}"
    if not code:
        return _explain(site, "denied")
    try:
        done = site_login.enter(
            parts(), service_id, site, code=code, verifier=request.cookies.get(START_COOKIE)
        )
    except NotAuthenticated:
        # Another tab may have been faster: then this browser is in already.
        inside = site_login.entered(parts(), service_id, site, site_cookie())
        return _go(back) if inside else _explain(site, "code")
    left = max(timedelta(seconds=1), done.expires_at - parts().clock.now())
    response = _keep(_go(back), SITE_COOKIE, done.cookie, left)
    return _drop(response, START_COOKIE)


@api.get("/authz/site/<dialect>/check")
def check(dialect: str) -> BaseResponse:
    """Go on only if the cookie came back: else the browser would be sent to log in for ever."""
    service_id, site = _at(dialect)
    if not site_login.entered(parts(), service_id, site, site_cookie()):
        return _explain(site, "cookie")
    return _go(site.origin + local_target(request.args.get("to", "/")))


@api.post("/authz/site/<dialect>/end")
def end(dialect: str) -> BaseResponse:
    """Leave the site; only a page of the site itself can ask for it."""
    service_id, site = _at(dialect)
    require_from(site.origin)
    site_login.leave(parts(), service_id, site, site_cookie())
    return _drop(_explain(site, "left"), SITE_COOKIE)


def _at(dialect: str) -> tuple[str, Site]:
    """Return the service that the proxy proves to be, and its site."""
    service_id = passed.proxy_id()
    return service_id, find_site(parts(), service_id, passed.place(dialect))


def _explain(site: Site, why: str) -> BaseResponse:
    query = urlencode({"origin": site.origin, "why": why})
    return _go(f"{parts().deployment.public_url}/site?{query}")


def _go(location: str) -> BaseResponse:
    response = redirect(location, 303)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _keep(response: BaseResponse, name: str, value: str, keep: timedelta) -> BaseResponse:
    set_cookie(response, name, value, keep=keep)
    return response


def _drop(response: BaseResponse, name: str) -> BaseResponse:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="Lax")
    return response


@api.errorhandler(DoorwardError)
def failed(error: DoorwardError) -> Response:
    """Answer a refusal: whoever gets here without being sent is a program, or the proxy is set up wrongly."""
    return problem(error.status, error.code, error.title, error.message, error.remedy, **error.details)
