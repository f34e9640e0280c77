"""When is somebody asked for an unannounced touch next?

Answers with a moment in the person's declared hours. Does not ask, store or
know who it is about. A renewal process: the gaps between askings, measured in
declared working time, are independent and alike, so what was asked earlier
tells nothing about how long the next gap is. A gap is exponential between two
bounds; the bounds themselves can be known: nobody is asked again within
``SHORTEST`` of working time, and every gap ends by ``LONGEST`` times its mean.

Source of the name and the argument: renewal processes, for example Cox,
*Renewal Theory* (1962). Local times that the clock skips or repeats are read
as PEP 495 reads them: hours begin at the first, and end at the last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.ports import Randomness

SHORTEST = timedelta(minutes=2)
LONGEST = 4
DAY = 24 * 60
_STEPS = 1 << 53


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours: *days* 0 (Monday) to 6, on which they begin; minutes of the day.

    *ends* not above *starts* means: on the next day.
    """

    zone: str
    days: frozenset[int]
    starts: int
    ends: int


def next_asking(after: datetime, hours: Hours, mean_gap: timedelta, randomness: Randomness) -> datetime:
    """Return an unpredictable moment in *hours*, on average *mean_gap* of working time after *after*.

    *after* is aware. Raises ValueError for hours without a day, and for a mean
    that is not above ``SHORTEST`` and below the middle of the two bounds.
    """
    return after_working(after, hours, draw_gap(mean_gap, randomness))


def draw_gap(mean: timedelta, randomness: Randomness) -> timedelta:
    """Return one gap: at least ``SHORTEST``, at most ``LONGEST`` times *mean*, *mean* on average."""
    step = int.from_bytes(randomness.bytes(7)) >> 3
    low, high = SHORTEST.total_seconds(), LONGEST * mean.total_seconds()
    rate = _rate(low, high, mean.total_seconds())
    # The distribution's inverse.
    reach = -math.expm1(-rate * (high - low))
    return timedelta(seconds=low - math.log1p(-step / _STEPS * reach) / rate)


def gap_distribution(gap: timedelta, mean: timedelta) -> float:
    """Return the probability that a gap is at most *gap*."""
    low, high = SHORTEST.total_seconds(), LONGEST * mean.total_seconds()
    seconds = min(max(gap.total_seconds(), low), high)
    rate = _rate(low, high, mean.total_seconds())
    return math.expm1(-rate * (seconds - low)) / math.expm1(-rate * (high - low))


def after_working(after: datetime, hours: Hours, length: timedelta) -> datetime:
    """Return the moment that *length* of working time lies after *after*, inside the hours."""
    if not hours.days:
        raise ValueError("hours need a day")
    cursor = after.astimezone(UTC)
    day = after.astimezone(ZoneInfo(hours.zone)).date() - timedelta(days=1)
    while True:
        begins, ends = _shift(hours, day)
        begins = max(begins, cursor)
        if day.weekday() in hours.days and begins < ends:
            if length < ends - begins:
                return begins + length
            length -= ends - begins
            cursor = ends
        day += timedelta(days=1)


def works_at(moment: datetime, hours: Hours) -> bool:
    """Whether *moment* is in the hours."""
    today = moment.astimezone(ZoneInfo(hours.zone)).date()
    return any(
        day.weekday() in hours.days and begins <= moment < ends
        for day in (today - timedelta(days=1), today)
        for begins, ends in (_shift(hours, day),)
    )


def _shift(hours: Hours, day: date) -> tuple[datetime, datetime]:
    """Return begin and end, in UTC, of the hours that begin on *day*. Empty where the clock skips them."""
    zone = ZoneInfo(hours.zone)
    last = day if hours.ends > hours.starts else day + timedelta(days=1)

    def at(date: date, minutes: int, fold: int) -> datetime:
        date += timedelta(days=minutes // DAY)
        hour, minute = divmod(minutes % DAY, 60)
        local = datetime(date.year, date.month, date.day, hour, minute, fold=fold, tzinfo=zone)
        return local.astimezone(UTC)

    return at(day, hours.starts, 0), at(last, hours.ends, 1)


@lru_cache(maxsize=256)
def _rate(low: float, high: float, mean: float) -> float:
    """Return the rate with which an exponential between *low* and *high* has this *mean*, by bisection."""
    if not low < mean < (low + high) / 2:
        raise ValueError("the mean gap does not fit its bounds")

    def excess(rate: float) -> float:
        width = high - low
        return low + 1 / rate - width / math.expm1(rate * width) - mean

    # The mean falls as the rate rises: from the middle of the bounds down to the lower one.
    below, above = 1e-9 / high, 700 / (high - low)
    for _ in range(200):
        middle = (below + above) / 2
        below, above = (middle, above) if excess(middle) > 0 else (below, middle)
    return (below + above) / 2
