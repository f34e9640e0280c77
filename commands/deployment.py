"""`doorward db`, `doorward admin`, `doorward load`: the deployment itself."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app import REAL, ensure_root_key
from commands.base import FILE, beside, parts_or_exit, plainly, settings_or_exit
from crypto.keyring import read_root_key
from flows import instance, load, people
from flows.document import read_document
from flows.parts import Deployment
from migrations.run import upgrade
from models.engine import Database


@click.group()
def db() -> None:
    """Create and upgrade the database."""


@db.command("create")
@click.option("--organisation", required=True, help="Name shown on pages and on keys.")
@click.option("--demo", is_flag=True, help="A demo for ever: localhost only, software keys.")
@plainly
def db_create(organisation: str, demo: bool) -> None:
    """Create the tables and the deployment; fixes the relying party id for ever."""
    settings = settings_or_exit()
    ensure_root_key(settings)
    ring = read_root_key(settings.root_key)
    database = Database(settings.database_url)
    upgrade(database)
    deployment = Deployment(settings.public_url, settings.relying_party_id, demo, organisation)
    instance.create(database, deployment, ring=ring, clock=REAL.clock, randomness=REAL.randomness)
    database.dispose()
    click.echo(f"created {'a demo' if demo else 'a deployment'} for {settings.public_url}")
    click.echo(f"root key: {settings.root_key} (keep a copy apart from the database's backup)")


@db.command("upgrade")
@plainly
def db_upgrade() -> None:
    """Bring the tables to this version's schema."""
    database = Database(settings_or_exit().database_url)
    upgrade(database)
    database.dispose()
    click.echo("the schema is current")


@click.group()
def admin() -> None:
    """Help an admin who is locked out."""


@admin.command("recover")
@click.argument("login_name")
@plainly
def admin_recover(login_name: str) -> None:
    """Revoke an admin's keys and print a link to register a new one. Recorded, loudly."""
    click.echo(f"open within 30 minutes: {people.recover_admin(parts_or_exit(), login_name)}")


@click.command("load")
@click.argument("file", type=FILE)
@click.option("--invites", is_flag=True, help="Make and print an invite for each person without a key.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
@plainly
def load_file(file: Path, invites: bool, as_json: bool) -> None:
    """Load people, resources, services, networks, key models and rules from FILE (TOML; docs/load.md)."""
    loaded = load.load_document(
        parts_or_exit(), read_document(file.read_bytes(), beside(file)), invites=invites
    )
    if as_json:
        click.echo(json.dumps(loaded.as_dict(), indent=2))
        return
    click.echo(loaded.summary)
    for name, secret in loaded.secrets.items():
        click.echo(f"secret of service {name} (shown once): {secret}")
    for name, link in loaded.invites.items():
        click.echo(f"invite for {name} (24 hours, one use; send it by mail): {link}")
        click.echo(f"activation code of {name} (14 days; tell it by telephone): {loaded.codes[name]}")
