"""What the commands about policy say of a deployment, and what they leave alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.wiring.asking import NOON, RULES, ask
from tests.world import World


def test_rules_that_are_in_force_are_not_published_again(company: World, rules: str, tmp_path: Path) -> None:
    windows = tmp_path / "windows.csv"
    windows.write_bytes(RULES.replace("\n", "\r\n").encode())
    less = tmp_path / "less.csv"
    less.write_text(RULES.replace("p, board, *, read, svc:board, -, standing, allow\n", ""))

    again = [ask("publish", file) for file in (rules, str(windows))]
    changed = ask("publish", str(less))

    for told in again:
        assert (told.exit_code, told.output) == (0, "these rules are in force already, as revision 1\n")
    assert re.fullmatch(r"published as revision 2: 0 people gain by it, \d+ lose\n", changed.output)


def test_a_database_that_is_not_there_is_said_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "none.sqlite"
    monkeypatch.setenv("DOORWARD_DATABASE_URL", f"sqlite:///{missing}")

    done = ask("who-can", "read", "data:logs")

    assert done.exit_code == 2
    assert f"there is no database at `{missing}`" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_resource_that_nobody_registered_is_said(company: World) -> None:
    assert "no resource `data:lgs` is registered" in ask("who-can", "read", "data:lgs").output
    assert "is registered" not in ask("who-can", "read", "data:logs").output


def test_what_one_can_do_is_told_only_where_it_helps(rules: str) -> None:
    final = ask("explain", "x", "write", "data:logs", "--rules", rules, *NOON)
    curable = ask("explain", "role:support", "read", "data:logs", "--rules", rules, "--with", "tier=1", *NOON)

    assert "policy-no-rule" in final.output
    assert final.output.count("to do:") <= 1
    assert "to do:" in curable.output
