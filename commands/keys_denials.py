"""`doorward keys deny`, `deny-list` and `undeny`: what is never accepted, whatever metadata says of it."""

from __future__ import annotations

import click

from audit.events import EventKind
from commands.base import (
    DRY_RUN,
    NOTHING_WRITTEN,
    commit,
    parts_or_exit,
    plainly,
    suspended_keys,
    warn_of_lockout,
)
from flows import key_denials
from models.metadata import denials

_KIND = click.Choice(key_denials.KINDS)


@click.command()
@click.argument("kind", type=_KIND)
@click.argument("value")
@click.option("--reason", required=True, help="Kept in the record.")
@click.option("--force", is_flag=True, help="Deny it although no admin would have a working key any more.")
@DRY_RUN
@plainly
def deny(kind: str, value: str, reason: str, force: bool, dry_run: bool) -> None:
    """Deny a model (aaguid), certificate (leaf) or its key (spki); VALUE is a UUID or SHA-256.

    Registered keys that it covers are suspended at once, with all that they opened.
    """
    parts = parts_or_exit()
    added, *others = commit(
        parts,
        lambda s: key_denials.deny(s, parts, kind, value, reason=reason, by="host", force=force or dry_run),
        dry_run=dry_run,
    )
    told = [event.details for event in others if event.kind is EventKind.KEY_MODEL_BLOCKED]
    for line in suspended_keys(parts, told, dry_run=dry_run):
        click.echo(line)
    if added.details["locks_out_admins"]:
        warn_of_lockout(dry_run=dry_run)
        if not force:
            click.echo("without --force it is refused")
    count = "1 key" if len(told) == 1 else f"{len(told)} keys"
    if dry_run:
        click.echo(f"{count} would be suspended")
        click.echo(NOTHING_WRITTEN)
    else:
        click.echo(f"denied; {count} {'was' if len(told) == 1 else 'were'} suspended")


@click.command("deny-list")
@plainly
def deny_list() -> None:
    """List what is denied."""
    with parts_or_exit().db.read() as session:
        for row in denials(session):
            click.echo(f"{row.kind}  {row.value}  {row.created_at:%Y-%m-%d}  {row.reason}")


@click.command()
@click.argument("kind", type=_KIND)
@click.argument("value")
@plainly
def undeny(kind: str, value: str) -> None:
    """Take a denial back. Keys that it suspended stay suspended."""
    parts = parts_or_exit()
    commit(parts, lambda s: key_denials.allow_again(s, parts, kind, value, by="host"))
    click.echo("no longer denied; suspended keys stay suspended: reinstate them in the console")


COMMANDS = (deny, deny_list, undeny)
