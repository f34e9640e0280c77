"""`doorward policy decide`: decisions from a Casbin bundle in a folder, one question a line.

Needs no deployment: it reads the folder and the questions, and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

from domain.decision import Decision
from domain.errors import Invalid
from policies.casbin import question
from policies.casbin.bundle import MODEL_FILE, POLICY_FILE, Decider, load
from policies.casbin.question import MAX_LINE
from policies.problems import Problem

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("decide")
@click.option("--bundle", required=True, type=FOLDER, help=f"A folder with {MODEL_FILE} and {POLICY_FILE}.")
@click.option(
    "--input", "source", type=click.File("rb"), default="-", help="Questions; `-`, as without it, is stdin."
)
def policy_decide(bundle: Path, source: BinaryIO) -> None:
    """Decide AuthZEN evaluation requests by the Casbin bundle in a folder.

    One JSON request a line is read, one JSON answer a line is printed. Exits with 1 if a
    line could not be read (it is denied), and with 2 if the bundle is refused.
    """
    decider = _opened(bundle)
    unread = False
    for line in _lines(source):
        answer, read = _answer(decider, line)
        unread |= not read
        click.echo(json.dumps(answer))  # ASCII: a terminal of any encoding takes it
    sys.exit(1 if unread else 0)


def _opened(folder: Path) -> Decider:
    """Return the decider of the bundle; print its problems, and exit with 2 if it is refused."""
    texts = [_text(folder / name) for name in (MODEL_FILE, POLICY_FILE)]
    if None not in texts:
        opened = load(*(text for text in texts if text is not None))
        for name, problem in opened.problems:
            _print(folder / name, problem)
        if opened.decider is not None:
            return opened.decider
    sys.exit(2)


def _text(path: Path) -> str | None:
    """Return the text of a file; print why it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        _print(path, Problem(line, column, "encoding", "the file is not UTF-8", "save it as UTF-8"))
    except OSError as error:
        _print(path, Problem(1, 1, "file", (error.strerror or "cannot be read").lower()))
    return None


def _print(path: Path, found: Problem) -> None:
    click.echo(f"{path}:{found.line}:{found.column}: {found.severity}: {found.said}", err=True)


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Yield each line as it comes, without its end. Of one that is too long only the beginning is kept."""
    while line := source.readline(MAX_LINE + 2):
        rest = line
        while not rest.endswith(b"\n") and len(rest) == MAX_LINE + 2:
            rest = source.readline(MAX_LINE + 2)
        yield line.removesuffix(b"\n").removesuffix(b"\r")


def _answer(decider: Decider, line: bytes) -> tuple[dict[str, Any], bool]:
    """Return what to print for one line, and whether it was a question."""
    try:
        return told(decider.answer(question.read(line, datetime.now(UTC)))), True
    except Invalid as error:
        said = {"code": error.code, "message": error.message, "remedy": error.remedy or ""}
        return {"decision": False, "effect": "deny", "error": said}, False


def told(decision: Decision) -> dict[str, Any]:
    """Return the answer that is printed for a decision."""
    return {
        "decision": decision.permitted,
        "effect": decision.effect.value,
        "reasons": [
            {"code": reason.code.value, "sentence": reason.sentence, "remedy": reason.remedy}
            for reason in decision.reasons
        ],
        "rules": list(decision.determining),
        "erring": [{"rule": error.rule, "message": error.message} for error in decision.erring],
    }
