"""What would a suggestion write, and where? For a button beside it.

Only suggestions of the form "did you mean `x`?" can be written without a
thought, and only where the wrong word stands once where the finding points.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from policies.problems import Problem

_MEANT = re.compile(r"did you mean `([^`]+)`\?")
_WRONG = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Mend:
    """Replace *length* characters from *column* (from 1) of the finding's line by *text*."""

    column: int
    length: int
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON-compatible form."""
        return asdict(self)


def mend(line: str, problem: Problem) -> Mend | None:
    """Return what writes the suggestion of *problem* into its *line*, or None."""
    meant, wrong = _MEANT.fullmatch(problem.suggestion), _WRONG.search(problem.message)
    if meant is None or wrong is None:
        return None
    word = re.escape(wrong[1])
    places = [found.start() + 1 for found in re.finditer(rf"(?<![^\s,;+({{]){word}(?![^\s,;+:)}}])", line)]
    if problem.column > 1:
        places = [place for place in places if place <= problem.column < place + len(wrong[1])]
    if len(places) != 1:
        return None
    return Mend(places[0], len(wrong[1]), meant[1])
