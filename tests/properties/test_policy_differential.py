"""Doorward, a stock PyCasbin Enforcer and the reference decider give the same answers."""

import casbin
from casbin.model.model import Model
from casbin.persist.adapters import StringAdapter
from casbin.util import key_match_func
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import kleene
from policies.bundle import model_text
from policies.conditions import parse
from policies.decide import decide, facts_at
from tests.policies.strategies import ACTION_LINKS, policies, questions
from tests.reference import decider


class Unknown(Exception):
    """What the registered function raises where a condition is neither true nor false."""


def condition(text, facts):
    """The one function that a stock Enforcer needs, as ``docs/policy.md`` gives it."""
    value = True if text == "-" else kleene.evaluate(parse(text), facts).value
    if value is None:
        raise Unknown
    return value


def stock(text, assignments):
    """Return a stock Enforcer over the bundle's own text, given the assignments as g rows."""
    model = Model()
    model.load_model_from_text(model_text())
    enforcer = casbin.Enforcer(model, StringAdapter(text))
    enforcer.enable_auto_save(False)  # a StringAdapter cannot save
    for link in assignments:
        enforcer.add_named_grouping_policy("g", link.member, link.group)
    enforcer.add_function("condition", condition)
    enforcer.add_named_matching_func("g2", key_match_func)
    return enforcer


def ask_stock(enforcer, asked):
    """Return its answer; rule by rule where it raises: the exception is that rule's unknown."""
    try:
        return enforcer.enforce(*asked)
    except Unknown:
        rows = list(enforcer.get_policy())
    permits = forbids = False
    for row in rows:
        enforcer.model["p"]["p"].policy = [[*row[:-1], "allow"]]
        try:
            applies = enforcer.enforce(*asked)
        except Unknown:
            applies = row[-1] == "deny"
        permits |= applies and row[-1] == "allow"
        forbids |= applies and row[-1] == "deny"
    enforcer.model["p"]["p"].policy = rows
    return permits and not forbids


@given(policies, st.lists(questions, min_size=20, max_size=20))
@settings(deadline=None, max_examples=125)
def test_three_deciders_agree_on_every_question(policy, asked):
    bundle = policy.bundle

    for question in asked:
        request = question.request
        facts = facts_at(request.attributes, question.now)
        links = [(link.member, link.group) for link in question.assignments]
        ours = decide(request, bundle=bundle, assignments=question.assignments, now=question.now)
        casbins = ask_stock(
            stock(bundle.text, question.assignments),
            (str(request.subject), request.action, request.resource, facts),
        )
        plain, determining = decider.decide(
            policy.rules,
            [*policy.role_links, *links],
            policy.resource_links,
            ACTION_LINKS,
            str(request.subject),
            request.action,
            request.resource,
            facts,
        )

        assert ours.permitted is casbins is plain
        assert set(ours.determining) == determining


@given(policies)
@settings(deadline=None, max_examples=50)
def test_casbin_reads_the_same_rows_from_the_text(policy):
    bundle = policy.bundle

    enforcer = stock(bundle.text, ())

    assert enforcer.get_policy() == [list(rule.row) for rule in bundle.rules]
    assert {tuple(row) for row in enforcer.get_named_grouping_policy("g")} == set(policy.role_links)
    assert {tuple(row) for row in enforcer.get_named_grouping_policy("g2")} == set(policy.resource_links)
