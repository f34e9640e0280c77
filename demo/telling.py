"""How a played journey tells what happens, and stops where it differs.

Answers: did this step go as written? A step compares a whole outcome with the
expected one; the first difference ends the journey with both, line by line.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping


class Different(Exception):
    """A step went otherwise than written. The text is a diff for a person."""


class Telling:
    """Prints steps and refusals, and counts them."""

    def __init__(self) -> None:
        self.steps = 0
        self.refusals = 0
        self._begun = time.monotonic()

    def step(self, sentence: str) -> None:
        """Say what happens next."""
        self.steps += 1
        print(f"\n{self.steps:>2}. {sentence}", flush=True)

    def say(self, sentence: str) -> None:
        print(f"      {sentence}", flush=True)

    def refused(self, who: str, sentence: str, remedy: str = "") -> None:
        """Tell a refusal in the broker's own words."""
        self.refusals += 1
        print(f"    ✗ {who}: {sentence}{' ' + remedy if remedy else ''}", flush=True)

    def allowed(self, sentence: str) -> None:
        print(f"    ✓ {sentence}", flush=True)

    def expect(self, what: str, got: Mapping[str, object], wanted: Mapping[str, object]) -> None:
        """Raise Different unless *got* is *wanted*."""
        if got == wanted:
            return
        lines = difflib.ndiff(_lines(wanted), _lines(got))
        diff = "\n".join(line for line in lines if not line.startswith("?"))
        raise Different(f"step {self.steps}, {what}: expected (-) and got (+)\n{diff}")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun


def _lines(values: Mapping[str, object]) -> list[str]:
    return [f"{name}: {value}" for name, value in values.items()]
