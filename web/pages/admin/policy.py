"""The rules: write, check, see what changes, review, publish by a touch."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, render_template, request

from domain.errors import Conflict, DoorwardError, RulesTooLong
from flows import policy
from flows.policy_view import in_force, meanwhile, to_publish, unready
from policies import proof
from policies.mending import mend
from policies.problems import Problem
from web.body import json_object
from web.pages.admin.console import Answer, Form, area, begin_tap, can, number, page, said, see, sentence
from web.pages.session import finish_tap
from web.state import admin, parts, viewer

pages = area("policy")


@pages.get("/admin/policy")
def rules() -> Answer:
    """Show the editor, or the rules in force to those who may only read them."""
    admin("view", "policy")
    return _editor_page() if can("manage", "policy") else _read_page()


@pages.post("/admin/policy")
def save() -> Answer:
    """Keep the text, right or wrong; then go on editing, or to the review."""
    admin("manage", "policy")
    form = Form.posted(("base_revision", "rebase", "next"))
    text = request.form.get("rules", "")
    base = number(form["rebase"] or form["base_revision"]) or 0
    try:
        checked = policy.save_draft(parts(), viewer(), text, base)
    except DoorwardError as error:
        return _editor_page(problem=said(error), text=text, status=error.status)
    found = policy.editor(parts(), viewer())
    if found.stale:
        return _editor_page(status=409)
    if checked.errors or checked.failed:
        return _editor_page(status=400 if form["next"] == "review" else 200)
    return see("/admin/policy/publish" if form["next"] == "review" else "/admin/policy")


@pages.post("/admin/policy/check")
def check() -> Response:
    """Check a text while it is typed, without saving it."""
    admin("manage", "policy")
    body = json_object()
    base = number(str(body.get("base_revision", "")))
    checked = policy.check(parts(), str(body.get("rules", "")), base or 0)
    panel = render_template("admin/_policy_panel.html", checked=checked, published_revision=base or 0)
    return jsonify(problems=_problems(checked), summary=_summary(checked), panel=panel)


@pages.post("/admin/policy/discard")
def discard() -> Answer:
    """Throw the draft away and begin again from the rules in force."""
    admin("manage", "policy")
    policy.discard_draft(parts(), viewer())
    return see("/admin/policy")


@pages.get("/admin/policy/publish")
def review() -> Answer:
    """Show exactly what a touch will publish."""
    admin("publish", "policy")
    try:
        found = policy.editor(parts(), viewer())
    except RulesTooLong:
        return see("/admin/policy")
    if unready(found):
        return see("/admin/policy")
    return page("policy_publish.html", active="policy", found=found, problems=_problems(found.checked))


@pages.post("/admin/policy/publish/options")
def publish_options() -> Response:
    """Ask for a touch over the digest of the draft, if it is still the one that the page shows."""
    admin("publish", "policy")
    body = json_object()
    found = to_publish(parts(), viewer())
    bundle = found.checked.bundle
    if bundle is None or body.get("digest") != bundle.digest:
        raise Conflict(
            "the draft changed since this page was loaded",
            code="draft-changed",
            remedy="Load the page again.",
        )
    note = body.get("note", "")
    return begin_tap(policy.publish_action(parts(), viewer(), note=note if isinstance(note, str) else ""))


@pages.post("/admin/policy/publish/finish")
def publish() -> Response:
    admin("publish", "policy")
    revision = policy.publish(parts(), viewer(), finish_tap())
    return jsonify(location=f"/admin/policy/history/{revision}")


def problem_view(problem: Problem, line: str) -> dict[str, Any]:
    """Return one finding in the shape of the editor: sentences, and a warning called one.

    *fix* is what its button writes into the *line*, if the suggestion can be written.
    """
    word = "" if problem.severity == "error" else "Warning: "
    fix = mend(line, problem)
    return {
        "line": problem.line,
        "column": problem.column,
        "message": word + sentence(problem.message),
        "suggestion": sentence(problem.suggestion) if problem.suggestion else "",
        "severity": str(problem.severity),
        "fix": fix.as_dict() if fix else None,
    }


def _problems(checked: policy.Checked) -> list[dict[str, Any]]:
    """Return what is wrong with a text, tests that fail among it, in the order of the lines."""
    lines = checked.text.split("\n")
    failed = [outcome.as_problem() for outcome in checked.outcomes if not outcome.passed]
    found = sorted((*checked.problems, *failed), key=lambda problem: problem.line)
    return [
        problem_view(problem, lines[problem.line - 1] if problem.line <= len(lines) else "")
        for problem in found
    ]


def _summary(checked: policy.Checked) -> str:
    """Say how a text stands in one line."""
    warnings = len(checked.problems) - checked.errors
    if checked.errors:
        return f"{_counted(checked.errors, 'error')}. It cannot be published like this."
    if checked.failed:
        fail = "1 test fails" if checked.failed == 1 else f"{checked.failed} tests fail"
        return f"{fail}. It cannot be published like this."
    told = [f"{_counted(warnings, 'warning')}."] if warnings else ["No problems found."]
    if checked.outcomes:
        told.append(proof.counted(checked.outcomes).capitalize() + ".")
    changed = _counted(len(checked.changes), "change")
    told.append(f"{changed} against the rules in force." if checked.changes else "It changes nothing.")
    return " ".join(told)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _editor_page(*, problem: str = "", text: str | None = None, status: int = 200) -> Answer:
    try:
        found = policy.editor(parts(), viewer())
    except RulesTooLong as error:
        return _read_page(error)
    return page(
        "policy.html",
        active="policy",
        found=found,
        typed=found.checked.text if text is None else text,
        problems=_problems(found.checked),
        summary=_summary(found.checked),
        lacking=unready(found),
        meanwhile=meanwhile(parts(), found.checked.base_revision) if found.stale else (),
        problem=problem,
        status=status,
    )


def _read_page(why: DoorwardError | None = None) -> Answer:
    """Show the rules in force. *why* they cannot be edited here, for somebody who may."""
    return page("policy_read.html", active="policy", found=in_force(parts()), why=why)
