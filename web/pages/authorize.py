"""Where a service sends a person for a token: continue at once, open first, or learn why not.

A service that is not known, or an address that is not registered for it, is
told on a page. Everything else that is wrong with the request goes back to the
service, with `iss` so that it knows whose answer it is.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from domain.reasons import ReasonCode
from flows import authorize
from flows.authorize import Continue, Explain
from tokens.authorization import RefusedToClient
from tokens.metadata import AUTHORIZE
from tokens.refused import OAuthRefused, Untrusted
from tokens.request import certain_fields, read_fields
from web.edge import CSP, require_same_origin
from web.observe import count_decision
from web.state import parts, viewer, viewer_or_none
from web.templating import decision_view, is_staff

pages = Blueprint("authorize", __name__)


@pages.get(AUTHORIZE)
def ask() -> BaseResponse:
    """Issue a code for what is open already, or show what can be done."""
    fields = _fields(list(request.args.items(multi=True)))
    asked = authorize.check(parts(), fields)
    if viewer_or_none() is None:
        return redirect("/login?" + urlencode({"next": f"{AUTHORIZE}?{urlencode(fields)}"}), 303)
    return _answer(authorize.look(parts(), viewer(), asked))


@pages.post(AUTHORIZE)
def open_and_continue() -> BaseResponse:
    """The person opens the resource and goes on to the service."""
    require_same_origin()
    pairs = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    asked = authorize.check(parts(), _fields(pairs))
    return _answer(authorize.open_and_continue(parts(), viewer(), asked))


@pages.errorhandler(RefusedToClient)
def refused_to_client(error: RefusedToClient) -> BaseResponse:
    return redirect(error.location, 303)


@pages.errorhandler(Untrusted)
def untrusted(error: Untrusted) -> Response:
    """Tell the person; nothing is redirected to an address that nobody vouches for."""
    return make_response(render_template("authorize_untrusted.html", detail=error.description), 400)


def _fields(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return the parameters, each once; refuse on a page what cannot be attributed to a client."""
    try:
        return read_fields(pairs)
    except OAuthRefused as refused:
        raise authorize.refuse_to_client(parts(), certain_fields(pairs), refused) from refused


def _answer(outcome: Continue | Explain) -> BaseResponse:
    if isinstance(outcome, Continue):
        return redirect(outcome.location, 303)
    decision, asked = outcome.decision, outcome.asked
    count_decision("authorize", decision)
    words = " and ".join(asked.actions)
    html = render_template(
        "authorize.html",
        application=outcome.title,
        resource=outcome.resource.title if outcome.resource else asked.resource,
        words=words,
        fields=asked.fields,
        back=outcome.back,
        here=f"{AUTHORIZE}?{urlencode(asked.fields)}",
        can_open=decision.permitted,
        needs_touch=decision.reason.code is ReasonCode.TOUCH_STALE,
        view=decision_view(decision, asked=f"{words} {asked.resource}", full=is_staff(viewer())),
    )
    response = make_response(html, 200 if decision.permitted else 403)
    response.headers["Content-Security-Policy"] = _policy_with(asked.redirect_uri)
    return response


def _policy_with(address: str) -> str:
    """Return our content policy, letting this page's form end at the service's checked address.

    Browsers hold `form-action` against every redirect that follows a form.
    """
    target = urlsplit(address)
    return CSP.replace("form-action 'self'", f"form-action 'self' {target.scheme}://{target.netloc}")
