"""Decisions: find the one that somebody asks about, and read everything it was made of."""

from __future__ import annotations

from typing import Any

from flask import request

from domain.attributes import ATTRIBUTES, Type
from domain.decision import Reason
from flows.decisions_view import DecisionPage, decision_page, list_decisions
from flows.replay import reasons_of
from web.pages.admin.console import Answer, area, page, see
from web.state import admin, parts

pages = area("decisions")
EFFECTS = (("", "Open and closed"), ("permit", "Open"), ("deny", "Closed"))


@pages.get("/admin/decisions")
def decisions() -> Answer:
    """List decisions; a reference typed into the search leads straight to its page."""
    admin("view", "decisions")
    person = request.args.get("q", "").strip()[:128]
    if person.startswith("dec_"):
        return see(f"/admin/decisions/{person}")
    resource, effect, before = (
        request.args.get(name, "").strip()[:512] for name in ("resource", "effect", "before")
    )
    found = list_decisions(parts(), person=person, resource=resource, effect=effect, before=before)
    return page(
        "decisions.html",
        active="decisions",
        found=found,
        sentences={row.id: first_sentence(row.body) for row in found.rows},
        q=person,
        effects=EFFECTS,
        resource=resource,
        effect=effect,
        before=before,
    )


@pages.get("/admin/decisions/<decision_id>")
def decision(decision_id: str) -> Answer:
    admin("view", "decisions")
    found = decision_page(parts(), decision_id)
    return page(
        "decision.html",
        active="decisions",
        found=found,
        view=_view(found),
        attribute_text=attribute_text,
        needed=needed,
    )


def first_sentence(body: dict[str, Any]) -> str:
    """Return the reason that was shown, as a sentence."""
    reasons = reasons_of(body)
    return reasons[0].sentence if reasons else "No reason was kept."


def _view(found: DecisionPage) -> dict[str, Any]:
    """Return a logged decision in the shape of the decision block."""
    row, body = found.row, found.row.body
    state = "open" if row.effect == "permit" else "waiting" if found.curable else "closed"
    return {
        "state": state,
        "word": {"open": "Open", "waiting": "Closed for now", "closed": "Closed"}[state],
        "sentence": first_sentence(body),
        "remedy": found.reasons[0].remedy if found.reasons else "",
        "reasons": [reason.sentence for reason in found.reasons[1:]],
        "asked": f"{row.action} {row.resource}",
        "at": row.at,
        "reference": row.id,
        "rules": body.get("determining", []),
        "facts": _facts(body),
    }


def attribute_text(name: str, value: Any) -> str:
    """Say one fact that the rules could ask for, with its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ".".join(str(part) for part in value)
    known = ATTRIBUTES.get(name)
    return f"{value} s" if known and known.type is Type.DURATION else str(value)


def needed(reason: Reason) -> str:
    """Say what there was and which rule needs what: `custody 0; rule “logs” needs 2`."""
    details = dict(reason.details)
    if "rule" not in details:
        return "–"
    rule = f"rule “{details['rule']}”"
    if "needed" not in details:
        return rule
    return f"{details.get('fact', '')} {details.get('have', 'not known')}; {rule} needs {details['needed']}"


def _facts(body: dict[str, Any]) -> list[tuple[str, str]]:
    revisions, obligations = body.get("revisions", {}), body.get("obligations", {})
    cap = obligations.get("max_lifetime")
    facts = [
        ("Reasons", ", ".join(item["code"] for item in body.get("reasons", []))),
        ("Tier", "unknown" if body.get("tier") is None else f"T{body['tier']}"),
        ("Score", "unknown" if body.get("score") is None else f"{body['score']:+d} centibans"),
        ("Longest", f"{cap // 60} min" if cap else "no limit of its own"),
        ("Policy revision", str(revisions.get("publication", 0))),
        ("State revision", str(revisions.get("state", 0))),
    ]
    erring = [f"{item['rule']}: {item['message']}" for item in body.get("erring", [])]
    return [*facts, ("Rules that could not be evaluated", "; ".join(erring))] if erring else facts
