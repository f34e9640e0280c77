"""`doorward policy` as the tests run it, and the rules that it is asked about."""

from __future__ import annotations

from click.testing import CliRunner, Result

from commands import main

RULES = """
p, logs-read, role:support, read, data:logs, tier >= 2, max 15m, allow
p, logs-hours, *, *, data:*, not time in 07:00-20:00, -, deny
p, board, *, read, svc:board, -, standing, allow
p, own, person:prs_1, export, data:logs, -, -, allow
g, role:senior, role:support
"""
NOON = ("--now", "2026-11-25T12:00Z")


def ask(*words: str) -> Result:
    """Run `doorward policy …`. An exception that is no exit is the test's."""
    return CliRunner().invoke(main, ["policy", *words], catch_exceptions=False)
