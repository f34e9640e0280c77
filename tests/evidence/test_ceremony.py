"""What one touch tells, and what it never holds against anybody."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.evidence import Binding, Kind
from evidence.ceremony import Ceremony, TouchTimes, from_ceremony, touch_times
from tests.evidence.scenes import NOON, CountingIds

USUAL = Ceremony(
    purpose="login",
    key="key_1",
    asked_at=NOON - timedelta(seconds=3, milliseconds=250),
    answered_at=NOON,
    count_before=7,
    count_now=8,
    registered=("usb", "nfc"),
    seen=frozenset({"cross-platform"}),
    attachment="cross-platform",
    remote=False,
)


def told(ceremony):
    return {o.kind: o for o in from_ceremony(ceremony, person="p1", session="s1", ids=CountingIds())}


def test_a_usual_touch_speaks_against_nobody():
    seen = told(USUAL)

    assert {kind: o.value for kind, o in seen.items()} == {
        Kind.CEREMONY_TOUCH: {"purpose": "login", "ms": 3250},
        Kind.CEREMONY_COUNTER: {"delta": 1},
        Kind.CEREMONY_TRANSPORT: {
            "attachment": "cross-platform",
            "seen": ["cross-platform"],
            "registered": ["nfc", "usb"],
        },
        Kind.CEREMONY_REDIRECTED: {"by": []},
    }
    assert not any(o.adverse for o in seen.values())
    assert {(o.device, o.session, o.binding) for o in seen.values()} == {("key_1", "s1", Binding.D2)}


def test_neither_slow_hands_nor_a_counter_that_leapt_are_held_against_anybody():
    seen = told(replace(USUAL, asked_at=NOON - timedelta(minutes=3), count_now=9000))

    assert seen[Kind.CEREMONY_TOUCH].value["ms"] == 180_000
    assert seen[Kind.CEREMONY_COUNTER].value == {"delta": 8993}
    assert not any(o.adverse for o in seen.values())


def test_a_key_without_a_counter_tells_nothing_of_it():
    assert Kind.CEREMONY_COUNTER not in told(replace(USUAL, count_before=0, count_now=0))


def test_a_clock_that_was_set_back_makes_no_negative_time():
    assert told(replace(USUAL, asked_at=NOON + timedelta(seconds=1)))[Kind.CEREMONY_TOUCH].value["ms"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"seen": frozenset({"platform"})},
        {"seen": frozenset({"platform", "cross-platform"})},
        {"seen": frozenset(), "attachment": "platform"},
        {"registered": (), "attachment": "platform"},
    ],
    ids=["was-otherwise", "was-both", "cannot-be-by-its-transports", "changed-with-unknown-transports"],
)
def test_a_key_that_hangs_otherwise_than_before_speaks_against(changes):
    assert told(replace(USUAL, **changes))[Kind.CEREMONY_TRANSPORT].adverse


def test_a_repeated_change_is_not_the_new_usual():
    """The way of before is held up for the whole month, not just against the last touch."""
    assert told(replace(USUAL, seen=frozenset({"platform", "cross-platform"})))[
        Kind.CEREMONY_TRANSPORT
    ].adverse


def test_the_first_touch_of_a_key_has_nothing_to_differ_from():
    assert not told(replace(USUAL, seen=frozenset(), registered=()))[Kind.CEREMONY_TRANSPORT].adverse


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ({"attachment": "platform"}, ["platform"]),
        ({"registered": ("hybrid", "internal")}, ["hybrid"]),
        ({"remote": True}, ["remote"]),
        ({"remote": True, "attachment": None}, ["remote"]),
    ],
)
def test_a_redirected_use_speaks_against(changes, by):
    seen = told(replace(USUAL, **changes))[Kind.CEREMONY_REDIRECTED]

    assert seen.adverse
    assert seen.value == {"by": by}


def test_a_browser_that_does_not_tell_ends_nothing():
    """Leaving the attachment out must not pass for the end of a redirection."""
    kinds = set(told(replace(USUAL, attachment=None)))

    assert kinds == {Kind.CEREMONY_TOUCH, Kind.CEREMONY_COUNTER}


def test_what_nobody_signed_has_half_the_quality():
    qualities = {kind: o.quality for kind, o in told(USUAL).items()}

    assert qualities[Kind.CEREMONY_TOUCH] == qualities[Kind.CEREMONY_COUNTER] == 1000
    assert qualities[Kind.CEREMONY_TRANSPORT] == qualities[Kind.CEREMONY_REDIRECTED] == 500


def test_quantiles_are_times_that_were_seen():
    values = [{"purpose": "login", "ms": ms} for ms in range(200, 0, -2)] + [{"purpose": "sign", "ms": 40}]

    assert touch_times(values) == (
        TouchTimes("login", 100, 100, 180, 198),
        TouchTimes("sign", 1, 40, 40, 40),
    )
    assert touch_times([]) == ()
