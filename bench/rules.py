"""Rules in numbers: a bundle of N rules over N/10 roles, and the same in stock PyCasbin."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import casbin

from domain.access import Link
from policies.bundle import model_text

Pairs = list[tuple[str, str]]


def generated(count: int) -> tuple[str, list[Link], Pairs]:
    """Return a bundle's text, one person's memberships, and distinct questions about it."""
    lines = []
    for number in range(count):
        role, resource = number % max(1, count // 10), number % 97
        effect = "deny" if number % 50 == 49 else "allow"
        condition = "tier >= 2" if number % 3 else "-"
        lines.append(
            f"p, r{number}, role:r{role}, a{number % 7}, data:d{resource}/x{number}, {condition}, -, {effect}"
        )
    links = [Link("person:p1", f"role:r{number}") for number in (0, 1, 2)]
    questions = [(f"a{n % 7}", f"data:d{n % 97}/x{n}") for n in range(200)]
    return "\n".join(lines) + "\n", links, questions


def casbin_enforcer(rules: str, links: list[Link]) -> Any:
    """Return a stock enforcer with the same rules, links and the one registered function."""
    folder = Path(tempfile.mkdtemp())
    (folder / "model.conf").write_text(model_text())
    (folder / "policy.csv").write_text(rules + "".join(f"g, {k.member}, {k.group}\n" for k in links))
    logging.getLogger("casbin").setLevel(logging.CRITICAL)
    enforcer: Any = casbin.Enforcer(str(folder / "model.conf"), str(folder / "policy.csv"))
    enforcer.add_function("condition", lambda *_arguments: True)
    return enforcer
