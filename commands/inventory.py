"""`doorward keys inventory|ship|revoke`: physical keys, from the host. The host is one person, never two."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from commands.base import FILE, parts_or_exit, plainly
from domain.errors import Invalid
from flows import custody
from flows import keys as key_flow
from flows.parts import Event, Parts
from models.custody import KeyItem

DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")


@click.group()
def inventory() -> None:
    """The keys in the house and on their way."""


@inventory.command("add")
@click.argument("batch")
@click.option("--model", required=True, help="As it is printed on the box.")
@click.option("--file", "file", type=FILE, help="CSV with a column `serial`, or one serial number a line.")
@click.option("--serial", "single", help="The serial number of a single key.")
@DRY_RUN
@plainly
def inventory_add(batch: str, model: str, file: Path | None, single: str | None, dry_run: bool) -> None:
    """Enter the keys of BATCH; without --file and --serial one key whose serial number is not known."""
    if file and single:
        raise Invalid("give --file or --serial, not both", code="inventory-fields")
    serials: list[str | None] = [*_serials(file)] if file else [single]
    parts = parts_or_exit()
    done = _act(
        parts,
        lambda s: custody.receive(s, parts, batch=batch, model=model, serials=serials, by="host")[1],
        dry_run=dry_run,
    )
    click.echo(f"{_would(dry_run)}entered {len(done)} {'key' if len(done) == 1 else 'keys'} of {batch}")


@inventory.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def inventory_list(as_json: bool) -> None:
    """List the inventory with state and custody level."""
    with parts_or_exit().db.read() as session:
        rows = [_told(session, row) for row in session.scalars(select(KeyItem).order_by(KeyItem.id))]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        broken = "  BROKEN: " + str(row["problem"]) if row["broken"] else ""
        click.echo(
            f"{row['item']}  {row['serial'] or '-'}  {row['state']}  {row['level']}  "
            f"{row['person'] or '-'}  {row['batch']}{broken}"
        )


@click.command()
@click.argument("item")
@click.option("--carrier", required=True)
@click.option("--reference", required=True, help="With which the carrier follows the parcel.")
@DRY_RUN
@plainly
def ship(item: str, carrier: str, reference: str, dry_run: bool) -> None:
    """Note that ITEM went out. Refused unless recipient, address and serial are approved as they are.

    Write the approved address on the parcel, and no other: Doorward keeps only a digest of it.
    """
    parts = parts_or_exit()
    _act(
        parts,
        lambda s: [custody.ship(s, parts, item, carrier=carrier, reference=reference, by="host")],
        dry_run=dry_run,
    )
    click.echo(f"{_would(dry_run)}shipped {item} by {carrier}, {reference}")


@click.command()
@click.argument("key")
@click.option("--reason", required=True, help="Kept in the record.")
@DRY_RUN
@plainly
def revoke(key: str, reason: str, dry_run: bool) -> None:
    """Stop KEY for good; its sessions, open doors and tokens end once this returns."""
    parts = parts_or_exit()
    losses = key_flow.key_page(parts, key).losses
    _act(parts, lambda s: [*key_flow.revoke(s, parts, key, reason=reason, by="host")], dry_run=dry_run)
    for loss in losses:
        click.echo(f"{loss.name} {'would lose' if dry_run else 'lost'} {loss.words}")
    click.echo(f"{_would(dry_run)}revoked {key}")


def _act(parts: Parts, act: Callable[[Session], list[Event]], *, dry_run: bool) -> list[Event]:
    """Run one act and commit it, or throw it away; every check has run either way."""
    with parts.db.write() as session:
        events = act(session)
        if dry_run:
            session.rollback()
        else:
            parts.commit(session, *events)
        return events


def _would(dry_run: bool) -> str:
    return "would have " if dry_run else ""


def _serials(file: Path) -> list[str]:
    """Return the serial numbers in *file*. Raises Invalid for a table without that column."""
    lines = [line for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    if lines and "," in lines[0] and "serial" not in next(csv.reader(lines[:1])):
        raise Invalid("the table has no column `serial`", code="inventory-fields")
    if lines and "serial" in next(csv.reader(lines[:1])):
        return [row["serial"] for row in csv.DictReader(lines)]
    return [line.strip() for line in lines]


def _told(session: Session, row: KeyItem) -> dict[str, object]:
    chain = custody.chain_of(session, row)
    return {
        "item": row.id,
        "batch": row.batch,
        "model": row.model,
        "serial": row.serial,
        "state": row.state,
        "level": chain.level.word,
        "broken": chain.broken,
        "problem": chain.problem,
        "person": row.person_id,
        "key": row.credential_id,
    }
