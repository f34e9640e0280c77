"""`doorward keys explain`: judge a recorded ceremony, without database and settings."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from authn.explain import explain, read_metadata
from authn.recorded import read_ceremony, read_overlay, read_time
from authn.trust import Trust
from domain.errors import DoorwardError
from domain.key_refusals import KeyRefusal, Refusal
from domain.metadata import Denials
from flows.metadata_view import RULE_WORDS

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_REFUSED, _UNREADABLE = 1, 2


@click.command("explain")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--at", metavar="RFC3339", help="Judge as of this time, for example 2026-11-25T12:00:00Z.")
@click.option("--overlay", type=_FILE, help="JSON of what is allowed and denied.")
@click.option("--metadata", type=_FILE, help="Metadata of FIDO: the signed BLOB, or its bare payload.")
@click.option("--verbose", is_flag=True, help="Say each reason in words, and what was found.")
def keys_explain(
    file: Path, at: str | None, overlay: Path | None, metadata: Path | None, verbose: bool
) -> None:
    """Judge a recorded registration or login in FILE (- for standard input) and tell every reason.

    FILE is JSON: rp_id, origin, challenge, response (as the browser gave it),
    and for a login the credential: id, public_key, sign_count,
    backup_eligible, user_handle. Prints {"verdict": "accepted" or "refused",
    "reasons": [codes]}. Exits with 0, with 1 if refused, with 2 if unreadable.
    What is said beside it goes to standard error.
    """
    try:
        now = read_time(at) if at is not None else datetime.now(UTC)
        anchors, denials = read_overlay(overlay.read_bytes()) if overlay else ((), Denials())
        known = read_metadata(metadata.read_bytes(), now=now) if metadata else None
        recorded = read_ceremony(_content(file))
        judged = explain(recorded, trust=Trust(anchors, denials, known), now=now)
    except (DoorwardError, OSError) as error:
        click.echo(f"error: {getattr(error, 'message', error)}", err=True)
        if getattr(error, "remedy", ""):
            click.echo(getattr(error, "remedy", ""), err=True)
        sys.exit(_UNREADABLE)
    reasons = judged.codes
    click.echo(json.dumps({"verdict": "refused" if reasons else "accepted", "reasons": list(reasons)}))
    for name in recorded.ignored:
        click.echo(f"warning: {name} is not known and was ignored", err=True)
    if KeyRefusal.METADATA_STALE.value in reasons and overlay is metadata is None:
        click.echo("no --metadata and no --overlay were given: no model can be known", err=True)
    if verbose:
        for finding in judged.findings:
            _say(finding)
    if reasons:
        sys.exit(_REFUSED)


def _content(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def _say(finding: Refusal) -> None:
    """Say what its owner would read, then what only an admin may."""
    text = finding.code.text
    click.echo(f"{finding.code.value}: {text.sentence} {text.remedy}", err=True)
    if finding.detail:
        # What a browser presented could move the cursor of a terminal.
        click.echo("  found: " + "".join(c if c.isprintable() else "?" for c in finding.detail), err=True)
    for rule in finding.rules:
        click.echo(f"  rule: {rule.value}: {RULE_WORDS[rule]}", err=True)
