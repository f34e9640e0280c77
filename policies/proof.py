"""Does the bundle do what its author says it does? Runs its tests and tells which fail.

A failing test refuses a publication (``flows.policy``), never the loading of
what was published: rules in force stay in force. Facts that a test does not
give are unknown, time and weekday too: a test names all that its answer rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.access import AccessRequest
from domain.decision import Decision
from domain.errors import FailedTests
from policies.bundle import Bundle
from policies.decide import decide_for
from policies.problems import Problem
from policies.rules import RuleEffect
from policies.trials import Trial

_REMEDY = "Mend the rules, or the tests if the rules are what you mean, then try again."
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # stamps the decision; no fact is taken from it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of one trial."""

    trial: Trial
    decision: Decision

    @property
    def passed(self) -> bool:
        trial, decision = self.trial, self.decision
        if decision.permitted is not (trial.effect is RuleEffect.ALLOW):
            return False
        return trial.reason in (None, decision.reason.code)

    @property
    def told(self) -> str:
        """One sentence: what was expected, what came out, and by which rules."""
        trial, decision = self.trial, self.decision
        expected = trial.effect.value + (f" ({trial.reason.value})" if trial.reason else "")
        came = "allow" if decision.permitted else f"deny ({decision.reason.code.value})"
        others = [reason.code.value for reason in decision.reasons[1:]] if not decision.permitted else []
        also = f", beside {', '.join(others)}" if others else ""
        return f"test `{trial.id}` expects {expected} and got {came}{also}; {self._by()}"

    def _by(self) -> str:
        """Name the rules that the answer rests on, or the one that came nearest."""
        if self.decision.determining:
            rules = ", ".join(f"`{rule}`" for rule in self.decision.determining)
            return f"determined by {rules}"
        nearest = dict(self.decision.reason.details).get("rule")
        return f"nearest is rule `{nearest}`" if nearest else "no rule is about this"

    def as_problem(self) -> Problem:
        """Return the finding for the line of the test."""
        return Problem(self.trial.line, 1, "test-failed", self.told, _hint(self.decision))


def run(bundle: Bundle) -> tuple[Outcome, ...]:
    """Decide every test of *bundle*, in the order of its lines."""
    return tuple(decided(bundle, trial) for trial in bundle.tests)


def failures(bundle: Bundle) -> tuple[Problem, ...]:
    """Return a finding for each test that fails; none for a bundle without tests."""
    return tuple(outcome.as_problem() for outcome in run(bundle) if not outcome.passed)


def demand(bundle: Bundle, remedy: str = _REMEDY) -> None:
    """Raise FailedTests, naming all that fail, unless every test of *bundle* passes."""
    failed = failures(bundle)
    if failed:
        first, total = failed[0], len(bundle.tests)
        tests = "the only test fails" if total == 1 else f"{len(failed)} of {total} tests fail"
        raise FailedTests(
            f"{tests}: line {first.line}: {first.message}",
            remedy=remedy,
            problems=[problem.as_dict() for problem in failed],
        )


def counted(outcomes: Sequence[Outcome]) -> str:
    """Say how many of *outcomes* passed: ``3 of 4 tests pass``."""
    passed = sum(outcome.passed for outcome in outcomes)
    if passed == len(outcomes):
        return "1 test passes" if passed == 1 else f"{passed} tests pass"
    return f"{passed} of {len(outcomes)} tests pass"


def decided(bundle: Bundle, trial: Trial) -> Outcome:
    """Decide one trial, of *bundle* or not."""
    asker, facts = trial.asker, dict(trial.given)
    request = AccessRequest(asker.subject, trial.action, trial.resource, facts)
    names = bundle.index.names_of(asker.subject, asker.memberships)
    return Outcome(trial, decide_for(names, request, bundle=bundle, facts=facts, now=_NO_TIME))


def _hint(decision: Decision) -> str:
    unknown = sorted({error.message for error in decision.erring})
    if unknown:
        return f"in this test {'; '.join(unknown)}"
    return "mend the rule, or the test if the rule is what you mean"
