"""The compiler of Casbin models and a stock PyCasbin give the same answers.

Over generated policies and requests for models of the covered family. PyCasbin is asked for the
whole policy; where it raises it has no answer, and where it is known to deviate from Casbin's
definition (see ``docs/casbin.md``) it is not asked. An unknown never permits, so questions here
give every value.
"""

import casbin
import pytest
from casbin.model.model import Model
from casbin.persist.adapters import StringAdapter
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import kleene
from policies.bundle import model_text
from policies.casbin import compiled, model
from policies.casbin.operators import compiled as operator
from policies.casbin.tree import Operator
from policies.conditions import parse
from policies.decide import decide, facts_at
from policies.index import path_of
from tests.policies.casbin.worlds import (
    PATTERNS,
    WORLDS,
    conf,
    effects,
    loaded,
    names,
    objects,
    requests,
    written,
)
from tests.policies.strategies import DECLARATIONS, DECLARED, MONDAY, policies, questions


def stock(conf_text, text):
    held = Model()
    held.load_model_from_text(conf_text)
    return casbin.Enforcer(held, StringAdapter(text))


@pytest.mark.parametrize("name", list(WORLDS))
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_the_compiler_and_pycasbin_agree(name, data):
    """Circles of roles are among them; chains stay within the ten links that Casbin follows."""
    conf_text, text = written(data, name)
    policy, enforcer = loaded(conf_text, text), stock(conf_text, text)

    for asked in data.draw(requests(name)):
        decision = policy.decide(dict(zip(policy.model.parameters, asked, strict=True)), {}, MONDAY)

        assert decision.permitted is enforcer.enforce(*asked), (text, asked)


@given(
    st.lists(
        st.tuples(st.sampled_from(["/a/:id", "/b/*", "data1"]), st.sampled_from(["g1", "g2"])),
        unique=True,
    ),
    st.lists(st.tuples(names, st.sampled_from(["g1", "g2", "/a/1"]), effects), min_size=1, max_size=6),
    st.lists(st.tuples(names, objects), min_size=10, max_size=10),
)
@settings(deadline=None, max_examples=60)
def test_patterns_of_roles_agree_with_a_registered_matching_function(links, rules, asked):
    """Members are patterns. PyCasbin loses a group that is asked for by a pattern, and lets one pattern be
    a member by another; neither is asked here."""
    conf_text = conf("sub, obj", "sub, obj, eft", "r.sub == p.sub && g(r.obj, p.obj)", [("g", "_, _")])
    text = "\n".join([*(f"p, {', '.join(r)}" for r in rules), *(f"g, {', '.join(link)}" for link in links)])
    policy = loaded(conf_text + "[role_matching]\ng = keyMatch2\n", text)
    enforcer = stock(conf_text + "[role_matching]\ng = keyMatch2\n", text)
    enforcer.add_named_matching_func("g", casbin.util.key_match2)
    enforcer.build_role_links()

    for subject, thing in asked:
        decision = policy.decide({"sub": subject, "obj": thing}, {}, MONDAY)

        assert decision.permitted is enforcer.enforce(subject, thing), (text, subject, thing)


def condition(text):
    tree = None if text == "-" else parse(text, DECLARED)
    return lambda facts: True if tree is None else kleene.evaluate(tree, facts).value


@given(policies, st.lists(questions, min_size=10, max_size=10))
@settings(deadline=None, max_examples=100)
def test_the_compiler_given_the_served_model_decides_as_the_product_does(policy, asked):
    """One function is registered, as for a stock Enforcer; the product's own path is the other side."""
    text = f"{model_text()}\n[role_matching]\ng2 = keyMatch\n"
    read, problems = model.read(text, functions={"condition": Operator(condition, pattern=0, values=True)})
    assert read is not None, problems
    bundle = policy.bundle
    rows = policy.text.replace(DECLARATIONS, "")  # another model declares nothing

    for question in asked:
        request = question.request
        links = "\n".join(f"g, {a.member}, {a.group}" for a in question.assignments)
        policy_of = compiled.load(f"{rows}\n{links}\n", read)
        assert policy_of.policy is not None, policy_of.problems
        facts = {**facts_at(request.attributes, question.now), "path": path_of(request.resource)}
        values = {"sub": str(request.subject), "act": request.action, "obj": request.resource, "ctx": facts}

        generic = policy_of.policy.decide(values, {}, question.now)
        served = decide(request, bundle=bundle, assignments=question.assignments, now=question.now)

        assert generic.permitted is served.permitted
        assert sorted(generic.determining) == list(served.determining)
        assert sorted(e.rule for e in generic.erring) == [e.rule for e in served.erring]


@given(st.sampled_from(sorted(PATTERNS)), st.data())
@settings(deadline=None, max_examples=200)
def test_operators_agree_with_pycasbin_where_it_follows_the_definition(name, data):
    pattern, value = data.draw(st.sampled_from(PATTERNS[name])), data.draw(objects)
    theirs = getattr(
        casbin.util,
        {"keyMatch": "key_match", "regexMatch": "regex_match", "globMatch": "glob_match"}.get(
            name, f"key_match{name[-1]}"
        ),
    )

    assert operator(name, pattern)(value) is bool(theirs(value, pattern))
