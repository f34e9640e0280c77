"""`doorward policy test`: do the rules in a file do what their author says they do?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from commands.base import FILE, plainly
from commands.policy_files import asking, naming, rules_text
from policies import proof
from policies.bundle import load


@click.command("test")
@click.argument("file", type=FILE)
@asking
def policy_test(file: Path) -> None:
    """Run the tests in FILE (rows `t`); exit 1 if one fails, or the rules would be refused."""
    _run(file, rules_text(file))


@plainly
def _run(file: Path, text: str) -> None:
    with naming(file):
        bundle = load(text)
    outcomes = proof.run(bundle)
    for outcome in outcomes:
        if not outcome.passed:
            found = outcome.as_problem()
            click.echo(f"{file}:{found.line}:{found.column}: {found.said}")
    if not outcomes:
        click.echo("there are no tests in it")
        return
    click.echo(proof.counted(outcomes))
    sys.exit(0 if all(outcome.passed for outcome in outcomes) else 1)
