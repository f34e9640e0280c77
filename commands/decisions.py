"""`doorward decisions`: the log of what was decided."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from commands.base import parts_or_exit
from commands.policy_files import AS_JSON, WRONG_USE, asking
from domain.decision import Decision
from flows.replay import Replay, replay_decision


@click.group()
def decisions() -> None:
    """The log of what was decided."""


@decisions.command("replay")
@click.argument("decision_id", metavar="ID")
@AS_JSON
@asking
def decisions_replay(decision_id: str, as_json: bool) -> None:
    """Decide the logged decision ID again, by the rules, memberships, facts and moment of then.

    Says whether the same came out, and what the rules in force today say to the
    same inputs. Exits with 0 if the same came out, 1 if not, 2 for wrong use or if
    the log and the database do not hold what it needs.
    """
    found = replay_decision(parts_or_exit(), decision_id)
    if as_json:
        click.echo(json.dumps(_told(found), indent=2))
    else:
        for line in _lines(found):
            click.echo(line)
    sys.exit(WRONG_USE if found.came is None else 0 if found.came.same else 1)


def _lines(found: Replay) -> list[str]:
    row, came = found.row, found.came
    lines = [
        f"{row.id}  {row.at:%Y-%m-%dT%H:%M:%SZ}  {row.subject} {row.action} {row.resource}",
        f"logged: {_short(found.logged)}",
    ]
    if came is not None:
        lines.append(f"the rules of then: {_short(came.said)}")
        if came.imposed:
            codes = ", ".join(reason.code.value for reason in came.imposed)
            lines.append(f"imposed beside the rules, not replayed: {codes}")
        differing = ", ".join(part.value for part in came.differing)
        lines.append(f"something else came out, in: {differing}" if differing else "the same came out")
    if found.lacking is not None:
        lines.append(f"cannot be replayed. {found.lacking.value}")
    if found.unverified:
        lines.append("The rules of then are of an earlier form: their digest cannot be computed again.")
    if found.today is not None:
        revision = found.today.revision
        lines.append(f"the rules of today (revision {revision}): {_short(found.today.said)}")
    return lines


def _short(decision: Decision) -> str:
    rules = f" by {', '.join(decision.determining)}" if decision.determining else ""
    return f"{decision.effect.value}{rules} ({', '.join(reason.code.value for reason in decision.reasons)})"


def _told(found: Replay) -> dict[str, Any]:
    came, today = found.came, found.today
    return {
        "id": found.row.id,
        "same": came.same if came else None,
        "lacking": found.lacking.name.lower().replace("_", "-") if found.lacking else None,
        "unverified": found.unverified,
        "logged": _parts(found.logged),
        "imposed": [reason.code.value for reason in came.imposed] if came else [],
        "differing": [part.name.lower() for part in came.differing] if came else [],
        "rules_then": _parts(came.said) if came else None,
        "rules_today": {"revision": today.revision, **_parts(today.said)} if today else None,
    }


def _parts(decision: Decision) -> dict[str, Any]:
    cap = decision.obligations.max_lifetime
    return {
        "effect": decision.effect.value,
        "reasons": [{"code": r.code.value, "details": dict(r.details)} for r in decision.reasons],
        "rules": list(decision.determining),
        "erring": [{"rule": error.rule, "message": error.message} for error in decision.erring],
        "max_lifetime": int(cap.total_seconds()) if cap else None,
        "standing": decision.obligations.standing,
    }
