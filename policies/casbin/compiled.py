"""May they, by a Casbin model and its rules? An immutable, indexed snapshot that decides.

A permit applies only if the matcher is true for it, a forbid unless it is
false; a deny trumps every allow, and what no rule permits is denied. Casbin
itself decides from an empty policy by asking the matcher once, with empty texts
for its columns; here no rule means no.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.decision import Decision, Effect, Reason, RuleError
from domain.reasons import ReasonCode
from policies.casbin import advice, rows
from policies.casbin.evaluate import Asked, Scene
from policies.casbin.index import Index
from policies.casbin.model import Model
from policies.casbin.prepare import Preparation, patterns_asked
from policies.casbin.roles import Graph
from policies.casbin.rows import Rule
from policies.casbin.tree import Eval, leaves, params
from policies.problems import Problem, Severity


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy to be asked, or None where a problem is an error; *problems* in the order of lines."""

    policy: Policy | None
    problems: tuple[Problem, ...]


class Policy:
    """The rules of one bundle, compiled. Any number of threads may ask it."""

    def __init__(self, model: Model, rules: tuple[Rule, ...], preparation: Preparation) -> None:
        self.model = model
        self.rules = rules
        self.paths = patterns_asked(model, preparation.trees.values())
        """Parameters, and properties, that are matched by patterns of paths."""
        self._trees = preparation.trees
        self._params = params(model.matcher)
        self._evals = [leaf.column.index for leaf in leaves(model.matcher) if isinstance(leaf, Eval)]
        self._applies = preparation.scene.compiled(model.matcher)
        self._index = Index(model.matcher, rules, preparation.scene)

    def decide(
        self, values: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]], now: datetime
    ) -> Decision:
        """Return the decision for the request's parameters. The same arguments give the same decision.

        *values*: by parameter, absent ones being unknown; *properties*: what stands behind one;
        *now* is aware. Raises ValueError for a naive *now*.
        """
        if now.tzinfo is None:
            raise ValueError("now must be aware")
        if not self.rules:
            return Decision(Effect.DENY, (Reason.of(ReasonCode.POLICY_ABSENT),), now)
        asked = Asked(values, properties, now)
        permits: list[Rule] = []
        forbids: list[Rule] = []
        unknown: list[Rule] = []
        for number in self._index.candidates(asked):
            rule = self.rules[number]
            value = self._applies(rule.values, asked)
            if value is None:
                unknown.append(rule)
            if rule.deny and value is not False:
                forbids.append(rule)
            elif not rule.deny and value is True:
                permits.append(rule)
        return self._decision(permits, forbids, unknown, asked)

    def _decision(
        self, permits: list[Rule], forbids: list[Rule], unknown: list[Rule], asked: Asked
    ) -> Decision:
        erring = tuple(RuleError(rule.id, self._why(rule, asked)) for rule in unknown)
        if permits and not forbids:
            effect, code, carrying = Effect.PERMIT, ReasonCode.POLICY_PERMITS, permits
        elif forbids:
            effect, code, carrying = Effect.DENY, ReasonCode.POLICY_FORBIDS, forbids
        else:
            effect, code, carrying = Effect.DENY, ReasonCode.POLICY_NO_RULE, []
        reasons = (Reason.of(code, rule=carrying[0].id) if forbids else Reason.of(code),)
        determining = tuple(rule.id for rule in carrying)
        return Decision(effect, reasons, asked.now, determining=determining, erring=erring)

    def _why(self, rule: Rule, asked: Asked) -> str:
        """Say which parameters of a rule are unknown; values are left out, they may be personal."""
        trees = (self._trees.get(rule.values[index]) for index in self._evals)
        own = (params(tree) for tree in trees if tree is not None)
        missing = sorted({str(param) for param in self._params.union(*own) if asked.get(param) is None})
        if missing:
            return ", ".join(f"{name} is not known" for name in missing)
        return "a value is of another type than what it is compared with"


def load(text: str, model: Model) -> Loaded:
    """Return the policy of a ``policy.csv`` for *model*, with every problem of its rows. Never raises.

    A policy without rules is served, and denies everything.
    """
    read = rows.read(text, model)
    if any(problem.severity is Severity.ERROR for problem in read.problems):
        return Loaded(None, read.problems)
    graphs = {kind.name: Graph(kind, read.links[kind.name]) for kind in model.kinds}
    preparation = Preparation(model, Scene(graphs, model.operators))
    for rule, places in zip(read.rules, read.places, strict=True):
        preparation.add(rule, places)
    said = advice.letters(model, read.rules, read.places)
    named = advice.strangers(model, read.rules, read.places, read.links)
    found = (*read.problems, *preparation.problems, *said, *named)
    problems = tuple(sorted(found, key=lambda p: (p.line, p.column)))
    if any(problem.severity is Severity.ERROR for problem in problems):
        return Loaded(None, problems)
    if not read.rules:
        empty = Problem(
            1,
            1,
            "bundle-empty",
            "the policy has no rule, and denies everything",
            "write a p row",
            Severity.WARNING,
        )
        problems = (*problems, empty)
    return Loaded(Policy(model, read.rules, preparation), problems)
