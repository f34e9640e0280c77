"""Decisions: find the one that somebody asks about, and read everything it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import request

from domain.attributes import ATTRIBUTES, Type
from domain.decision import Reason
from domain.errors import Invalid
from domain.reasons import ReasonCode
from flows.decision_search import COUNTED, Search
from flows.decisions_view import DecisionPage, decision_page, list_decisions
from flows.replay import reasons_of
from web.pages.admin.console import Answer, area, page, see
from web.state import admin, parts

pages = area("decisions")
EFFECTS = (("", "Open and closed"), ("permit", "Open"), ("deny", "Closed"))
DOORS = ("page", "evaluation", "forward-auth", "introspection", "authorize", "issuance")
WORDS = {
    "q": "person",
    "resource": "resource that begins with",
    "effect": "decision",
    "action": "action",
    "door": "asked by",
    "service": "service",
    "rule": "rule",
    "reason": "reason",
    "from": "from",
    "to": "until before",
}
"""What can be looked for, by its name in the address."""


@pages.get("/admin/decisions")
def decisions() -> Answer:
    """List decisions; a reference typed into the search leads straight to its page."""
    admin("view", "decisions")
    sought = {name: request.args.get(name, "").strip()[:512] for name in WORDS}
    if sought["q"].startswith("dec_"):
        return see(f"/admin/decisions/{sought['q']}")
    before = request.args.get("before", "")[:128]
    listed = list_decisions(parts(), _search(sought), before)
    return page(
        "decisions.html",
        active="decisions",
        found=listed.found,
        names=listed.names,
        sentences={row.id: first_sentence(row.body) for row in listed.found.rows},
        sought=sought,
        narrowed=[(WORDS[name], value) for name, value in sought.items() if value],
        total=_total(listed.found.matching),
        effects=EFFECTS,
        doors=DOORS,
        services=listed.services,
        reasons=[code.value for code in ReasonCode],
        before=before,
    )


def _search(sought: Mapping[str, str]) -> Search:
    """Return what is looked for. By rule only those may look who may view policy."""
    if sought["rule"]:
        admin("view", "policy")
    return Search(
        person=sought["q"],
        since=_moment(sought["from"]),
        until=_moment(sought["to"]),
        **{
            name: sought[name]
            for name in ("resource", "action", "effect", "door", "service", "rule", "reason")
        },
    )


def _moment(typed: str) -> datetime | None:
    """Return a moment as a browser sends it, in UTC; also a day, which is its beginning."""
    if not typed:
        return None
    try:
        moment = datetime.fromisoformat(typed)
        if moment.tzinfo is not None:
            raise ValueError("a zone is written where UTC is meant")
        return moment.replace(tzinfo=UTC)
    except ValueError as error:
        raise Invalid(
            f"`{typed[:40]}` is not a moment", code="moment", remedy="Write it as 2026-12-01T09:00, in UTC."
        ) from error


def _total(matching: int) -> str:
    return f"{matching:,}" if matching <= COUNTED else f"more than {COUNTED:,}"


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
