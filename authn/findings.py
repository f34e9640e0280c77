"""Collect what is wrong with a ceremony.

Answers: what did the judge find, and is the ceremony verified? A ceremony is
read once (what cannot be read ends it) and then judged by checks that do not
depend on each other; each returns a finding or nothing. The first finding is
the verdict, all of them together are what ``doorward keys explain`` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from authn.refused import Refused, refusing
from domain.key_refusals import KeyRefusal, Refusal

Verified = TypeVar("Verified")
Finding = Refusal | None


@dataclass(frozen=True, slots=True)
class Judgement(Generic[Verified]):
    """*findings* in the order of their weight; *verified* only if there are none."""

    findings: tuple[Refusal, ...]
    verified: Verified | None = None

    @property
    def answer(self) -> Verified | Refusal:
        """The verified ceremony, or the first finding."""
        if self.verified is None or self.findings:
            return self.findings[0]
        return self.verified

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code once; codes of rules that a model breaks follow the finding that they explain."""
        told = (
            code
            for finding in self.findings
            for code in (finding.code.value, *(rule.value for rule in finding.rules))
        )
        return tuple(dict.fromkeys(told))


def found(findings: Iterable[Finding]) -> tuple[Refusal, ...]:
    """Return the findings that are there."""
    return tuple(finding for finding in findings if finding is not None)


def finding_of(code: KeyRefusal, check: Callable[[], object]) -> Finding:
    """Return why *check* raises, by its own code or else *code*; None if it does not."""
    try:
        with refusing(code):
            check()
    except Refused as refused:
        return refused.refusal
    return None


def unread(judge: Callable[[], Judgement[Verified]]) -> Judgement[Verified]:
    """Return the judgement, or the one finding that something presented could not be read."""
    try:
        with refusing(KeyRefusal.MALFORMED):
            return judge()
    except Refused as refused:
        return Judgement((refused.refusal,))
