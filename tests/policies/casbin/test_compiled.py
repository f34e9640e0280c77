"""Decisions from a compiled model: three values, roles, moments, and why.

Attacker: a caller who leaves out, or mistypes, what a deny asks for.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import casbin
import pytest
from casbin.model.model import Model

from domain.reasons import ReasonCode
from policies.casbin import compiled
from policies.casbin.evaluate import Asked
from tests.policies.casbin.world import NOON, ask, conf, load, read

ROLES = "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"


def test_what_no_rule_permits_is_denied():
    decision = ask(load("p, alice, data1, read, allow"), "bob", "data1", "read")

    assert not decision.permitted
    assert decision.reason.code is ReasonCode.POLICY_NO_RULE
    assert decision.determining == ()


def test_a_deny_trumps_every_allow_whatever_their_order():
    policy = load("p, alice, data1, read, allow\np, alice, data1, read, deny\np, alice, data1, read, allow")

    decision = ask(policy, "alice", "data1", "read")

    assert not decision.permitted
    assert decision.reason.code is ReasonCode.POLICY_FORBIDS
    assert decision.determining == ("line 2",)


def test_a_permit_names_every_rule_that_permits():
    policy = load(
        "g, alice, staff\np, alice, data1, read, allow\np, staff, data1, read, allow", ROLES, g=["g = _, _"]
    )

    decision = ask(policy, "alice", "data1", "read")

    assert decision.permitted
    assert decision.determining == ("line 2", "line 3")


def test_rules_are_named_by_their_ids_if_the_model_has_them():
    policy = load("p, one, alice, data1, read, allow", p="id, sub, obj, act, eft")

    assert ask(policy, "alice", "data1", "read").determining == ("one",)


def test_without_rules_everything_is_denied_and_the_author_warned():
    loaded = compiled.load("# nothing yet\n", read(conf("r.sub == p.sub || r.sub == 'root'")))

    assert loaded.policy is not None
    assert [p.code for p in loaded.problems] == ["bundle-empty"]
    assert ask(loaded.policy, "root", "data1", "read").reason.code is ReasonCode.POLICY_ABSENT


def test_casbin_permits_everything_by_an_empty_policy_of_expressions():
    held = Model()
    held.load_model_from_text(conf("regexMatch(r.sub, p.sub) && regexMatch(r.obj, p.obj)", p="sub, obj"))

    assert casbin.Enforcer(held).enforce("anybody", "anything", "any") is True


@pytest.mark.parametrize("missing", [None, "", "a\nb", 7, True, ["alice"]])
def test_an_unknown_parameter_permits_nothing_and_spares_nobody_a_deny(missing):
    policy = load("p, alice, data1, read, allow\np, alice, data1, read, deny")
    allowing = load("p, alice, data1, read, allow")

    assert not ask(allowing, missing, "data1", "read").permitted
    assert ask(policy, missing, "data1", "read").determining == ("line 2",)
    assert ask(policy, missing, "data2", "read").determining == ()


@pytest.mark.parametrize(
    ("matcher", "age", "permitted", "determining"),
    [
        ("r.sub.Age > 18", 19, True, ("line 1",)),
        ("r.sub.Age > 18", 18, False, ()),
        ("r.sub.Age > 18", None, False, ()),
        ("r.sub.Age > 18", "19", False, ()),
        ("r.sub.Age > 18", True, False, ()),
        ("!(r.sub.Age > 18)", None, False, ()),
        ("!(r.sub.Age > 18)", 3, True, ("line 1",)),
        ("r.sub.Age > 18 || r.act == 'read'", None, True, ("line 1",)),
        ("r.sub.Age != 18", None, False, ()),
        ("r.sub.Age in (18, 19)", 19, True, ("line 1",)),
        ("r.sub.Age in (18, 19)", "19", False, ()),
    ],
)
def test_a_property_that_is_absent_or_mistyped_is_unknown(matcher, age, permitted, determining):
    policy = load("p, alice, data1, read, allow", f"r.obj == p.obj && ({matcher})")

    decision = ask(policy, "alice", "data1", "read", sub={} if age is None else {"Age": age})

    assert (decision.permitted, decision.determining) == (permitted, determining)
    assert bool(decision.erring) is (age not in (3, 18, 19) and not permitted)


def test_what_is_unknown_is_named_without_its_value():
    policy = load("p, alice, data1, read, allow", "r.obj == p.obj && r.sub.Age > 18 && r.sub.Team == 'x'")

    absent = ask(policy, "alice", "data1", "read", sub={"Age": 20})
    mistyped = ask(policy, "alice", "data1", "read", sub={"Age": 20, "Team": 5})

    assert [(e.rule, e.message) for e in absent.erring] == [("line 1", "r.sub.Team is not known")]
    assert "another type" in mistyped.erring[0].message
    assert "5" not in mistyped.erring[0].message.replace("line", "")


def test_properties_may_be_nested_and_lists():
    policy = load("p, alice, data1, read, allow", "r.sub in r.obj.team.members && r.act == p.act")
    team = {"team": {"members": ["bob", "alice"]}}

    assert ask(policy, "alice", "data1", "read", obj=team).permitted
    assert not ask(policy, "carol", "data1", "read", obj=team).permitted
    assert ask(policy, "alice", "data1", "read", obj={"team": "alice"}).erring
    assert ask(policy, "alice", "data1", "read", obj={}).erring


def test_no_attribute_of_a_python_object_is_read():
    policy = load("p, alice, data1, read, allow", "r.sub.__class__.__name__ == 'str' && r.obj == p.obj")

    assert [e.message for e in ask(policy, "alice", "data1", "read").erring] == [
        "r.sub.__class__.__name__ is not known"
    ]


def test_the_period_of_a_rule_is_asked_of_the_moment_of_the_question():
    policy = load(
        "p, 2026-11-23 00:00:00, _, data1, allow\np, 2026-11-23 11:00:00, 2026-11-23 12:30:00, data1, deny",
        "timeMatch(p.start, p.end) && r.obj == p.obj",
        p="start, end, obj, eft",
    )

    assert ask(policy, "a", "data1", "read", now=NOON + timedelta(hours=1)).determining == ("line 1",)
    assert ask(policy, "a", "data1", "read", now=NOON).determining == ("line 2",)
    assert not ask(policy, "a", "data1", "read", now=NOON - timedelta(days=1)).permitted
    with pytest.raises(ValueError, match="aware"):
        ask(policy, "a", "data1", "read", now=NOON.replace(tzinfo=None))


def test_roles_in_a_circle_are_all_the_same():
    policy = load("p, c, data1, read, allow\ng, a, b\ng, b, c\ng, c, a", ROLES, g=["g = _, _"])

    assert all(ask(policy, name, "data1", "read").permitted for name in "abc")
    assert not ask(policy, "d", "data1", "read").permitted


def test_a_deny_on_a_role_reaches_however_many_links_lead_to_it():
    """Casbin stops after ten links, and the deny is gone."""
    links = "\n".join(f"g, r{n}, r{n + 1}" for n in range(30))
    policy = load(f"p, r0, data1, read, allow\np, r30, data1, read, deny\n{links}", ROLES, g=["g = _, _"])

    assert ask(policy, "r0", "data1", "read").determining == ("line 2",)


def test_a_group_that_is_asked_for_may_be_a_pattern():
    more = "[role_matching]\ng = keyMatch2\n"
    policy = load("p, /admin/:id, data1, read, allow\ng, alice, /admin/7", ROLES, g=["g = _, _"], more=more)

    assert ask(policy, "alice", "data1", "read").permitted
    assert ask(policy, "/admin/8", "data1", "read").permitted
    assert not ask(policy, "bob", "data1", "read").permitted


def test_many_rules_are_found_by_what_the_question_names():
    lines = "\n".join(f"p, /team/{n % 500}/:who, obj{n}, read, allow" for n in range(5_000))
    policy = load(lines, "keyMatch2(r.sub, p.sub) && r.obj == p.obj && r.act == p.act")
    asked = Asked({"sub": "/team/7/x", "obj": "obj507", "act": "read"}, {}, NOON)

    assert list(policy._index.candidates(asked)) == [507]
    assert ask(policy, "/team/7/x", "obj507", "read").determining == ("line 508",)


def test_any_number_of_threads_may_ask():
    lines = "\n".join(
        f"p, role{n % 20}, /team/{n}/:who, read, {'deny' if n % 7 == 0 else 'allow'}" for n in range(300)
    )
    links = "\n".join(f"g, user{n}, role{n}" for n in range(20))
    policy = load(
        f"{lines}\n{links}", "g(r.sub, p.sub) && keyMatch2(r.obj, p.obj) && r.act == p.act", g=["g = _, _"]
    )

    def answers(_):
        return [ask(policy, f"user{n % 20}", f"/team/{n}/x", "read").determining for n in range(300)]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(answers, range(8)))

    assert found == [[(f"line {n + 1}",) for n in range(300)]] * 8


def test_a_matcher_of_many_alternatives_is_indexed_in_bounded_memory():
    """Sixteen columns with two keys each would be 65,536 entries a rule if all were filed together."""
    names = [f"c{n}" for n in range(16)]
    matcher = " && ".join(f"(p.{name} == '*' || keyMatch(r.{name}, p.{name}))" for name in names)
    rules = "\n".join("p, " + ", ".join(f"/{n}/*" for _ in names) for n in range(200))
    policy = load(rules, matcher, r=", ".join(names), p=", ".join(names))

    entries = sum(map(len, policy._index._branches[0]._joint.values()))

    assert entries <= 200 * 8
    assert ask(policy, *["/7/x"] * 16).determining == ("line 8",)
