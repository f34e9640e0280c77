"""What rules hold beside plain text: conditions, patterns, periods, and a star that nothing reads.

Attackers: an author whose rule text would be spliced into the matcher, or whose
pattern forbids less than it seems.
"""

import casbin
import pytest
from casbin.model.model import Model

from policies.casbin import compiled
from tests.policies.casbin.world import ask, conf, errors, load, read


def refusals(text, matcher, **options):
    loaded = compiled.load(text, read(conf(matcher, **options)))
    assert loaded.policy is None
    return [(p.line, p.column, p.code) for p in errors(loaded.problems)]


EVAL = {"matcher": "eval(p.rule) && r.obj == p.obj && r.act == p.act", "p": "rule, obj, act"}


def test_a_rule_may_hold_its_condition():
    policy = load(
        "p, r.sub.Age > 18 && r.sub in ('a', 'b'), data1, read\np, false || r.sub == 'c', data1, read", **EVAL
    )

    assert ask(policy, "a", "data1", "read", sub={"Age": 19}).determining == ("line 1",)
    assert not ask(policy, "a", "data1", "read", sub={"Age": 18}).permitted
    assert ask(policy, "c", "data1", "read").determining == ("line 2",)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("True) or (True", 5),
        ("true) || (true", 9),
        ("r.sub == 'a') || (true", 17),
        ("__import__('os') == 1", 5),
        ("eval(p.rule)", 5),
        ("r.sub.Age = 2", 15),
        ("r.sub.Age >", 16),
    ],
)
def test_the_text_of_a_condition_is_read_and_never_spliced(text, column):
    found = refusals(f'p, "{text}", data1, read', **EVAL)

    assert [(line, at) for line, at, _ in found] == [(1, column)]


def test_casbin_splices_the_text_of_a_condition():
    held = Model()
    held.load_model_from_text(
        conf(
            "eval(p.rule) && r.obj == p.obj && r.act == p.act",
            p="rule, obj, act",
            effect="some(where (p.eft == allow))",
        )
    )
    enforcer = casbin.Enforcer(held)
    enforcer.add_policy("True) or (True", "data1", "read")

    assert enforcer.enforce("anybody", "data9", "erase") is True


def test_patterns_of_rules_are_read_when_the_policy_is_loaded():
    found = refusals("p, a, GET, read, allow\np, a, ^GET$, read, allow", "regexMatch(r.obj, p.obj)")

    assert found == [(1, 7, "unanchored")]


def test_a_pattern_that_the_rule_itself_settles_is_not_read():
    policy = load(
        "p, *, data1, read, allow\np, 10.0.0.0/8, data2, read, allow",
        '(p.sub == "*" || ipMatch(r.sub, p.sub)) && r.obj == p.obj',
    )

    assert ask(policy, "anybody", "data1", "read").permitted
    assert ask(policy, "10.1.2.3", "data2", "read").permitted
    assert ask(policy, "anybody", "data2", "read").erring


def test_a_pattern_that_says_less_than_it_seems_is_remarked_on():
    loaded = compiled.load("p, a, /foo*, read, allow", read(conf("keyMatch2(r.obj, p.obj)")))

    assert loaded.policy is not None
    assert [(p.line, p.column, p.severity) for p in loaded.problems] == [(1, 7, "warning")]


def test_a_bad_period_is_refused():
    found = refusals("p, soon, _, data1, allow", "timeMatch(p.start, p.end)", p="start, end, obj, eft")

    assert found == [(1, 4, "pattern")]


@pytest.mark.parametrize(
    ("matcher", "options", "found"),
    [
        ("r.sub == p.sub && r.obj == p.obj", {}, [4, 7]),
        ("(p.sub == '*' || r.sub == p.sub) && r.obj == p.obj", {}, [7]),
        ("r.sub == p.sub && (r.obj == p.obj || keyMatch(r.obj, p.obj))", {}, [4]),
        ("g(r.sub, p.sub) && keyMatch(r.obj, p.obj)", {"g": ["g = _, _"]}, [4]),
        (
            "g(r.sub, p.sub) && keyMatch(r.obj, p.obj)",
            {"g": ["g = _, _"], "more": "[role_matching]\ng = keyMatch"},
            [],
        ),
    ],
)
def test_a_star_that_nothing_reads_as_one_is_warned_of(matcher, options, found):
    """A deny for everybody that forbids nothing."""
    loaded = compiled.load("p, *, /a/*, read, deny", read(conf(matcher, **options)))

    assert [(p.line, p.column) for p in loaded.problems if p.code == "star-letter"] == [
        (1, at) for at in found
    ]
    assert loaded.policy is not None


def test_a_star_of_a_link_that_nothing_reads_as_one_is_warned_of():
    model = read(conf("g(r.sub, p.sub, r.act)", g=["g = _, _, _"]))

    loaded = compiled.load("p, a, b, c, allow\ng, /x/*, a, *", model)

    assert [(p.line, p.column, p.severity) for p in loaded.problems] == [
        (2, 4, "warning"),
        (2, 13, "warning"),
    ]
    assert "[domain_matching]" in loaded.problems[1].suggestion


BOTH_KINDS = "g(r.sub, p.sub) && g2(r.obj, p.obj) && r.act == p.act"
TWO = ["g = _, _", "g2 = _, _"]


@pytest.mark.parametrize(
    ("matcher", "row", "found"),
    [
        (BOTH_KINDS, "p, alice, secretgrp, read, deny", [11]),
        (BOTH_KINDS, "p, stff, secretgroup, read, deny", [4]),
        (f"(p.obj == '*' || r.obj == p.obj || {BOTH_KINDS})", "p, alice, secretgrp, read, deny", [11]),
        (BOTH_KINDS, "p, alice, secretgroup, read, deny", []),
        (BOTH_KINDS, "p, alice, d1, read, deny", []),
        (BOTH_KINDS, "p, alice, secretgrp, read, allow", []),
        (f"p.obj == '*' || {BOTH_KINDS}", "p, alice, *, read, deny", []),
        (f"keyMatch(r.obj, p.obj) || {BOTH_KINDS}", "p, alice, /x, read, deny", []),
    ],
)
def test_a_deny_on_a_name_that_no_link_knows_is_warned_of(matcher, row, found):
    """A mistyped group has no member, and its deny forbids nothing."""
    links = "g, alice, staff\ng2, d1, secretgroup"

    loaded = compiled.load(f"{row}\n{links}", read(conf(matcher, g=TWO)))

    assert [(p.line, p.column) for p in loaded.problems if p.code == "group-unknown"] == [
        (1, at) for at in found
    ]
    assert loaded.policy is not None


def test_a_deny_on_any_name_is_as_meant_where_the_policy_has_no_links():
    loaded = compiled.load("p, alice, d1, read, deny", read(conf(BOTH_KINDS, g=TWO)))

    assert loaded.problems == ()


def test_a_name_that_no_link_knows_is_warned_of_once():
    rows = "p, alice, x, read, deny\np, alice, x, write, deny\ng, alice, staff\ng2, d1, secretgroup"

    loaded = compiled.load(rows, read(conf(BOTH_KINDS, g=TWO)))

    assert [p.line for p in loaded.problems if p.code == "group-unknown"] == [1]
