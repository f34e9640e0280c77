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
from policies.problems import Severity
from tests.policies.strategies import MONDAY, policies, questions

ALLOW = "some(where (p.eft == allow))"
BOTH = f"{ALLOW} && !some(where (p.eft == deny))"
NAMES = ("alice", "bob", "admin", "staff", "root")
OBJECTS = ("data1", "data2", "/a", "/a/1", "/a/1/x", "/b/2", "/a.b", "/aXb")
PATTERNS = {
    "keyMatch": ("/a", "/a*", "/a/*", "*", "data1"),
    "keyMatch2": ("/a", "/a/:id", "/a/*", "/:x/:y/x", "data1"),
    "keyMatch3": ("/a", "/a/{id}", "/a/*", "/{x}/{y}/x", "data1"),
    "keyMatch4": ("/a/{id}", "/{x}/{x}", "/a/*", "data1"),
    "keyMatch5": ("/a/{id}", "/a/*", "data1"),
    "regexMatch": ("^/a$", "^/a/[0-9]+$", "^(/a|data1)$", "^.*$"),
    "globMatch": ("/a", "/*", "/a/*", "/?", "data[12]", "*"),
}
ACTIONS = ("read", "write", "*")
DOMAINS = ("d1", "d2")


def conf(parameters, columns, matcher, roles=(), effect=BOTH):
    kinds = "\n".join(f"{name} = {form}" for name, form in roles)
    roles_section = f"[role_definition]\n{kinds}\n" if roles else ""
    return (
        f"[request_definition]\nr = {parameters}\n[policy_definition]\np = {columns}\n{roles_section}"
        f"[policy_effect]\ne = {effect}\n[matchers]\nm = {matcher}\n"
    )


# name: (model, strategies of the columns, strategies of the links by kind, strategies of a request)
names, objects, actions, domains = (st.sampled_from(v) for v in (NAMES, OBJECTS, ACTIONS, DOMAINS))
few, verbs = st.sampled_from(OBJECTS[:3]), st.sampled_from(ACTIONS[:2])
effects = st.sampled_from(["allow", "allow", "deny"])
link, in_domain = st.tuples(names, names), st.tuples(names, names, domains)
WORLDS: dict[str, tuple] = {
    "acl": (
        conf("sub, obj, act", "sub, obj, act, eft", "r.sub == p.sub && r.obj == p.obj && r.act == p.act"),
        (names, few, verbs, effects),
        {},
        (names, few, verbs),
    ),
    "root and stars": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            '(p.sub == "*" || r.sub == p.sub) && (r.obj == p.obj || p.obj == "*")'
            ' && r.act == p.act || r.sub == "root"',
        ),
        (st.sampled_from([*NAMES, "*"]), st.sampled_from([*OBJECTS, "*"]), actions, effects),
        {},
        (names, objects, actions),
    ),
    "roles": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act",
            [("g", "_, _")],
        ),
        (names, few, verbs, effects),
        {"g": link},
        (names, few, verbs),
    ),
    "resource roles": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            "g(r.sub, p.sub) && g2(r.obj, p.obj) && (p.act == '*' || r.act == p.act)",
            [("g", "_, _"), ("g2", "_, _")],
        ),
        (names, st.sampled_from([*OBJECTS, "group"]), actions, effects),
        {"g": link, "g2": st.tuples(objects, st.sampled_from(["group", "group2", "data1"]))},
        (names, objects, actions),
    ),
    "domains": (
        conf(
            "sub, dom, obj, act",
            "sub, dom, obj, act, eft",
            "g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act",
            [("g", "_, _, _")],
        ),
        (names, domains, few, verbs, effects),
        {"g": in_domain},
        (names, domains, few, verbs),
    ),
    "domain of the rule": (
        conf(
            "sub, obj, act",
            "sub, dom, obj, act, eft",
            "g(r.sub, p.sub, p.dom) && !(r.obj != p.obj) && r.act in ('read', 'write')",
            [("g", "_, _, _")],
        ),
        (names, domains, few, verbs, effects),
        {"g": in_domain},
        (names, few, verbs),
    ),
    "rebac": (
        conf(
            "sub, obj, act",
            "role, kind, act, eft",
            "g(r.sub, r.obj, p.role) && g2(r.obj, p.kind) && r.act == p.act",
            [("g", "_, _, _"), ("g2", "_, _")],
        ),
        (st.sampled_from(["owner", "reader"]), st.sampled_from(["doc", "data1"]), verbs, effects),
        {
            "g": st.tuples(names, few, st.sampled_from(["owner", "reader"])),
            "g2": st.tuples(few, st.just("doc")),
        },
        (names, few, verbs),
    ),
    "not a member": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            "!g(r.sub, p.sub) && r.obj == p.obj && (r.act == p.act || p.act == '*')",
            [("g", "_, _")],
        ),
        (names, objects, actions, effects),
        {"g": link},
        (names, objects, actions),
    ),
    **{
        name: (
            conf(
                "sub, obj, act",
                "sub, obj, act, eft",
                f"g(r.sub, p.sub) && {name}(r.obj, p.obj) && r.act == p.act",
                [("g", "_, _")],
            ),
            (names, st.sampled_from(patterns), actions, effects),
            {"g": link},
            (names, objects, actions),
        )
        for name, patterns in PATTERNS.items()
    },
    "paths or groups": (
        conf(
            "sub, obj, act",
            "sub, obj, act, eft",
            "g(r.sub, p.sub) && (keyMatch2(r.obj, p.obj) || g2(r.obj, p.obj)) && r.act == p.act",
            [("g", "_, _"), ("g2", "_, _")],
        ),
        (names, st.sampled_from([*PATTERNS["keyMatch2"], "group"]), actions, effects),
        {"g": link, "g2": st.tuples(objects, st.just("group"))},
        (names, objects, actions),
    ),
}


