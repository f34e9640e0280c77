"""The laws of decisions hold for every model of the covered family, whatever a question leaves out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policies.casbin.worlds import ACTIONS, DOMAINS, NAMES, OBJECTS, WORLDS, loaded, requests, written
from tests.policies.strategies import MONDAY

POOLS = {"sub": NAMES, "obj": OBJECTS, "act": ACTIONS, "dom": DOMAINS}
worlds = pytest.mark.parametrize("name", list(WORLDS))
law = settings(deadline=None, max_examples=25)


def decided(policy, values):
    return policy.decide(values, {}, MONDAY)


def questions(data, name, policy):
    """Draw questions that leave out some of the parameters."""
    found = []
    for asked in data.draw(requests(name)):
        kept = data.draw(st.lists(st.booleans(), min_size=len(asked), max_size=len(asked)))
        named = zip(policy.model.parameters, asked, kept, strict=True)
        found.append({parameter: value for parameter, value, keep in named if keep})
    return found


class Scan:
    """A policy with every rule a candidate of every question."""

    def __init__(self, policy):
        self.policy = policy

    def decide(self, values):
        index, self.policy._index = self.policy._index, self
        try:
            return decided(self.policy, values)
        finally:
            self.policy._index = index

    def candidates(self, asked):
        return range(len(self.policy.rules))


@worlds
@given(data=st.data())
@law
def test_the_index_leaves_out_no_rule_that_could_apply(name, data):
    policy = loaded(*written(data, name))
    whole = Scan(policy)

    for values in questions(data, name, policy):
        assert decided(policy, values) == whole.decide(values)


@worlds
@given(data=st.data())
@law
def test_what_is_settled_without_a_fact_is_settled_so_whatever_the_fact_is(name, data):
    """Kleene's logic: true and false stand for every completion, so withholding never opens a door."""
    policy = loaded(*written(data, name, rules=3))

    for values in questions(data, name, policy):
        partial = decided(policy, values)
        unsettled = {error.rule for error in partial.erring}
        for _ in range(3):
            rest = {
                p: data.draw(st.sampled_from(POOLS[p])) for p in policy.model.parameters if p not in values
            }
            complete = decided(policy, {**values, **rest})

            forbidden = bool(partial.determining) and not partial.permitted
            assert not partial.permitted or complete.permitted
            assert complete.erring == ()
            if not complete.permitted:
                assert set(complete.determining) <= set(partial.determining)
            elif not forbidden:
                assert set(complete.determining) <= set(partial.determining) | unsettled


@worlds
@given(data=st.data(), deny=st.booleans())
@law
def test_an_allow_more_never_revokes_and_a_deny_more_never_grants(name, data, deny):
    conf_text, text = written(data, name)
    columns = WORLDS[name][1]
    row = data.draw(st.tuples(*columns[:-1]))
    before = loaded(conf_text, text)
    after = loaded(conf_text, f"{text}\np, {', '.join(row)}, {'deny' if deny else 'allow'}")

    for values in questions(data, name, before):
        old, new = decided(before, values).permitted, decided(after, values).permitted
        assert (not new or old) if deny else (not old or new)


@worlds
@given(data=st.data())
@law
def test_neither_the_order_of_rules_nor_a_repeated_one_matters(name, data):
    conf_text, text = written(data, name)
    lines = text.split("\n")
    other = loaded(conf_text, "\n".join([*data.draw(st.permutations(lines)), lines[0]]))
    policy = loaded(conf_text, text)

    for values in questions(data, name, policy):
        assert decided(policy, values).permitted is decided(other, values).permitted


@worlds
@given(data=st.data())
@law
def test_it_is_permitted_only_by_an_allow_and_never_beside_a_deny(name, data):
    policy = loaded(*written(data, name))
    denies = {rule.id for rule in policy.rules if rule.deny}

    for values in questions(data, name, policy):
        decision = decided(policy, values)
        named = set(decision.determining)
        assert bool(named) and not named & denies if decision.permitted else named <= denies
