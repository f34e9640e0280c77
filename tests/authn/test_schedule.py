"""The next asking lies in declared hours, between its bounds, in every zone and whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authn.schedule import LONGEST, SHORTEST, Hours, after_working, draw_gap, next_asking, works_at

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Kiritimati", "Africa/Casablanca", "America/Santiago", "Europe/Dublin",
)  # fmt: skip
OFFICE = Hours("Europe/Berlin", frozenset(range(5)), 9 * 60, 17 * 60)
MEAN = timedelta(minutes=240)

moments = st.integers(0, 19 * 366 * 86400).map(
    lambda seconds: datetime(2011, 12, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
lengths = st.integers(0, 4 * 4800 * 60).map(lambda seconds: timedelta(seconds=seconds))
means = st.integers(60, 4800).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    starts = draw(st.integers(0, 24 * 60 - 1))
    length = draw(st.integers(30, 24 * 60))
    end = starts + length
    return Hours(
        draw(st.sampled_from(ZONES)),
        draw(st.frozensets(st.integers(0, 6), min_size=1)),
        starts,
        end if end <= 24 * 60 else end - 24 * 60,
    )


class Bytes:
    """A randomness that gives what a test says."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def bytes(self, length: int) -> bytes:
        assert length == len(self.data)
        return self.data


randomness = st.binary(min_size=7, max_size=7).map(Bytes)


@given(moments, hours(), means, randomness)
def test_an_asking_is_ahead_and_in_declared_hours(
    after: datetime, declared: Hours, mean: timedelta, chance: Bytes
) -> None:
    found = next_asking(after, declared, mean, chance)

    assert found > after
    assert works_at(found, declared)


@given(means, randomness)
def test_a_gap_keeps_its_bounds(mean: timedelta, chance: Bytes) -> None:
    assert SHORTEST <= draw_gap(mean, chance) <= LONGEST * mean


@pytest.mark.parametrize("edge", [b"\x00" * 7, b"\xff" * 7])
def test_the_bounds_hold_at_the_ends_of_the_generator(edge: bytes) -> None:
    assert SHORTEST <= draw_gap(MEAN, Bytes(edge)) <= LONGEST * MEAN


@given(moments, hours(), lengths, lengths)
def test_working_time_adds_up(after: datetime, declared: Hours, first: timedelta, second: timedelta) -> None:
    """Whoever goes on from an asking arrives where they would have from before it."""
    halfway = after_working(after, declared, first)

    assert after_working(halfway, declared, second) == after_working(after, declared, first + second)


@given(moments, hours(), lengths)
def test_working_time_is_never_longer_than_the_time_that_passed(
    after: datetime, declared: Hours, length: timedelta
) -> None:
    assert after_working(after, declared, length) - after >= length


@given(moments, hours())
def test_hours_are_read_off_the_persons_own_clock(moment: datetime, declared: Hours) -> None:
    """The obvious second reading: weekday and minute there. Near a change of clocks it has no one answer."""
    zone = ZoneInfo(declared.zone)
    offsets = {(moment + timedelta(hours=h)).astimezone(zone).utcoffset() for h in (-25, 0, 25)}
    local = moment.astimezone(zone)
    minute, today = local.hour * 60 + local.minute, local.weekday()

    if declared.ends > declared.starts:
        expected = today in declared.days and declared.starts <= minute < declared.ends
    else:
        began_today = today in declared.days and minute >= declared.starts
        expected = began_today or ((today - 1) % 7 in declared.days and minute < declared.ends)

    if len(offsets) == 1:
        assert works_at(moment, declared) == expected


@pytest.mark.parametrize(
    ("begins", "length", "ends"),
    [
        # A night that has 23 hours: 02:00 to 03:00 is skipped in Berlin on 29 March 2026.
        ("2026-03-28T21:00+00:00", timedelta(hours=5), "2026-03-29T02:00+00:00"),
        # A night that has 25: 02:00 to 03:00 comes twice on 25 October 2026.
        ("2026-10-24T20:00+00:00", timedelta(hours=5), "2026-10-25T01:00+00:00"),
    ],
)
def test_a_night_shift_crosses_a_change_of_clocks(begins: str, length: timedelta, ends: str) -> None:
    night = Hours("Europe/Berlin", frozenset({5}), 22 * 60, 6 * 60)

    found = after_working(datetime.fromisoformat(begins), night, length)

    assert found == datetime.fromisoformat(ends)


@pytest.mark.parametrize(("day", "lasts"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-11-07", 8)])
def test_a_night_shift_lasts_as_long_as_the_night(day: str, lasts: int) -> None:
    night = Hours("Europe/Berlin", frozenset({5}), 22 * 60, 6 * 60)
    noon = datetime.fromisoformat(day + "T12:00+00:00")

    last = after_working(noon, night, timedelta(hours=lasts) - timedelta(seconds=1))
    following = after_working(noon, night, timedelta(hours=lasts))

    assert last - noon < timedelta(days=1) < following - noon


def test_hours_that_the_clock_skips_are_no_hours_that_day() -> None:
    skipped = Hours("Europe/Berlin", frozenset({6}), 2 * 60, 3 * 60)

    found = after_working(datetime(2026, 3, 29, tzinfo=UTC), skipped, timedelta(0))

    assert found == datetime(2026, 4, 5, 0, 0, tzinfo=UTC)


def test_hours_around_the_clock_have_no_seam() -> None:
    always = Hours("America/New_York", frozenset(range(7)), 0, 24 * 60)
    begin = datetime(2026, 10, 30, 12, 34, 56, tzinfo=UTC)

    moments = [after_working(begin, always, timedelta(hours=h)) for h in range(100)]

    assert {b - a for a, b in pairwise(moments)} == {timedelta(hours=1)}


def test_hours_without_a_day_and_means_outside_the_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="day"):
        next_asking(datetime(2026, 1, 1, tzinfo=UTC), Hours("UTC", frozenset(), 0, 60), MEAN, Bytes(b"0" * 7))
    with pytest.raises(ValueError, match="mean"):
        draw_gap(SHORTEST, Bytes(b"0" * 7))
