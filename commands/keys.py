"""`doorward keys`: which keys and key models are accepted."""

from __future__ import annotations

from pathlib import Path

import click

from commands.base import FILE, commit, parts_or_exit, plainly
from commands.inventory import inventory, ship
from commands.keys_denials import COMMANDS as DENIALS
from commands.keys_explain import keys_explain
from commands.keys_metadata import COMMANDS as METADATA
from commands.keys_registered import COMMANDS as REGISTERED
from flows import catalog
from models.keys import anchors


@click.group()
def keys() -> None:
    """Which keys and key models are accepted."""


for command in (*REGISTERED, keys_explain, *METADATA, *DENIALS, inventory, ship):
    keys.add_command(command)


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
    parts = parts_or_exit()
    pem = certificate.read_text(encoding="ascii", errors="replace")
    commit(
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
    with parts_or_exit().db.read() as session:
        for row in anchors(session):
            click.echo(f"{row.id}  {row.aaguid}  sha256:{row.sha256[:16]}…  {row.label}")


@keys_trust.command("remove")
@click.argument("anchor_id")
@plainly
def trust_remove(anchor_id: str) -> None:
    """Stop trusting an anchor for new keys."""
    parts = parts_or_exit()
    commit(parts, lambda s: catalog.distrust_key_model(s, anchor_id, by="host"))
    click.echo("removed; keys registered under it go on")
