"""My access: what I can reach, what not and why; open it, say I am done, end everything."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.wrappers import Response

from domain.access import action_name, resource_id
from domain.decision import Decision
from domain.reasons import ReasonCode
from flows import access, end_access
from flows.admin import may
from flows.evidence_view import to_mend
from flows.sites import site_with
from web.edge import require_same_origin
from web.observe import count_decision
from web.state import parts, session_cookie, viewer
from web.templating import decision_view, duration_words

pages = Blueprint("access", __name__)


@pages.before_request
def _guard() -> None:
    if request.method not in {"GET", "HEAD"}:
        require_same_origin()


@pages.get("/access")
def my_access() -> str:
    """Show every door of this person, open first."""
    found = access.my_access(parts(), viewer())
    rows = [_row(door) for door in found.doors]
    return render_template(
        "access.html",
        me=viewer(),
        opened=[row for row in rows if row["grant"]],
        ready=[row for row in rows if not row["grant"] and row["openable"]],
        curable=[row for row in rows if not row["grant"] and row["curable"]],
        closed=[row for row in rows if not (row["grant"] or row["openable"] or row["curable"])],
        elsewhere=found.elsewhere,
        idle=duration_words(parts().limits.session_idle),
        mend=to_mend(
            found.assessment, [door.decision for door in found.doors if not (door.grant or door.openable)]
        ),
    )


def _row(door: access.Door) -> dict[str, Any]:
    """Return one door as the page shows it."""
    shown = door.decision
    action = next(name for name, decision in door.decisions if decision is shown)
    caps = [d.obligations.max_lifetime for _, d in door.decisions if d.permitted]
    cap = min(cap for cap in caps if cap is not None) if any(caps) else None
    return {
        "id": door.resource.id,
        "title": door.resource.title,
        "home_url": door.home_url,
        "grant": door.grant,
        "openable": door.openable,
        "curable": door.curable,
        "standing": door.standing,
        "lasts": duration_words(cap) if cap else "",
        "action": action,
        "sentence": shown.reason.sentence,
    }


@pages.get("/access/why")
def why() -> str:
    """Explain one door: reason, remedy, whom to ask, reference."""
    action = action_name(request.args.get("action", ""))
    resource = resource_id(request.args.get("resource", ""))
    decision = access.why(parts(), viewer(), action=action, resource=resource)
    count_decision("page", decision)
    return _explained(decision, action, resource)


@pages.post("/access/open")
def open_resource() -> str | Response:
    """Open a resource, or explain why not."""
    resource = resource_id(request.form.get("resource", ""))
    actions = [action_name(name) for name in request.form.getlist("actions")]
    opening = access.open_resource(parts(), viewer(), resource=resource, actions=actions)
    count_decision("page", opening.decision)
    if opening.grant_id is None:
        return _explained(opening.decision, ", ".join(actions), resource)
    return redirect("/access", 303)


@pages.post("/access/done")
def done() -> Response:
    """End one of my grants."""
    end_access.end_grant(parts(), viewer(), request.form.get("grant", ""))
    return redirect("/access", 303)


@pages.get("/access/end-everything")
def end_everything_page() -> str:
    """Say what will end before it ends."""
    return render_template(
        "end_everything.html",
        found=access.my_access(parts(), viewer()),
        token_minutes=duration_words(parts().limits.token),
    )


@pages.post("/access/end-everything")
def end_everything() -> Response:
    """End all my sessions, grants and tokens, this session too."""
    end_access.end_everything(parts(), viewer())
    g.pop("viewer")
    response = redirect("/login", 303)
    response.delete_cookie(session_cookie(), path="/", secure=True, httponly=True, samesite="Lax")
    return response


def _explained(decision: Decision, action: str, resource: str) -> str:
    view = decision_view(
        decision, asked=f"{action} {resource}", full=may(parts(), viewer(), "view", "decisions")
    )
    return render_template(
        "why.html",
        title=access.resource_title(parts(), resource),
        resource=resource,
        action=action,
        view=view,
        here="/access/why?" + urlencode({"resource": resource, "action": action}),
        needs_touch=decision.reason.code is ReasonCode.TOUCH_STALE,
        sponsor=viewer().sponsor,
        site=site_with(parts(), resource),
    )
