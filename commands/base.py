"""What the subcommands share: settings, errors in one sentence, one act in one transaction."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from app import build_parts, configure_logging
from domain.errors import DoorwardError, NotFound
from flows.parts import Event, Parts
from models.people import Person, person_by_login
from settings import Settings, SettingsInvalid, read_settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


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
    parts = build_parts(settings_or_exit())
    click.get_current_context().call_on_close(parts.db.dispose)
    return parts


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print our errors as one sentence and a remedy, and exit with 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DoorwardError as error:
            click.echo(f"error: {error.message}", err=True)
            for problem in error.details.get("problems", []):
                said = f"  line {problem['line']}: {problem['message']}. {problem['suggestion']}"
                click.echo(said, err=True)
            if error.remedy:
                click.echo(error.remedy, err=True)
            sys.exit(1)

    return run


def commit(parts: Parts, act: Callable[[Session], Event | list[Event]]) -> list[Event]:
    """Run one host act in a transaction of its own and commit its record."""
    with parts.db.write() as session:
        done = act(session)
        events = done if isinstance(done, list) else [done]
        parts.commit(session, *events)
        return events


def person(session: Session, login_name: str) -> Person:
    """Return the person by login name, or raise NotFound."""
    found = person_by_login(session, login_name.strip().lower())
    if found is None:
        raise NotFound(f"nobody is called `{login_name}` here", remedy="See: doorward people list")
    return found
