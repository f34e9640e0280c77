"""Doorward, a stock PyCasbin Enforcer and the reference decider give the same answers."""

import pytest
from hypothesis import given, settings

from tests.policies.strategies import ACTION_LINKS, policies
from tests.properties.differential import compare, stock

CHOSEN = 20_000
SEEDS = range(16)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_deciders_agree_on_every_question(seed):
    """Which rules determine it, too. A share of the decisions in each part, so that they run side by side."""
    count = CHOSEN // len(SEEDS)

    permitted = compare(seed, count)

    assert 0.1 * count < permitted < 0.9 * count


@given(policies)
@settings(deadline=None, max_examples=50)
def test_casbin_reads_the_same_rows_from_the_text(policy):
    bundle = policy.bundle

    enforcer = stock(bundle.text, ())

    assert enforcer.get_policy() == [list(rule.row) for rule in bundle.rules]
    assert {tuple(row) for row in enforcer.get_named_grouping_policy("g")} == set(policy.role_links)
    assert {tuple(row) for row in enforcer.get_named_grouping_policy("g2")} == set(policy.resource_links)
    assert {tuple(row) for row in enforcer.get_named_grouping_policy("g3")} == set(ACTION_LINKS)
