"""A new key for somebody who lost theirs: asked for by an admin, signed by an admin and a sponsor."""

from __future__ import annotations

from flask import Response, jsonify, request

from domain.errors import DoorwardError
from flows import reissue
from flows.console import carry_out, carry_out_tapped
from flows.people_view import person_page
from flows.reissue_view import request_of, request_page
from web.pages.admin.console import Answer, area, begin_tap, page, said, see
from web.pages.session import finish_tap
from web.state import admin, parts, viewer

pages = area("reissue")
PROOFS = (("live-video", "Live video"), ("in-person", "In person"), ("document", "Document, seen by us"))


@pages.get("/admin/people/<person_id>/reissue")
def reissue_page(person_id: str) -> Answer:
    """The open request for a person, or the form that opens one."""
    admin("view", "people")
    return _page(person_id)


@pages.post("/admin/people/<person_id>/reissue")
def ask(person_id: str) -> Answer:
    admin("manage", "people")
    by, form = viewer().person_id, request.form
    proofing = {name: form.get(name, "") for name in ("how", "by", "reference")}
    reason = form.get("reason", "")
    try:
        carry_out(
            parts(),
            lambda s: reissue.ask(s, parts(), person_id, reason=reason, proofing=proofing, by=by)[1],
        )
    except DoorwardError as error:
        return _page(person_id, problem=said(error), status=error.status)
    return see(f"/admin/people/{person_id}/reissue")


@pages.post("/admin/people/<person_id>/reissue/withdraw")
def withdraw(person_id: str) -> Answer:
    admin("manage", "people")
    by, row = viewer().person_id, request_of(parts(), person_id)
    carry_out(parts(), lambda s: reissue.withdraw(s, row.id, by=by))
    return see(f"/admin/people/{person_id}/reissue")


@pages.post("/admin/people/<person_id>/reissue/admin/options")
def admin_options(person_id: str) -> Response:
    admin("manage", "people")
    return begin_tap(reissue.action_of(request_of(parts(), person_id), "admin"))


@pages.post("/admin/people/<person_id>/reissue/admin/finish")
def admin_sign(person_id: str) -> Response:
    admin("manage", "people")
    return _sign(person_id, "admin")


@pages.post("/admin/people/<person_id>/reissue/sponsor/options")
def sponsor_options(person_id: str) -> Response:
    admin("vouch", "reissues")
    return begin_tap(reissue.action_of(request_of(parts(), person_id), "sponsor"))


@pages.post("/admin/people/<person_id>/reissue/sponsor/finish")
def sponsor_sign(person_id: str) -> Response:
    admin("vouch", "reissues")
    return _sign(person_id, "sponsor")


def _sign(person_id: str, role: str) -> Response:
    by, touch, row = viewer().person_id, finish_tap(), request_of(parts(), person_id)
    carry_out_tapped(
        parts(),
        touch,
        lambda _reason: reissue.action_of(row, role),
        lambda s, _reason: reissue.sign(s, parts(), row.id, role, by=by, signature_id=touch.signature_id),
    )
    return jsonify(location=f"/admin/people/{person_id}/reissue")


def _page(person_id: str, *, problem: str = "", status: int = 200) -> Answer:
    found = person_page(parts(), person_id)
    wanted, names = request_page(parts(), person_id)
    return page(
        "reissue.html",
        active="people",
        found=found,
        wanted=wanted,
        names=names,
        proofs=PROOFS,
        problem=problem,
        status=status,
        me=viewer(),
    )
