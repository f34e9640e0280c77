"""Any text is a model, a policy or a question, or is refused with its place.

Never a crash, and never an allow without a rule that permits.
"""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Invalid
from policies.casbin import compiled, matcher, model, question
from policies.casbin.bundle import load
from policies.casbin.matcher import Scope
from policies.casbin.tree import BUILTIN
from policies.problems import Refusal, Severity
from tests.policies.casbin.world import NOON, conf

fuzz = settings(deadline=None, max_examples=300)
PIECES = (
    *(
        "[request_definition]",
        "[matchers]",
        "[role_definition]",
        "[role_matching]",
        "\n",
        "=",
        "#",
        ";",
        "\\\n",
    ),
    *(
        "r",
        "p",
        "e",
        "m",
        "g",
        "g2",
        "sub, obj, act",
        "_, _",
        "(_, _)",
        "some(where (p.eft == allow))",
        "keyMatch2",
    ),
    *(
        "r.sub",
        "p.sub",
        "r.sub.Age",
        "'a'",
        '"a"',
        "18",
        "-1.5",
        "true",
        "&&",
        "||",
        "!",
        "(",
        ")",
        "[",
        "]",
        ",",
    ),
    *(
        "==",
        "!=",
        "<=",
        ">",
        "in",
        "g(",
        "keyMatch(",
        "regexMatch(",
        "eval(",
        "timeMatch(",
        "\ufeff",
        "\0",
        "é",
    ),
)
PARTS = (
    "p",
    "g",
    "g2",
    ",",
    ", ",
    "\n",
    "\r",
    '"',
    "'",
    "(",
    ")",
    "[",
    "]",
    "#",
    "alice",
    "data1",
    "*",
    "^a$",
    "(a|b)",
    "allow",
    "deny",
    "r.sub.Age > 1",
)
pieces = st.lists(st.sampled_from(PIECES), max_size=40)
anything = st.text() | pieces.map(" ".join) | pieces.map("".join)
rows = st.text() | st.lists(st.sampled_from(PARTS), max_size=40).map("".join)
SCOPE = Scope(("sub", "obj"), ("sub", "rule"), {"g": False, "g2": True}, BUILTIN)
MATCHERS = (
    "eval(p.rule) && (p.sub == '*' || g(r.sub, p.sub)) && r.obj == p.obj",
    "regexMatch(r.sub, p.sub) && keyMatch2(r.obj, p.obj) && p.rule == r.act",
    "!(r.sub == p.sub) || globMatch(r.obj, p.obj) && ipMatch(r.act, p.rule)",
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def placed(problems):
    return all(p.line >= 1 and p.column >= 1 and p.message for p in problems)


@given(anything)
@fuzz
def test_any_model_is_read_or_refused_with_its_problems(text):
    read, problems = model.read(text)

    assert placed(problems)
    assert (read is None) is any(p.severity is Severity.ERROR for p in problems)


@given(st.sampled_from(MATCHERS), st.data())
@fuzz
def test_a_damaged_model_is_read_or_refused(text, data):
    whole = conf(text, p="sub, rule, obj, eft", g=["g = _, _"])
    cut = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(cut, min(len(whole), cut + 5)))

    read, problems = model.read(whole[:cut] + data.draw(st.text(max_size=3)) + whole[end:])

    assert placed(problems)
    assert (read is None) is any(p.severity is Severity.ERROR for p in problems)


@given(anything)
@fuzz
def test_any_matcher_is_read_or_refused_inside_its_text(text):
    assert 0 <= _offset(text) <= len(text)


def _offset(text):
    try:
        matcher.parse(text, SCOPE)
    except Refusal as refusal:
        return refusal.offset
    return 0


@given(st.sampled_from(MATCHERS), rows)
@fuzz
def test_any_policy_is_loaded_or_refused_with_its_problems(text, csv):
    read, _ = model.read(conf(text, p="sub, rule, obj, eft", g=["g = _, _"]))
    assert read is not None

    loaded = compiled.load(csv, read)

    assert placed(loaded.problems)
    assert (loaded.policy is None) is any(p.severity is Severity.ERROR for p in loaded.problems)


@given(
    st.sampled_from(MATCHERS),
    st.lists(
        st.tuples(
            st.sampled_from(["*", "a", "b"]),
            st.sampled_from(["true", "r.sub.Age > 1", "false || r.sub == 'a'"]),
            st.sampled_from(["x", "/a", "/a/b"]),
            st.sampled_from(["allow", "deny"]),
        ),
        max_size=5,
    ),
    st.dictionaries(st.sampled_from(["sub", "obj", "act"]), json_values),
    st.dictionaries(st.sampled_from(["sub", "obj", "act"]), st.dictionaries(st.just("Age"), json_values)),
)
@fuzz
def test_nothing_is_allowed_without_a_rule_that_permits(text, rules, values, properties):
    read, _ = model.read(conf(MATCHERS[0], p="sub, rule, obj, eft", g=["g = _, _"]))
    assert read is not None
    csv = "\n".join(f"p, {', '.join(rule)}" for rule in rules)
    policy = compiled.load(csv, read).policy
    assert policy is not None

    decision = policy.decide(values, properties, NOON)

    effects = [rules[int(name.removeprefix("line ")) - 1][3] for name in decision.determining]
    assert set(effects) <= {"allow"} if decision.permitted else set(effects) <= {"deny"}
    assert not decision.permitted or effects


BODY = {
    "subject": {"type": "user", "id": "a"},
    "action": {"name": "read"},
    "resource": {"type": "data", "id": "x"},
}


@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(str.encode)
    | json_values.map(lambda v: json.dumps(v).encode())
)
@fuzz
def test_any_line_is_a_question_or_refused_with_a_code(line):
    _answered(line)


@given(
    st.dictionaries(st.sampled_from([*BODY, "context", "now"]), json_values),
    st.sampled_from(["", "type", "id", "name"]),
)
@fuzz
def test_a_damaged_question_is_answered_or_refused_with_a_code(members, spoilt):
    body = {name: {k: v for k, v in held.items() if k != spoilt} for name, held in BODY.items()} | members

    _answered(json.dumps(body).encode())


CONF = conf(
    "r.sub == p.sub && keyMatch(r.obj, p.obj) && r.dom == p.dom", r="sub, obj, dom", p="sub, obj, dom, eft"
)
DECIDER = load(CONF, "p, a, *, d1, allow").decider


def _answered(line):
    code, remedy, decision = _asked(line)

    assert decision is not None or (code.startswith("question-") and remedy)
    assert decision is None or not decision.permitted or decision.determining == ("line 1",)


def _asked(line):
    try:
        assert DECIDER is not None
        return "", "", DECIDER.answer(question.read(line, NOON))
    except Invalid as refused:
        return refused.code, refused.remedy, None
