"""Earlier askings tell nothing about later ones: 20,000 of them under tests whose power is shown beside.

*Power.* Each test errs on a good schedule with probability 1e-6, and finds,
among n = 20,000 gaps,

- Kolmogorov-Smirnov: a distribution of gaps that is anywhere 0.04 off, with
  probability above 1 - 1e-6 (its critical distance is 0.0191; that of sample
  and truth exceeds the remaining 0.0209 with at most 2 exp(-2 n 0.0209^2));
- serial correlation: a correlation of 0.08 at any of ten lags, with
  probability above 1 - 1e-6 (critical 0.0377; the estimate errs by 0.0071);
- pairs: a next gap whose share of each tenth is 20 % off, with probability
  above 1 - 1e-6 (99 degrees of freedom, noncentrality 400, critical 184);
- runs: one more, or fewer, run in 15, with probability above 1 - 1e-5;
- time of day, minute: an hour, or one minute of each quarter, favoured by a
  third, with probability above 1 - 1e-4.

The seed is fixed, so that the suite does not fail once in a hundred thousand;
the bad schedules show that each test can fail.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from statistics import NormalDist

import pytest

from authn.schedule import LONGEST, SHORTEST, Hours, after_working, draw_gap, gap_distribution, next_asking
from tests.authn.schedule_tests import ALPHA, CRITICAL, OF_GAPS, even

COUNT = 20_000
MEAN = timedelta(minutes=240)
WORK = Hours("UTC", frozenset(range(7)), 9 * 60, 17 * 60)
DAY_MINUTES = 8 * 60
BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

Schedule = Iterator[datetime]


class Seeded:
    """The same randomness each time."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)

    def bytes(self, length: int) -> bytes:
        return self.source.randbytes(length)


def ours(seed: int = 3) -> Schedule:
    chance, moment = Seeded(seed), BEGIN
    while True:
        moment = next_asking(moment, WORK, MEAN, chance)
        yield moment


def from_gaps(gaps: Iterator[timedelta]) -> Schedule:
    moment = BEGIN
    for gap in gaps:
        moment = after_working(moment, WORK, gap)
        yield moment


def quantile(u: float) -> timedelta:
    """Return the gap below which the share *u* of all good gaps lies."""
    low, high = SHORTEST, LONGEST * MEAN
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if gap_distribution(middle, MEAN) < u else (low, middle)
    return low


def fixed() -> Schedule:
    """Every four hours."""
    return from_gaps(iter(lambda: MEAN, None))


def a_number_for_each_day() -> Schedule:
    """Two askings on each day, at random times: the second one done, the day is free."""
    chance = random.Random(5)
    day = BEGIN
    while True:
        for minute in sorted(chance.uniform(0, DAY_MINUTES - 1) for _ in range(2)):
            yield day + timedelta(minutes=minute)
        day += timedelta(days=1)


def uniform_gaps() -> Schedule:
    """Gaps of zero to eight hours, all alike: who waited long is asked soon."""
    chance = random.Random(6)
    return from_gaps(iter(lambda: timedelta(minutes=chance.uniform(2, 478)), None))


def remembering() -> Schedule:
    """Gaps of the right distribution, each slightly like the one before."""
    chance, normal, state = random.Random(7), NormalDist(), 0.0

    def gaps() -> Iterator[timedelta]:
        nonlocal state
        while True:
            state = 0.15 * state + math.sqrt(1 - 0.15**2) * chance.gauss()
            yield quantile(normal.cdf(state))

    return from_gaps(gaps())


def computed_from_the_last() -> Schedule:
    """Gaps of the right distribution, without correlation, each a function of the one before."""
    state = 0.123456789

    def gaps() -> Iterator[timedelta]:
        nonlocal state
        while True:
            # A tent map; a little noise keeps it from ending at zero in floating point.
            state = (1 - abs(1 - 2 * state) + random.Random(state).random() * 1e-9) % 1
            yield quantile(state)

    return from_gaps(gaps())


def on_the_quarter() -> Schedule:
    """A job that runs each quarter of an hour, and asks whom it finds due."""
    for moment in ours(8):
        yield moment + (BEGIN - moment) % timedelta(minutes=15)


def rather_in_the_morning() -> Schedule:
    """Half of the askings of the last two hours are left out."""
    chance = random.Random(9)
    return (m for m in ours(9) if m.hour < 15 or chance.random() < 0.5)


