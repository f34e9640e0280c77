"""What the subcommands share: settings, errors in one sentence, one act in one transaction."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app import build_parts, configure_logging
from domain.errors import DoorwardError, Invalid, NotFound
from flows.parts import Event, Parts
from models.people import Person, logins_of, person_by_login
from policies.problems import Problem
from settings import Settings, SettingsInvalid, read_settings

_LARGEST = 256 * 1024 * 1024
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
WHEN = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
NOTHING_WRITTEN = "dry run: nothing was written"


def settings_or_exit() -> Settings:
    """Return the settings, or print every problem and exit with 2."""
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


def parts_or_exit() -> Parts:
    """Open the deployment that the settings name, until the command ends."""
    settings = settings_or_exit()
    _require_database(settings)
    parts = build_parts(settings)
    click.get_current_context().call_on_close(parts.db.dispose)
    return parts


def _require_database(settings: Settings) -> None:
    """Refuse a SQLite file that is not there: opening it would leave an empty one behind."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise NotFound(
            f"there is no database at `{Path(url.database).absolute()}`",
            remedy="Name yours by DOORWARD_DATABASE_URL, or make one: doorward db create",
        )


def plainly(command: Callable[..., Any], *, status: int = 1) -> Callable[..., Any]:
    """Print our errors as one sentence and a remedy, and exit with *status*."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DoorwardError as error:
            problems = [Problem(**problem) for problem in error.details.get("problems", [])]
            file = error.details.get("file")
            for found in problems:
                at = f"{found.line}:{found.column}"
                at = f"{file}:{at}" if file else f"line {at}"
                click.echo(f"{at}: {found.severity}: {found.said}", err=True)
            if not problems:
                click.echo(f"error: {error.message}", err=True)
            if error.remedy and error.remedy not in {found.suggestion for found in problems}:
                click.echo(error.remedy, err=True)
            sys.exit(status)

    return run


def commit(
    parts: Parts, act: Callable[[Session], Event | Sequence[Event]], *, dry_run: bool = False
) -> list[Event]:
    """Run one host act in a transaction of its own and commit its record.

    *dry_run* throws it away; every check has run either way.
    """
    with parts.db.write() as session:
        done = act(session)
        events = [done] if isinstance(done, Event) else list(done)
        if dry_run:
            session.rollback()
        else:
            parts.commit(session, *events)
        return events


def would(dry_run: bool) -> str:
    return "would have " if dry_run else ""


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print *rows* under their headers, in columns as wide as they need."""
    lines = [tuple(headers), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def suspended_keys(parts: Parts, told: Sequence[Mapping[str, Any]], *, dry_run: bool) -> list[str]:
    """Return a line for each key that falls (``flows.key_standing.Fallen.told``), with its owner's login."""
    with parts.db.read() as session:
        logins = logins_of(session, (one["person"] for one in told))
    verb = "would be" if dry_run else "was"
    return [
        f"key {one['key']} of {logins.get(one['person'], one['person'])} ({one['label']})"
        f" {verb} suspended: {', '.join(one['rules'])}"
        for one in told
    ]


def warn_of_lockout(*, dry_run: bool) -> None:
    """Say that no admin is left who can log in, and what helps."""
    has = "would have" if dry_run else "has"
    click.echo(f"warning: no admin {has} a working key; see: doorward admin recover")


def person(session: Session, login_name: str) -> Person:
    """Return the person by login name, or raise NotFound."""
    found = person_by_login(session, login_name.strip().lower())
    if found is None:
        raise NotFound(f"nobody is called `{login_name}` here", remedy="See: doorward people list")
    return found


def beside(file: Path) -> Callable[[str], bytes]:
    """Return what reads a file that *file* names: from the same folder or below, and from nowhere else."""
    folder = file.resolve().parent

    def read(name: str) -> bytes:
        path = (folder / name).resolve()
        if Path(name).is_absolute() or not path.is_relative_to(folder):
            raise Invalid(f"`{name}` is not below the folder of `{file.name}`", code="document-file")
        if not path.is_file():
            raise Invalid(f"`{name}`, which `{file.name}` names, is not there", code="document-file")
        if path.stat().st_size > _LARGEST:
            raise Invalid(f"`{name}` is larger than {_LARGEST >> 20} MiB", code="document-file")
        return path.read_bytes()

    return read
