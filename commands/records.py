"""`doorward audit`: the record of what happened."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from audit.checkpoint import read as read_checkpoints
from commands.base import FILE, parts_or_exit, plainly
from flows import chain


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