def judge(schedule: Schedule) -> dict[str, float]:
    """Return what each test finds."""
    moments = list(islice(schedule, COUNT + 1))
    uniforms = [min(gap_distribution(_worked(a, b), MEAN), 1 - 1e-12) for a, b in pairwise(moments)]
    minutes = [m.hour * 60 + m.minute - 9 * 60 for m in moments]
    by_part = Counter(minute // 20 for minute in minutes)
    by_minute = Counter(minute % 15 for minute in minutes)
    return {
        **{name: test(uniforms) for name, test in OF_GAPS.items()},
        "time-of-day": even([by_part[part] for part in range(DAY_MINUTES // 20)]),
        "minute": even([by_minute[minute] for minute in range(15)]),
    }


def _worked(a: datetime, b: datetime) -> timedelta:
    """Return the working time between two moments: whole days are eight hours."""
    days = (b.date() - a.date()).days
    return b - a - days * timedelta(hours=16)


def test_our_schedule_cannot_be_told_from_one_without_memory() -> None:
    found = judge(ours())

    assert {name: value for name, value in found.items() if value > CRITICAL} == {}


BAD: dict[Callable[[], Schedule], set[str]] = {
    fixed: {"kolmogorov-smirnov", "pairs", "runs", "time-of-day"},
    a_number_for_each_day: {"kolmogorov-smirnov", "serial-correlation", "pairs", "runs"},
    uniform_gaps: {"kolmogorov-smirnov", "pairs"},
    remembering: {"serial-correlation", "pairs", "runs"},
    computed_from_the_last: {"pairs"},
    on_the_quarter: {"minute"},
    rather_in_the_morning: {"time-of-day"},
}


@pytest.mark.parametrize("bad", BAD, ids=lambda schedule: schedule.__name__)
def test_a_schedule_that_can_be_predicted_is_found(bad: Callable[[], Schedule]) -> None:
    found = {name for name, value in judge(bad()).items() if value > CRITICAL}

    assert found >= BAD[bad]


def test_only_the_test_of_pairs_finds_a_gap_that_is_computed_from_the_last() -> None:
    """What looks random one by one: why there is more than one test."""
    found = {name: value > CRITICAL for name, value in judge(computed_from_the_last()).items()}

    assert not found["kolmogorov-smirnov"]
    assert not found["serial-correlation"]


def test_a_deviation_of_the_stated_size_is_found() -> None:
    """The power of the tests as their docstring states it, at its edge."""
    chance = random.Random(11)
    good = [chance.random() for _ in range(COUNT)]
    shifted = [u if u > 0.08 or chance.random() < 0.5 else chance.uniform(0.08, 1) for u in good]
    correlated, state, normal = [], 0.0, NormalDist()
    for _ in good:
        state = 0.084 * state + math.sqrt(1 - 0.084**2) * chance.gauss()
        correlated.append(normal.cdf(state))

    assert OF_GAPS["kolmogorov-smirnov"](good) < CRITICAL < OF_GAPS["kolmogorov-smirnov"](shifted)
    assert OF_GAPS["serial-correlation"](good) < CRITICAL < OF_GAPS["serial-correlation"](correlated)


def test_the_next_gap_is_the_same_whatever_came_before() -> None:
    """The question itself: given hour, weekday, the gap before, or askings today, is the next gap alike?"""
    moments = list(islice(ours(12), COUNT + 2))
    groups: dict[tuple[str, int], list[float]] = {}
    today, number = None, 0
    for before, moment, following in zip(moments, moments[1:], moments[2:], strict=False):
        number = number + 1 if moment.date() == today else 0
        today = moment.date()
        u = gap_distribution(_worked(moment, following), MEAN)
        known = {
            "hour": moment.hour, "weekday": moment.weekday(), "number": min(number, 4),
            "gap": int(gap_distribution(_worked(before, moment), MEAN) * 5),
        }  # fmt: skip
        for name, value in known.items():
            groups.setdefault((name, value), []).append(u)

    assert len(groups) >= 8 + 7 + 5 + 5
    assert all(len(group) > 100 for group in groups.values())
    assert {
        key: group for key, group in groups.items() if OF_GAPS["kolmogorov-smirnov"](group) > CRITICAL
    } == {}


def test_the_mean_gap_is_the_declared_one() -> None:
    chance = Seeded(13)
    for minutes in (60, 240, 4800):
        mean = timedelta(minutes=minutes)

        found = sum((draw_gap(mean, chance) for _ in range(COUNT)), timedelta(0)) / COUNT

        # The spread of a gap is below its mean: five standard errors.
        assert abs(found / mean - 1) < 5 / math.sqrt(COUNT)


def test_the_critical_value_is_that_of_the_stated_error() -> None:
    assert pytest.approx(NormalDist().inv_cdf(1 - ALPHA / 2), abs=1e-3) == CRITICAL
    assert pytest.approx(NormalDist().inv_cdf(1 - ALPHA / 20), abs=1e-3) == 5.327
