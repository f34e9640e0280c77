"""Names and sizes: what would break quietly, or be hard to read, if nobody looked."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROKER = {
    "app", "settings", "cli", "commands", "launcher", "worker", "domain", "crypto", "models", "migrations",
    "authn", "evidence", "policies", "tokens", "audit", "flows", "web",
}  # fmt: skip
BESIDE = {"agent", "clients", "demo", "examples", "bench", "tests"}
MAX_LINES = 320
SHADOWED = {"examples": {"pycasbin"}}
"""PyCasbin installs its own `examples`. Ours are run and tested from the root, which is found first."""
LONGER = {
    "migrations/versions/0001_everything_the_first_journey_needs.py": "one migration is read as one",
    "tests/evidence/test_assess.py": "the specification of one function",
    "tests/policies/test_decide.py": "the specification of one function",
}
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME")))


def sources(*suffixes: str) -> Iterator[Path]:
    """Return our own files, nothing that was installed or generated."""
    for name in sorted(BROKER | BESIDE | {"docs"}):
        place = ROOT / name
        found = [place.with_suffix(".py")] if not place.is_dir() else sorted(place.rglob("*"))
        yield from (path for path in found if path.suffix in suffixes and path.is_file())
    yield from (path for path in sorted(ROOT.glob("*")) if path.suffix == ".md" and ".md" in suffixes)


def imported(path: Path) -> Iterator[str]:
    """Return the top-level names that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_no_name_of_ours_is_another_distributions_or_the_standard_librarys() -> None:
    taken = {name: set(owners) - {"doorward"} for name, owners in packages_distributions().items()}

    collisions = {name: taken[name] for name in BROKER | BESIDE if taken.get(name)}

    assert collisions == SHADOWED
    assert not (BROKER | BESIDE) & set(sys.stdlib_module_names)


def test_every_package_and_module_at_the_top_is_known_here() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    modules = {path.stem for path in ROOT.glob("*.py")}

    assert packages | modules <= BROKER | BESIDE


def test_exactly_the_broker_goes_into_the_image() -> None:
    kept = {
        line[1:].partition("/")[0]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line[:1] == "!"
    }

    assert {name.removesuffix(".py") for name in kept} - {
        "LICENSE", "README.md", "docker", "pyproject.toml", "requirements",
    } == BROKER  # fmt: skip


@pytest.mark.parametrize("beside", ["agent", "clients", "demo", "examples"])
def test_what_stands_beside_the_broker_imports_nothing_of_it(beside: str) -> None:
    for path in (ROOT / beside).rglob("*.py"):
        assert not set(imported(path)) & BROKER, path


def test_no_file_is_longer_than_one_can_read() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources(".py", ".js")
    }

    assert {name for name, lines in lengths.items() if lines > MAX_LINES} <= set(LONGER)
    assert set(LONGER) <= set(lengths)


def test_nothing_is_left_for_later_in_a_comment() -> None:
    marked = {
        str(path.relative_to(ROOT))
        for path in sources(".py", ".js", ".css", ".html", ".md", ".csv", ".conf", ".toml")
        if UNFINISHED.search(path.read_text(encoding="utf-8"))
    }

    assert marked == set()
