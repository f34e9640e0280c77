"""Earlier rules: who published what, what it changed, and going back to it by a touch."""

from __future__ import annotations

from flask import Response, jsonify, request

from flows import policy
from flows.policy_view import history, publication
from web.body import json_object
from web.pages.admin.console import Answer, area, begin_tap, number, page
from web.pages.session import finish_tap
from web.state import admin, parts, viewer

pages = area("history")


@pages.get("/admin/policy/history")
def publications() -> Answer:
    admin("view", "policy")
    before = number(request.args.get("before", ""))
    found = history(parts(), before=before)
    return page("policy_history.html", active="policy", found=found, before=before)


@pages.get("/admin/policy/history/<int:revision>")
def one(revision: int) -> Answer:
    admin("view", "policy")
    return page("policy_publication.html", active="policy", found=publication(parts(), revision))


@pages.get("/admin/policy/history/<int:revision>/rollback")
def rollback_page(revision: int) -> Answer:
    """Show what going back would change."""
    admin("publish", "policy")
    return page("policy_rollback.html", active="policy", found=publication(parts(), revision))


@pages.post("/admin/policy/history/<int:revision>/rollback/options")
def rollback_options(revision: int) -> Response:
    admin("publish", "policy")
    note = json_object().get("note", "")
    action = policy.rollback_action(parts(), revision, note=note if isinstance(note, str) else "")
    return begin_tap(action)


@pages.post("/admin/policy/history/<int:revision>/rollback/finish")
def rollback(revision: int) -> Response:  # noqa: ARG001 (the touch names the bundle that it signed)
    admin("publish", "policy")
    new = policy.publish(parts(), viewer(), finish_tap())
    return jsonify(location=f"/admin/policy/history/{new}")
