"""What the first touch of a key tells."""

from datetime import timedelta

import pytest

from domain.evidence import Kind
from evidence.first_tap import from_first_tap
from evidence.key_sentences import CLEAN
from tests.evidence.scenes import NOON, CountingIds


def first(delivered_at, place=()):
    return from_first_tap(
        place, person="p1", session="s1", key="key_1", delivered_at=delivered_at, ids=CountingIds(), now=NOON
    )


@pytest.mark.parametrize(
    ("delivered", "hours", "said"),
    [
        (NOON - timedelta(minutes=59), 0, "0 hours after its delivery"),
        (NOON - timedelta(hours=1), 1, "1 hour after its delivery"),
        (NOON + timedelta(hours=3), 0, "0 hours after its delivery"),
        (None, None, "no delivery was noted"),
    ],
)
def test_hours_since_the_delivery_are_whole_and_never_negative(delivered, hours, said):
    seen = first(delivered)

    assert seen.value == {"country": None, "asn": None, "hours": hours}
    assert CLEAN[Kind.CEREMONY_FIRST_TAP](seen.value) == f"The key was touched for the first time, {said}"


def test_it_counts_against_nobody():
    assert not first(None).adverse
