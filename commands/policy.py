"""`doorward policy`: the rules, from files or as they are published."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from commands.base import FILE, commit, parts_or_exit, plainly
from commands.policy_ask import COMMANDS as ASKING
from commands.policy_decide import policy_decide
from commands.policy_files import AS_JSON, asking, naming, rules_from, rules_text
from commands.policy_test import policy_test
from flows.policy import publish_from_host
from flows.policy_view import published_as
from flows.reach import published_bundle
from policies.bundle import Bundle, load
from policies.diff import diff
from policies.proof import failures
from policies.validate import validate


@click.group()
def policy() -> None:
    """The rules, from files or as they are published."""


@policy.command("check")
@click.argument("file", type=FILE)
@asking
def policy_check(file: Path) -> None:
    """Say what is wrong with the rules in FILE; exit 1 if they would be refused."""
    text = rules_text(file)
    problems = validate(text)
    if not any(found.severity == "error" for found in problems):
        problems += failures(load(text))
    for found in problems:
        place = f"{file}:{found.line}:{found.column}"
        click.echo(f"{place}: {found.severity}: {found.said}")
    if not problems:
        click.echo(f"{file}: no problems found")
    sys.exit(1 if any(found.severity == "error" for found in problems) else 0)


@policy.command("diff")
@click.argument("old", type=FILE)
@click.argument("new", type=FILE, required=False)
@AS_JSON
@asking
def policy_diff(old: Path, new: Path | None, as_json: bool) -> None:
    """Say in sentences what the rules in NEW change against those in OLD.

    With one file: what it changes against the published rules. Exits with 0 if
    they say the same, 1 if not, 2 for wrong use.
    """
    before: Bundle | None = rules_from(old) if new is not None else published_bundle(parts_or_exit())[0]
    changes = diff(before, rules_from(new or old))
    if as_json:
        click.echo(json.dumps([asdict(change) for change in changes], indent=2))
    for change in changes if not as_json else ():
        click.echo(f"{change.kind.value} {change.rule}: {change.sentence}")
    sys.exit(1 if changes else 0)


@policy.command("publish")
@click.argument("file", type=FILE)
@plainly
def policy_publish(file: Path) -> None:
    """Publish the rules in FILE from the host, without a tap. Recorded as done by the host."""
    parts = parts_or_exit()
    text = rules_text(file)
    with naming(file):
        with parts.db.read() as session:
            revision = published_as(session, text)
        if revision is not None:
            click.echo(f"these rules are in force already, as revision {revision}")
            return
        [event] = commit(parts, lambda s: publish_from_host(s, parts, text))
    effects = event.details["effects"]
    gain, lose = effects["people_gaining"], effects["people_losing"]
    click.echo(f"published as revision {event.details['revision']}: {gain} people gain by it, {lose} lose")


for command in (*ASKING, policy_decide, policy_test):
    policy.add_command(command)
