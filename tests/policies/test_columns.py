"""A rule is read back from the text as it was written, one by one or all in order."""

import pytest
from hypothesis import given

from policies.bundle import load
from tests.policies.strategies import policies
from tests.policies.world import allow, deny


@given(policies)
def test_rules_are_read_back_as_they_were_written(policy):
    rules = policy.bundle.rules

    assert [(r.id, r.subject, r.action, r.resource) for r in rules] == [row[:4] for row in policy.rules]
    assert [rules[n] for n in range(len(rules))] == list(rules)


def test_spaces_do_not_change_what_a_rule_says():
    spaced = load("  p ,open,role:support ,  read,data:logs, tier >= 2 ,-,allow  \n\n" + deny()).rules

    assert [rule.row for rule in spaced] == [rule.row for rule in load(allow("tier >= 2") + deny()).rules]


def test_rules_are_a_sequence():
    rules = load(allow(rule="a") + allow(resource="data:x", rule="b")).rules

    assert len(rules) == 2
    assert rules[-1].id == "b"
    assert [rule.id for rule in rules[:1]] == ["a"]
    with pytest.raises(IndexError):
        rules[2]
