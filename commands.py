"""What an operator does on the host: the subcommands of `doorward`. Wiring only; the work is in flows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

import launcher
from app import REAL, build_parts, configure_logging, ensure_root_key
from audit.checkpoint import read as read_checkpoints
from crypto.keyring import read_root_key
from domain.errors import DoorwardError
from flows import catalog, chain, instance, load, people
from flows.parts import Deployment, Event, Parts
from flows.policy import publish_from_host
from migrations.run import upgrade
from models.engine import Database
from models.keys import anchors
from policies.validate import validate
from settings import Settings, SettingsInvalid, read_settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _settings() -> Settings:
    try:
        settings, warnings = read_settings()
    except SettingsInvalid as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(2)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    configure_logging("warning")
    return settings


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print our errors as one sentence and a remedy, and exit with 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DoorwardError as error:
            click.echo(f"error: {error.message}", err=True)
            for problem in error.details.get("problems", []):
                click.echo(
                    f"  line {problem['line']}: {problem['message']}. {problem['suggestion']}", err=True
                )
            if error.remedy:
                click.echo(error.remedy, err=True)
            sys.exit(1)

    return run


def _commit(parts: Parts, act: Callable[[Session], Event]) -> Event:
    """Run one host act in a transaction of its own and commit its record."""
    with parts.db.write() as session:
        event = act(session)
        parts.commit(session, event)
        return event


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="doorward")
def main() -> None:
    """Doorward: the keeper of the door. Settings are DOORWARD_… variables (docs/settings.md)."""


@main.command()
@plainly
def serve() -> None:
    """Serve the pages and doors, print the bootstrap link, write checkpoints."""
    sys.exit(launcher.main())


@main.group()
def db() -> None:
    """Create and upgrade the database."""


@db.command("create")
@click.option("--organisation", required=True, help="Name shown on pages and on keys.")
@click.option("--demo", is_flag=True, help="A demo for ever: localhost only, software keys.")
@plainly
def db_create(organisation: str, demo: bool) -> None:
    """Create the tables and the deployment; fixes the relying party id for ever."""
    settings = _settings()
    ensure_root_key(settings)
    ring = read_root_key(settings.root_key)
    database = Database(settings.database_url)
    upgrade(database)
    deployment = Deployment(settings.public_url, settings.relying_party_id, demo, organisation)
    instance.create(database, deployment, ring=ring, clock=REAL.clock, randomness=REAL.randomness)
    click.echo(f"created {'a demo' if demo else 'a deployment'} for {settings.public_url}")
    click.echo(f"root key: {settings.root_key} (keep a copy apart from the database's backup)")


@db.command("upgrade")
@plainly
def db_upgrade() -> None:
    """Bring the tables to this version's schema."""
    upgrade(Database(_settings().database_url))
    click.echo("the schema is current")


@main.group()
def admin() -> None:
    """Help an admin who is locked out."""


@admin.command("recover")
@click.argument("login_name")
@plainly
def admin_recover(login_name: str) -> None:
    """Revoke an admin's keys and print a link to register a new one. Recorded, loudly."""
    click.echo(f"open within 30 minutes: {people.recover_admin(build_parts(_settings()), login_name)}")


@main.group()
def keys() -> None:
    """Which key models are trusted."""


@keys.group("trust")
def keys_trust() -> None:
    """The trust overlay: AAGUID, certificate, label."""


@keys_trust.command("add")
@click.argument("aaguid")
@click.argument("certificate", type=FILE)
@click.option("--label", required=True, help="Name of the model, shown on pages.")
@plainly
def trust_add(aaguid: str, certificate: Path, label: str) -> None:
    """Trust keys of model AAGUID that chain to CERTIFICATE (PEM file)."""
    parts = build_parts(_settings())
    pem = certificate.read_text(encoding="ascii", errors="replace")
    _commit(
        parts,
        lambda s: catalog.trust_key_model(
            s, parts, aaguid=aaguid, certificate_pem=pem, label=label, by="host"
        ),
    )
    click.echo(f"keys of {label} can be registered")


@keys_trust.command("list")
@plainly
def trust_list() -> None:
    """List the trust overlay."""
    with build_parts(_settings()).db.read() as session:
        for row in anchors(session):
            click.echo(f"{row.id}  {row.aaguid}  sha256:{row.sha256[:16]}…  {row.label}")


@keys_trust.command("remove")
@click.argument("anchor_id")
@plainly
def trust_remove(anchor_id: str) -> None:
    """Stop trusting an anchor for new keys."""
    parts = build_parts(_settings())
    _commit(parts, lambda s: catalog.distrust_key_model(s, anchor_id, by="host"))
    click.echo("removed; keys registered under it go on")


@main.command("load")
@click.argument("file", type=FILE)
@click.option("--invites", is_flag=True, help="Make and print an invite for each person without a key.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
@plainly
def load_file(file: Path, invites: bool, as_json: bool) -> None:
    """Load people, resources, services, networks, key models and rules from FILE (TOML; docs/load.md)."""
    loaded = load.load_document(
        build_parts(_settings()), load.read_document(file.read_bytes()), invites=invites
    )
    if as_json:
        click.echo(json.dumps(loaded.as_dict(), indent=2))
        return
    click.echo(loaded.summary)
    for name, secret in loaded.secrets.items():
        click.echo(f"secret of service {name} (shown once): {secret}")
    for name, link in loaded.invites.items():
        click.echo(f"invite for {name} (24 hours, one use): {link}")


@main.group()
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
    parts = build_parts(_settings())
    known = read_checkpoints(checkpoint.read_text(), chain.checkpoint_keys(parts)) if checkpoint else ()
    report = chain.verify(parts, known)
    for found in report.breaks:
        click.echo(f"broken at record {found.sequence}: {found.problem}")
    click.echo(
        f"{report.records} records, head {report.head[:16]}…, {report.checkpoints} checkpoints compared, "
        f"{report.erased} with erased details: {'intact' if report.intact else 'BROKEN'}"
    )
    sys.exit(0 if report.intact else 1)


@main.group()
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
    parts = build_parts(_settings())
    event = _commit(parts, lambda s: publish_from_host(s, parts, file.read_text(encoding="utf-8")))
    click.echo(f"published as revision {event.details['revision']}")
