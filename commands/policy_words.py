"""How are answers about policy printed: in words for people, in JSON for programs?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from commands.base import table
from domain.decision import Reason
from domain.reasons import Standing
from policies.misses import Miss
from policies.pages import Page
from policies.reverse import Entry, Ground


def explained(entry: Entry, *, as_json: bool) -> None:
    """Print one decision: effect, reasons, rules with the way to them, and what was missed."""
    if as_json:
        click.echo(json.dumps(as_dict(entry), indent=2))
        return
    may = "may" if entry.open else "may not"
    effect = "permitted" if entry.open else "denied"
    curable = entry.decision is not None and entry.decision.curable
    click.echo(f"{effect}: {entry.who.key} {may} {entry.action} {entry.resource}")
    for reason in entry.decision.reasons if entry.decision is not None else ():
        click.echo(f"  {reason.code.value}: {reason.sentence}")
        # What one can do helps only where nothing final stands beside it, and then the final is told.
        if reason.remedy and not entry.open and (curable or reason.code.standing is Standing.FINAL):
            click.echo(f"    to do: {reason.remedy}")
    for miss in entry.misses:
        click.echo(f"  nearest: {_missed(miss)}")
    determining = entry.decision.determining if entry.decision is not None else ()
    for ground in (*entry.permits, *entry.forbids):
        verb = "decided by" if ground.rule.id in determining else "also concerns it:"
        click.echo(f"  {verb} {_ruled(ground)}")


def listed(
    page: Page[Entry], headers: Sequence[str], first: Callable[[Entry], Sequence[str]], *, as_json: bool
) -> None:
    """Print a page of answers, one a line, each further reason on a line of its own."""
    if as_json:
        told = {"entries": [as_dict(entry) for entry in page.entries], "next": page.next or None}
        click.echo(json.dumps(told, indent=2))
        return
    if not page.entries:
        click.echo("none")
        return
    rows = []
    for entry in page.entries:
        reasons = why(entry)
        rows.append((*first(entry), answer(entry), reasons[0]))
        rows += [(*("" for _ in headers), "", reason) for reason in reasons[1:]]
    table((*headers, "ANSWER", "WHY"), rows)
    if page.next:
        click.echo(f"more: --cursor {page.next}")


def answer(entry: Entry) -> str:
    """Return the answer in one word."""
    if entry.decision is None:
        return entry.reach.value
    return "permitted" if entry.open else "denied"


def why(entry: Entry) -> list[str]:
    """Return why, at least one line: the rules of an open door, or why it is closed."""
    if not entry.open:
        return [_missed(miss) for miss in entry.misses]
    return [_ruled(ground) for ground in (*entry.permits, *entry.forbids)]


def as_dict(entry: Entry) -> dict[str, Any]:
    """Return an answer for programs. *standing*: always, conditional or no, whatever the session."""
    told: dict[str, Any] = {
        "who": entry.who.key,
        "subject": str(entry.who.subject),
        "action": entry.action,
        "resource": entry.resource,
        "standing": entry.reach.value,
        "permits": [_ground(ground) for ground in entry.permits],
        "forbids": [_ground(ground) for ground in entry.forbids],
        "misses": [{"kind": m.kind.value, "sentence": m.sentence, "rule": m.rule} for m in entry.misses],
    }
    if entry.decision is not None:
        told["effect"] = entry.decision.effect.value
        told["reasons"] = [_reason(reason) for reason in entry.decision.reasons]
        told["determining"] = list(entry.decision.determining)
    return told


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code.value,
        "sentence": reason.sentence,
        "remedy": reason.remedy,
        "details": dict(reason.details),
    }


def _ground(ground: Ground) -> dict[str, Any]:
    return {
        "rule": ground.rule.id,
        "sentence": ground.sentence,
        "way": list(ground.way),
        "words": ground.words,
    }


def _ruled(ground: Ground) -> str:
    return f"{ground.rule.id}: {ground.sentence} ({ground.words})"


def _missed(miss: Miss) -> str:
    return f"{miss.sentence} (rule {miss.rule})" if miss.rule is not None else miss.sentence
