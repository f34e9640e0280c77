"""What every template knows, and the few filters that pages share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, g, request
from jinja2 import StrictUndefined

from domain.decision import Decision
from domain.reasons import Standing
from flows.admin import may
from flows.presence_answer import asked_now
from flows.session import Viewer
from web.edge import csrf_token
from web.state import parts, viewer_or_none

RAIL = (
    ("People", "/admin/people", "people", "people"),
    ("Keys", "/admin/keys", "key", "keys"),
    ("Devices", "/admin/devices", "laptop", "devices"),
    ("Resources", "/admin/resources", "resource", "resources"),
    ("Services", "/admin/services", "service", "services"),
    ("Networks", "/admin/networks", "network", "networks"),
    ("Policy", "/admin/policy", "policy", "policy"),
    ("Evidence", "/admin/evidence", "evidence", "settings"),
    ("Decisions", "/admin/decisions", "shield", "decisions"),
    ("Audit", "/admin/audit", "audit", "audit"),
)
"""Label, address, icon, and the area of the built-in policy that one must be able to view."""


def install(app: Flask) -> None:
    """Install the context that base templates read. An undefined name is an error, not an empty page."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    viewer = viewer_or_none()
    rail = _rail(viewer) if viewer and request.path.startswith("/admin") else []
    return {
        "demo": parts().deployment.demo,
        "viewer": _viewer(viewer) if viewer else None,
        "csrf_token": csrf_token(),
        "request_id": g.get("request_id", "-"),
        "rail": rail,
        "now": parts().clock.now(),
        "organisation": parts().deployment.organisation,
        "flash": g.pop("flash", None),
        "asked": asked_now(parts(), viewer) if viewer else None,
    }


def _viewer(viewer: Viewer) -> dict[str, Any]:
    until = viewer.engagement_ends_at
    return {
        "display_name": viewer.display_name,
        "organisation": viewer.vendor or parts().deployment.organisation,
        "until_text": f"until {until:%-d %b %Y}" if until else "",
        "is_admin": is_staff(viewer),
    }


def is_staff(viewer: Viewer) -> bool:
    """Whether any page of the console is open to the viewer."""
    return bool(_rail(viewer))


def _rail(viewer: Viewer) -> list[tuple[str, str, str, str]]:
    if "rail" not in g:
        g.rail = [
            (label, href, icon, href.rpartition("/")[2])
            for label, href, icon, area in RAIL
            if may(parts(), viewer, "view", area)
        ]
    rail: list[tuple[str, str, str, str]] = g.rail
    return rail


def decision_view(decision: Decision, *, asked: str, full: bool) -> dict[str, Any]:
    """Return a decision as the one uniform block of every page.

    *full* adds rules and evidence, for those who may see them.
    """
    state = "open" if decision.permitted else "waiting" if decision.curable else "closed"
    word = {"open": "Open", "waiting": "Closed for now", "closed": "Closed"}[state]
    others = [r.sentence for r in decision.reasons[1:] if r.code.standing is not Standing.OK]
    view: dict[str, Any] = {
        "state": state,
        "word": word,
        "sentence": decision.reason.sentence,
        "remedy": decision.reason.remedy,
        "reasons": others,
        "asked": asked,
        "at": decision.at,
        "reference": decision.id,
    }
    if full:
        view["rules"] = list(decision.determining)
        view["facts"] = [
            ("Reasons", ", ".join(r.code.value for r in decision.reasons)),
            ("Tier", str(decision.tier)),
            ("Score", f"{decision.score:+d} centibans" if decision.score is not None else "unknown"),
            ("Policy revision", str(decision.revisions.publication)),
        ]
    return view


def duration_words(length: timedelta) -> str:
    """Return *length* for people: `10 seconds`, `5 minutes`, `1 hour 30 minutes`."""
    seconds = int(length.total_seconds())
    units = (("hour", seconds // 3600), ("minute", seconds % 3600 // 60), ("second", seconds % 60))
    words = [f"{n} {unit}{'' if n == 1 else 's'}" for unit, n in units if n]
    return " ".join(words[:2]) or "0 seconds"
