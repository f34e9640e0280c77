"""`doorward keys inventory|ship`: physical keys, from the host. The host is one person, never two."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from commands.base import DRY_RUN, FILE, commit, parts_or_exit, plainly, table, would
from domain.errors import Invalid
from flows import custody
from models.custody import KeyItem
from models.people import logins_of


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
    done = commit(
        parts,
        lambda s: custody.receive(s, parts, batch=batch, model=model, serials=serials, by="host")[1],
        dry_run=dry_run,
    )
    click.echo(f"{would(dry_run)}entered {len(done)} {'key' if len(done) == 1 else 'keys'} of {batch}")


@inventory.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def inventory_list(as_json: bool) -> None:
    """List the inventory with state, custody level, recipient and registered key."""
    with parts_or_exit().db.read() as session:
        items = session.scalars(select(KeyItem).order_by(KeyItem.id)).all()
        logins = logins_of(session, (row.person_id for row in items if row.person_id))
        rows = [_told(session, row, logins) for row in items]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    names = ("item", "serial", "state", "level", "login", "key", "batch")
    table(
        ("ITEM", "SERIAL", "STATE", "CUSTODY", "FOR", "KEY", "BATCH", ""),
        [
            (
                *(row[name] or "-" for name in names),
                f"BROKEN: {row['problem']}" if row["broken"] else "",
            )
            for row in (each | {"level": f"{each['custody']} · {each['level']}"} for each in rows)
        ],
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
    commit(
        parts,
        lambda s: custody.ship(s, parts, item, carrier=carrier, reference=reference, by="host"),
        dry_run=dry_run,
    )
    click.echo(f"{would(dry_run)}shipped {item} by {carrier}, {reference}")


def _serials(file: Path) -> list[str]:
    """Return the serial numbers in *file*. Raises Invalid for a table without that column."""
    lines = [line for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    if lines and "," in lines[0] and "serial" not in next(csv.reader(lines[:1])):
        raise Invalid("the table has no column `serial`", code="inventory-fields")
    if lines and "serial" in next(csv.reader(lines[:1])):
        return [row["serial"] for row in csv.DictReader(lines)]
    return [line.strip() for line in lines]


def _told(session: Session, row: KeyItem, logins: Mapping[str, str]) -> dict[str, Any]:
    chain = custody.chain_of(session, row)
    return {
        "item": row.id,
        "batch": row.batch,
        "model": row.model,
        "serial": row.serial,
        "state": row.state,
        "custody": int(chain.level),
        "level": chain.level.word,
        "broken": chain.broken,
        "problem": chain.problem,
        "person": row.person_id,
        "login": logins.get(row.person_id) if row.person_id else None,
        "key": row.credential_id,
    }