def stock(conf_text, text):
    held = Model()
    held.load_model_from_text(conf_text)
    return casbin.Enforcer(held, StringAdapter(text))


def ours(conf_text, text):
    read, problems = model.read(conf_text)
    assert read is not None, problems
    loaded = compiled.load(text, read)
    assert loaded.policy is not None, [p for p in loaded.problems if p.severity is Severity.ERROR]
    return loaded.policy


@pytest.mark.parametrize("name", list(WORLDS))
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_the_compiler_and_pycasbin_agree(name, data):
    """Circles of roles are among them; chains stay within the ten links that Casbin follows."""
    conf_text, columns, links, request = WORLDS[name]
    rows = data.draw(st.lists(st.tuples(*columns), min_size=1, max_size=12))
    lines = ["p, " + ", ".join(row) for row in rows]
    for kind, fields in links.items():
        found = data.draw(st.lists(fields, max_size=8, unique=True))
        lines += [f"{kind}, " + ", ".join(row) for row in found]
    text = "\n".join(lines)
    policy, enforcer = ours(conf_text, text), stock(conf_text, text)

    for asked in data.draw(st.lists(st.tuples(*request), min_size=10, max_size=10)):
        decision = policy.decide(dict(zip(policy.model.parameters, asked, strict=True)), {}, MONDAY)

        assert decision.permitted is enforcer.enforce(*asked), (text, asked)


@pytest.mark.parametrize("name", list(WORLDS))
@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_the_index_leaves_out_no_rule_that_could_apply(name, data):
    """Whatever a question leaves open: a rule is passed over only if the matcher is false for it."""
    conf_text, columns, links, request = WORLDS[name]
    lines = [
        "p, " + ", ".join(row) for row in data.draw(st.lists(st.tuples(*columns), min_size=1, max_size=12))
    ]
    for kind, fields in links.items():
        lines += [f"{kind}, " + ", ".join(row) for row in data.draw(st.lists(fields, max_size=8))]
    policy = ours(conf_text, "\n".join(lines))
    whole = Scan(policy)

    for asked in data.draw(st.lists(st.tuples(*request), min_size=10, max_size=10)):
        given_ = data.draw(st.lists(st.booleans(), min_size=len(asked), max_size=len(asked)))
        pairs = zip(policy.model.parameters, asked, given_, strict=True)
        values = {name: value for name, value, kept in pairs if kept}

        assert policy.decide(values, {}, MONDAY) == whole.decide(values)


class Scan:
    """The same policy, with every rule a candidate of every question."""

    def __init__(self, policy):
        self.policy = policy

    def decide(self, values):
        index, self.policy._index = self.policy._index, self
        try:
            return self.policy.decide(values, {}, MONDAY)
        finally:
            self.policy._index = index

    def candidates(self, asked):
        return range(len(self.policy.rules))


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
    policy = ours(conf_text + "[role_matching]\ng = keyMatch2\n", text)
    enforcer = stock(conf_text + "[role_matching]\ng = keyMatch2\n", text)
    enforcer.add_named_matching_func("g", casbin.util.key_match2)
    enforcer.build_role_links()

    for subject, thing in asked:
        decision = policy.decide({"sub": subject, "obj": thing}, {}, MONDAY)

        assert decision.permitted is enforcer.enforce(subject, thing), (text, subject, thing)


def condition(text):
    tree = None if text == "-" else parse(text)
    return lambda facts: True if tree is None else kleene.evaluate(tree, facts).value


@given(policies, st.lists(questions, min_size=10, max_size=10))
@settings(deadline=None, max_examples=100)
def test_the_compiler_given_the_served_model_decides_as_the_product_does(policy, asked):
    """One function is registered, as for a stock Enforcer; the product's own path is the other side."""
    text = f"{model_text()}\n[role_matching]\ng2 = keyMatch\n"
    read, problems = model.read(text, functions={"condition": Operator(condition, pattern=0, values=True)})
    assert read is not None, problems
    bundle = policy.bundle

    for question in asked:
        request = question.request
        links = "\n".join(f"g, {a.member}, {a.group}" for a in question.assignments)
        loaded = compiled.load(f"{bundle.text}\n{links}\n", read)
        assert loaded.policy is not None, loaded.problems
        facts = {**facts_at(request.attributes, question.now), "path": path_of(request.resource)}
        values = {"sub": str(request.subject), "act": request.action, "obj": request.resource, "ctx": facts}

        generic = loaded.policy.decide(values, {}, question.now)
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
