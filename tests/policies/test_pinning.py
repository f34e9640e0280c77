"""A test that holds an effect fast: it passes by the new rules and fails by the old."""

import pytest
from hypothesis import given, settings

from policies import proof
from policies.bundle import load
from policies.effects import effects
from policies.pinning import given as written
from policies.pinning import pinned
from policies.shifts import Kind
from tests.policies.strategies import policies
from tests.policies.test_effects import BASE, CATALOGUE, EVERYBODY, LOGS
from tests.properties.test_policy_effects import CATALOGUE as WIDE
from tests.properties.test_policy_effects import PEOPLE

HELD = {one.name: one.memberships for one in EVERYBODY}


def pin(old, new, taken=()):
    """Return the test that holds the one effect of a change."""
    bundle = load(BASE + new)
    [effect] = effects(load(BASE + old), bundle, EVERYBODY, CATALOGUE).effects
    return pinned(effect, bundle, HELD, taken)


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("", LOGS.format("tier >= 2", "-"), "role:support, read, data:logs, tier = 2, allow, -"),
        (LOGS.format("tier >= 2", "-"), "", "role:support, read, data:logs, tier = 3, deny, -"),
        (
            "",
            "p, b, person:bob, read, data:logs, disk_encrypted and touch_age < 60s, -, allow\n",
            "person:bob + role:night, read, data:logs, disk_encrypted; touch_age = 0s, allow, -",
        ),
        ("", "p, n, role:none, read, data:logs, -, -, allow\n", "role:none, read, data:logs, -, allow, -"),
    ],
)
def test_a_test_is_offered_for_an_effect(old, new, row):
    assert pin(old, new) == f"t, read-data-logs, {row}"


def test_an_id_that_is_taken_is_numbered():
    new = LOGS.format("-", "-")

    assert pin("", new, {"read-data-logs", "read-data-logs-2"}).startswith("t, read-data-logs-3, ")


def test_facts_are_written_as_a_test_reads_them():
    facts = {"tier": 2, "remote_control": False, "time": 605, "os_version": (12, 5), "touch_age": 60}

    assert written(facts) == (
        "tier = 2; not remote_control; time = 10:05; os_version = 12.5; touch_age = 60s"
    )
    assert written({}) == "-"


@given(policies, policies)
@settings(deadline=None, max_examples=40)
def test_what_is_offered_passes_by_the_new_rules_and_fails_by_the_old(old, new):
    held = {one.name: one.memberships for one in PEOPLE}
    before, after = old.bundle, new.bundle

    for effect in effects(before, after, PEOPLE, WIDE).effects:
        row = pinned(effect, after, held, ())
        if row is not None:
            [kept] = proof.run(load(f"{new.text}{row}\n"))
            assert kept.passed
            if effect.who and effect.label == "" and effect.shift.kind is not Kind.TERMS:
                [kept] = proof.run(load(f"{old.text}{row}\n"))
                assert not kept.passed
