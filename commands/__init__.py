"""What an operator does on the host: the subcommands of `doorward`. The work is in flows."""

from __future__ import annotations

import sys

import click

import launcher
import worker as worker_process
from commands.base import plainly
from commands.catalogue import entities, resources, services
from commands.decisions import decisions
from commands.deployment import admin, db, load_file
from commands.keys import keys
from commands.people import assign, people, unassign
from commands.policy import policy
from commands.records import audit


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="doorward")
def main() -> None:
    """Doorward: the keeper of the door. Settings are DOORWARD_… variables (docs/settings.md)."""


@main.command()
@plainly
def serve() -> None:
    """Serve the pages and doors, print the bootstrap link, write checkpoints."""
    sys.exit(launcher.main())


@main.command()
@plainly
def worker() -> None:
    """Do background work until stopped. `serve` starts one itself, except with PostgreSQL."""
    sys.exit(worker_process.main())


for command in (
    db,
    admin,
    keys,
    load_file,
    people,
    assign,
    unassign,
    resources,
    entities,
    services,
    policy,
    decisions,
    audit,
):
    main.add_command(command)
