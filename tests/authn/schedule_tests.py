"""Statistical tests of a schedule of askings: each returns how far it is from chance, as a z-like number.

Answers: could somebody who knows all earlier askings tell anything about the
next? Knows nothing of how a schedule is made. A result above ``CRITICAL`` is
one that a good schedule gives with a probability of at most 1e-6 (for each
test; normal and chi-square approximations, and the bound of Dvoretzky,
Kiefer, Wolfowitz and Massart for the first).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

ALPHA = 1e-6
CRITICAL = 4.892
"""Two-sided normal quantile of ALPHA."""
CELLS = 10


def kolmogorov_smirnov(uniforms: Sequence[float]) -> float:
    """Gaps, through their own distribution, must be uniform: the greatest distance, scaled to CRITICAL."""
    n = len(uniforms)
    ordered = sorted(uniforms)
    distance = max(max((i + 1) / n - u, u - i / n) for i, u in enumerate(ordered))
    allowed = math.sqrt(math.log(2 / ALPHA) / (2 * n))
    return CRITICAL * distance / allowed


def serial_correlation(uniforms: Sequence[float]) -> float:
    """Neighbours, up to ten apart, must not be correlated: the greatest, each with a tenth of ALPHA."""
    n = len(uniforms)
    mean = sum(uniforms) / n
    centred = [u - mean for u in uniforms]
    variance = sum(c * c for c in centred)
    found = [
        abs(sum(a * b for a, b in zip(centred, centred[lag:], strict=False)) / variance) * math.sqrt(n)
        for lag in range(1, 11)
    ]
    return max(found) * CRITICAL / 5.327  # the quantile of ALPHA / 10


def pairs(uniforms: Sequence[float]) -> float:
    """Gap and next gap must fill a square evenly: also finds a dependence that is no correlation."""
    cells = Counter(
        (int(a * CELLS), int(b * CELLS)) for a, b in zip(uniforms[::2], uniforms[1::2], strict=False)
    )
    return _chi_square([cells[a, b] for a in range(CELLS) for b in range(CELLS)])


def runs(uniforms: Sequence[float]) -> float:
    """Gaps above and below the median must alternate as coins do (Wald and Wolfowitz)."""
    signs = [u > 0.5 for u in uniforms]
    above = sum(signs)
    below = len(signs) - above
    if not above or not below:
        return math.inf
    seen = 1 + sum(a != b for a, b in pairwise(signs))
    expected = 1 + 2 * above * below / (above + below)
    spread = (expected - 1) * (expected - 2) / (above + below - 1)
    return abs(seen - expected) / math.sqrt(spread)


def even(counts: Sequence[int]) -> float:
    """Askings must fall on every part of the day, and of the hour, alike.

    Gaps spread less than those of a Poisson process, so counts do too: the
    test errs on the side of passing.
    """
    return _chi_square(counts)


def _chi_square(counts: Sequence[int]) -> float:
    """Return the statistic as a normal quantile (Wilson and Hilferty)."""
    expected, freedom = sum(counts) / len(counts), len(counts) - 1
    statistic = sum((c - expected) ** 2 for c in counts) / expected
    share = 2 / (9 * freedom)
    return float(((statistic / freedom) ** (1 / 3) - (1 - share)) / math.sqrt(share))


OF_GAPS: dict[str, Callable[[Sequence[float]], float]] = {
    "kolmogorov-smirnov": kolmogorov_smirnov,
    "serial-correlation": serial_correlation,
    "pairs": pairs,
    "runs": runs,
}
