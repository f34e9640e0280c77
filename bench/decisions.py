"""Decisions: what the index says, and the same explained, beside other engines on the same policy.

Every timed question is another one, and no answer is kept between them. The
other engines are asked first whether they say the same.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from bench.measure import ROUNDS, Result, compare
from bench.rules import Company, Engine, Question, cedar, rego, stock_casbin
from domain.access import AccessRequest, Subject, SubjectKind
from policies.bundle import Bundle, load
from policies.decide import decide_for, outcome
from policies.succession import succeed
from tests.world import NOON

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
PEERS: tuple[tuple[str, Callable[[Company], Engine], int], ...] = (
    ("PyCasbin", stock_casbin, 100_000),
    ("cedarpy", cedar, 10_000),
    ("regopy", rego, 10_000),
)
"""Name, how it is made, and the largest bundle that it is asked about: above, one answer takes seconds."""
_SLOW = 100_000
_INNER = 500


class Ours:
    """A compiled bundle with everybody's names, asked one question after another."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.bundle = load(company.text())
        self.names = names(company, self.bundle)
        self._coming = company.questions()
        self._asked: Iterator[Question] = iter(())

    def prepare(self, count: int) -> None:
        """Have *count* questions ready that were never asked: making them is not timed."""
        self._asked = iter(list(islice(self._coming, count)))

    def outcome(self) -> bool:
        q = next(self._asked)
        found = outcome(self.names[q.person], q.action, q.resource, bundle=self.bundle, facts=q.facts)
        return found.permitted

    def explained(self) -> object:
        q = next(self._asked)
        request = AccessRequest(Subject(SubjectKind.PERSON, q.person), q.action, q.resource, q.facts)
        return decide_for(self.names[q.person], request, bundle=self.bundle, facts=q.facts, now=NOON)


def names(company: Company, bundle: Bundle) -> Mapping[str, frozenset[str]]:
    """Return what each person answers to, as a process that serves holds it."""
    found = bundle.index.everybody(company.links())
    return {name.removeprefix("person:"): answered for name, answered in found.items()}


def decisions() -> Iterator[Result]:
    """Outcome and explanation at each size, beside the peers, and against the smallest size."""
    smallest = Ours(Company(SIZES[0]))
    for size in SIZES:
        ours = Ours(Company(size))
        peers = [(name, make(ours.company)) for name, make, most in PEERS if size <= most]
        for name, engine in peers:
            _agree(ours, name, engine)
        for kind in ("outcome", "explained"):
            for name, engine in peers:
                yield _beside(ours, kind, name, engine)
            yield _grown(ours, kind, smallest)


def _beside(ours: Ours, kind: str, name: str, engine: Engine) -> Result:
    size = ours.company.count
    rounds, others = (3, 1) if size >= _SLOW else (11, 3)
    asked = iter(list(islice(ours.company.questions(), 2 * rounds * others + 1)))
    ours.prepare(rounds * _INNER + 1)
    return compare(
        f"decision.rules_{size}.{kind}" + ("" if name == "PyCasbin" else f".{name}"),
        getattr(ours, kind),
        lambda: engine(next(asked)),
        against=f"{name}, the same rules",
        inner=_INNER,
        reference_inner=others,
        rounds=rounds,
    )


def _grown(ours: Ours, kind: str, smallest: Ours) -> Result:
    ours.prepare(ROUNDS * _INNER + 1)
    smallest.prepare(2 * ROUNDS * _INNER + 1)
    return compare(
        f"decision.rules_{ours.company.count}.{kind}.growth",
        getattr(ours, kind),
        getattr(smallest, kind),
        against=f"the same on {SIZES[0]} rules",
        inner=_INNER,
    )


def compiling() -> Iterator[Result]:
    """Text to bundle, per rule; the same for ten changed lines; and what a million rules take of memory."""
    company = Company(100_000)
    text = company.text()
    yield compare(
        "policy.load_100000",
        lambda: load(text),
        lambda: [line.split(",") for line in text.split("\n")],
        against="its lines and fields split",
        inner=1,
        rounds=5,
    )
    lines, bundle = text.split("\n"), load(text)
    changed = [line.replace("allow", "deny") if n % 10_000 == 1 else line for n, line in enumerate(lines)]
    after = "\n".join(changed)
    yield compare(
        "policy.succeed_10_of_100000",
        lambda: succeed(bundle, after),
        lambda: load(after),
        against="the same loaded whole",
        inner=1,
        rounds=5,
    )
    ran = subprocess.run(
        [sys.executable, "-m", "bench.memory", str(SIZES[-1])], capture_output=True, text=True, check=True
    )
    kept, peak, size = map(float, ran.stdout.split())
    yield Result(f"policy.memory_{SIZES[-1]}", kept, "MB", "its text", round(kept / size, 2), 0)
    yield Result(f"policy.memory_{SIZES[-1]}.peak", peak, "MB", "its text", round(peak / size, 2), 0)


def _agree(ours: Ours, name: str, engine: Engine) -> None:
    asked: list[Question] = list(islice(ours.company.questions(), 6 if ours.company.count >= _SLOW else 60))
    for q in asked:
        mine = outcome(ours.names[q.person], q.action, q.resource, bundle=ours.bundle, facts=q.facts)
        assert mine.permitted is engine(q), (name, q)
