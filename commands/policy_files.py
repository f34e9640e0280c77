"""What the commands about policy read: rules from a file, facts, a moment. All else is wrong use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import click

from commands.base import FILE, WHEN, plainly
from domain.attributes import ATTRIBUTES
from domain.errors import BundleInvalid, Invalid
from policies import values
from policies.bundle import Bundle, load
from policies.facts import read_fact
from policies.problems import Refusal

WRONG_USE = 2
asking = partial(plainly, status=WRONG_USE)
"""Like ``plainly``, for commands whose status 1 is an answer."""

RULES = click.option("--rules", type=FILE, help="Rules from a file; else those that are published.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
FACTS = click.option(
    "--with", "facts", multiple=True, metavar="FACT", help="What is known: tier=2, or 'not remote_control'."
)


class _Moment(click.DateTime):
    """A moment whose neighbours, and whose UTC, are moments too."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        moment = super().convert(value, param, ctx)
        try:
            told = moment.astimezone(UTC).year in values.YEARS
        except OverflowError:
            told = False
        if not told:
            self.fail(f"{value!r} is not in the years 1 to {values.YEARS[-1]} (UTC)", param, ctx)
        return moment


NOW = click.option("--now", type=_Moment(WHEN.formats), help="When, for example 2026-11-25T12:00Z; else now.")
ROLES = click.option(
    "--role", "roles", multiple=True, help="A role or group besides, for example role:support."
)


def rules_text(file: Path) -> str:
    """Return what is written in *file*. Raises Invalid if it is no UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"`{file}` is not UTF-8 at byte {error.start}", code="rules-encoding") from error


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Have what is wrong with rules told with the name of their *file*."""
    try:
        yield
    except BundleInvalid as refused:
        refused.details["file"] = str(file)
        raise


def rules_from(file: Path) -> Bundle:
    """Return the bundle of *file*. Raises BundleInvalid or Invalid."""
    with naming(file):
        return load(rules_text(file))


def facts_from(presented: Sequence[str], bundle: Bundle | None) -> dict[str, Any]:
    """Return the typed facts of ``--with``, properties that *bundle* declares among them.

    Raises Invalid for what is none, or is said twice.
    """
    declared = bundle.declared if bundle is not None else {}
    facts: dict[str, Any] = {}
    for text in presented:
        try:
            name, value = read_fact(text, 0, declared)
        except Refusal as refusal:
            raise Invalid(refusal.message, code="fact", remedy=refusal.suggestion or None) from refusal
        if name in ATTRIBUTES and ATTRIBUTES[name].criterion == "time":
            raise Invalid(f"`{name}` follows from the moment", code="fact", remedy="Say --now instead.")
        if facts.setdefault(name, value) != value:
            raise Invalid(f"`{name}` is given twice", code="fact")
    return facts


def options(*chosen: Callable[..., Any]) -> Callable[..., Any]:
    """Add several options at once, in this order of their help."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(chosen):
            command = option(command)
        return command

    return add
