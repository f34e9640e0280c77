"""`doorward audit` and `doorward policy`: the record, and the rules from files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from audit.checkpoint import read as read_checkpoints
from commands.base import FILE, commit, parts_or_exit, plainly
from flows import chain
from flows.policy import publish_from_host
from policies.validate import validate


@click.group()
def audit() -> None:
    """The record of what happened."""


@audit.command("verify")
@click.option(
    "--checkpoint",
    type=FILE,
    help="A checkpoint file that was kept elsewhere.",
)
@plainly
def audit_verify(checkpoint: Path | None) -> None:
    """Verify the whole chain; with a checkpoint also that nothing before it was rewritten or cut."""
    parts = parts_or_exit()
    known = read_checkpoints(checkpoint.read_text(), chain.checkpoint_keys(parts)) if checkpoint else ()
    report = chain.verify(parts, known)
    for found in report.breaks:
        click.echo(f"broken at record {found.sequence}: {found.problem}")
    click.echo(
        f"{report.records} records, head {report.head[:16]}…, {report.checkpoints} checkpoints compared, "
        f"{report.erased} with erased details: {'intact' if report.intact else 'BROKEN'}"
    )
    sys.exit(0 if report.intact else 1)


@click.group()
def policy() -> None:
    """Rules, from files."""


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
