"""`doorward keys list` and `revoke`: registered keys, and stopping one for good."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy.orm import Session

from commands.base import DRY_RUN, commit, parts_or_exit, person, plainly, table, would
from domain.custody import CustodyLevel
from domain.errors import NotFound
from flows import keys
from flows.custody import level_of_key
from flows.keys import KeyRow
from flows.parts import Parts


@click.command("list")
@click.option("--person", "login_name", help="Only the keys of this login name.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def list_keys(login_name: str | None, as_json: bool) -> None:
    """List registered keys: id, owner, model, state, custody and last use."""
    with parts_or_exit().db.read() as session:
        owner = person(session, login_name).id if login_name else ""
        told = [_told(session, row) for row in keys.key_rows(session, person_id=owner)]
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        _table(told)


@click.command()
@click.argument("key")
@click.option("--reason", required=True, help="Kept in the record.")
@DRY_RUN
@plainly
def revoke(key: str, reason: str, dry_run: bool) -> None:
    """Stop KEY for good; its sessions, open doors and tokens end once this returns.

    KEY is the id of a key, or a serial number or login name that fits one key only.
    """
    parts = parts_or_exit()
    row = _one(parts, key)
    losses = keys.key_page(parts, row.key.id).losses
    commit(parts, lambda s: keys.revoke(s, parts, row.key.id, reason=reason, by="host"), dry_run=dry_run)
    for loss in losses:
        click.echo(f"{loss.name} {'would lose' if dry_run else 'lost'} {loss.words}")
    click.echo(f"{would(dry_run)}revoked {row.key.id} of {row.owner.login_name} ({row.key.label})")


COMMANDS = (list_keys, revoke)


def _one(parts: Parts, named: str) -> KeyRow:
    """Return the key that *named* means, or list those that it could mean and exit with 2."""
    with parts.db.read() as session:
        found = keys.keys_named(session, named)
        told = [_told(session, row) for row in found]
    if not found:
        raise NotFound(
            f"no key that can be revoked has the id, serial number or owner `{named}`",
            remedy="See: doorward keys list",
        )
    if len(found) > 1:
        click.echo(f"error: `{named}` could mean each of these; give the id of one", err=True)
        _table(told)
        sys.exit(2)
    return found[0]


def _told(session: Session, row: KeyRow) -> dict[str, Any]:
    key = row.key
    return {
        "key": key.id,
        "person": key.person_id,
        "login": row.owner.login_name,
        "model": key.label,
        "aaguid": key.aaguid,
        "serial": key.serial,
        "state": key.state,
        "custody": CustodyLevel(level_of_key(session, key)).word,
        "registered_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
    }


def _table(told: Sequence[dict[str, Any]]) -> None:
    names = ("key", "login", "model", "state", "custody")
    table(
        ("KEY", "OWNER", "MODEL", "STATE", "CUSTODY", "LAST USED"),
        [(*(row[name] for name in names), (row["last_used_at"] or "never")[:10]) for row in told],
    )
