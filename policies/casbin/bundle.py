"""Which decider do a ``model.conf`` and a ``policy.csv`` make together?

The served model goes the product's own path; any other of the covered family is
compiled. Reads no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from domain.decision import Decision
from policies.bundle import model_text
from policies.casbin import compiled, ini, model, served
from policies.casbin.compiled import Policy
from policies.casbin.question import Question, fill
from policies.problems import Problem

MODEL_FILE, POLICY_FILE = "model.conf", "policy.csv"


class Decider(Protocol):
    """What answers questions. Raises Invalid for a question that it cannot read."""

    def answer(self, question: Question) -> Decision: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """*decider* is None where a problem is an error. *problems*: (file, problem)."""

    decider: Decider | None
    problems: tuple[tuple[str, Problem], ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy of a model that is not the served one."""

    policy: Policy

    def answer(self, question: Question) -> Decision:
        values, properties = fill(question, self.policy.model.parameters, self.policy.paths)
        return self.policy.decide(values, properties, question.now)


def load(model_conf: str, policy_csv: str) -> Opened:
    """Return the decider of both texts, and every problem found. Never raises."""
    if ini.same(model_conf, model_text()):
        decider, problems = served.load(policy_csv)
        return Opened(decider, tuple((POLICY_FILE, problem) for problem in problems))
    read, problems = model.read(model_conf)
    found = tuple((MODEL_FILE, problem) for problem in problems)
    if read is None:
        return Opened(None, found)
    loaded = compiled.load(policy_csv, read)
    found += tuple((POLICY_FILE, problem) for problem in loaded.problems)
    return Opened(None if loaded.policy is None else Compiled(loaded.policy), found)
