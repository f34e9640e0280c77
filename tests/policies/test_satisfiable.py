"""Whether a condition can be true or false is found by trying, and agrees with trying more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import kleene
from policies.conditions import parse
from policies.satisfiable import MAX_TRIED, outcomes
from tests.policies.strategies import facts, parsed, trees


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("tier >= 2 and tier < 2", {False}),
        ("tier >= 0", {True}),
        ("tier > 3", {False}),
        ("tier == 1 or tier != 1", {True}),
        ("touch_age < 60s and touch_age > 59s", {False}),
        ("touch_age < 60s and touch_age > 58s", {True, False}),
        ("remote_control and not remote_control", {False}),
        ("country == DE and country == US", {False}),
        ("country != DE or country != US", {True}),
        ("time in 09:00-17:00 and time in 17:00-18:00", {False}),
        ("time in 09:00-17:01 and time in 17:00-18:00", {True, False}),
        ("weekday in {mon tue wed thu fri sat sun}", {True}),
        ("os_version >= 12.5 and os_version < 12", {False}),
        ("os_version >= 12.5 and os_version < 13", {True, False}),
        ("asn in {1 2} and asn == 3", {False}),
    ],
)
def test_what_is_never_or_always_true_is_found(text, possible):
    assert outcomes(parse(text)) == possible


@given(trees, st.lists(facts, min_size=5, max_size=5))
def test_no_fact_gives_what_is_said_to_be_impossible(tree, known):
    condition = parsed(tree)
    possible = outcomes(condition)

    for fact in known:
        whole = {"time": 600, "weekday": "mon", **fact}
        assert kleene.evaluate(condition, whole).value in {*possible, None}


def test_nothing_is_said_of_what_would_take_too_long_to_try():
    names = ("touch_age", "posture_age", "asn", "presence_missed")
    text = " and ".join(
        f"{name} < {n}{'s' if 'age' in name else ''}" for name in names for n in (10, 20, 30, 40)
    )

    assert 12 ** len(names) > MAX_TRIED
    assert outcomes(parse(text)) == {True, False}
