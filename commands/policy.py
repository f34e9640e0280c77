"""`doorward policy`: the rules, from files or as they are published."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from commands.base import FILE, commit, parts_or_exit, plainly
from flows.policy import publish_from_host
from policies.validate import validate


@click.group()
def policy() -> None:
    """The rules, from files or as they are published."""


@policy.command("check")
@click.argument("file", type=FILE)
def policy_check(file: Path) -> None:
    """Say what is wrong with the rules in FILE; exit 1 if they would be refused."""
    problems = validate(file.read_text(encoding="utf-8"))
    for found in problems:
        place = f"{file}:{found.line}:{found.column}"
        click.echo(f"{place}: {found.severity}: {found.message} {found.suggestion}".rstrip())
    sys.exit(1 if any(found.severity == "error" for found in problems) else 0)


@policy.command("publish")
@click.argument("file", type=FILE)
@plainly
def policy_publish(file: Path) -> None:
    """Publish the rules in FILE from the host, without a tap. Recorded as done by the host."""
    parts = parts_or_exit()
    text = file.read_text(encoding="utf-8")
    [event] = commit(parts, lambda s: publish_from_host(s, parts, text))
    click.echo(f"published as revision {event.details['revision']}")
