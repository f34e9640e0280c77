"""Time two things in turn, A B A B …, and say how A compares with B, and how noisy that is.

Machines are shared and drift: only a ratio of neighbours means something. The
noise is the same measure of B against B itself, as the distance from 1.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

ROUNDS = 21


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table: *value* (in *unit*) beside *reference*, their ratio, and the noise."""

    name: str
    value: float
    unit: str
    reference: str
    ratio: float
    noise: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    name: str,
    subject: Callable[[], object],
    reference: Callable[[], object],
    *,
    against: str,
    inner: int,
    reference_inner: int | None = None,
    rounds: int = ROUNDS,
) -> Result:
    """Return the median time of *subject* in microseconds, and its ratio to *reference*.

    Each round runs *inner* calls of subject, and *reference_inner* (None: as many) of
    reference and of reference again.
    """
    others = reference_inner or inner
    subject(), reference()
    ours: list[float] = []
    ratios: list[float] = []
    noises: list[float] = []
    gc.collect()
    for _ in range(rounds):
        one = _timed(subject, inner) / inner
        two, three = _timed(reference, others) / others, _timed(reference, others) / others
        ours.append(one)
        ratios.append(one / ((two + three) / 2))
        noises.append(abs(two / three - 1))
    return Result(
        name=name,
        value=round(statistics.median(ours) * 1e6, 2),
        unit="us",
        reference=against,
        ratio=float(f"{statistics.median(ratios):.4g}"),
        noise=round(statistics.median(noises), 3),
    )


def _timed(call: Callable[[], object], inner: int) -> float:
    begin = time.perf_counter()
    for _ in range(inner):
        call()
    return time.perf_counter() - begin
