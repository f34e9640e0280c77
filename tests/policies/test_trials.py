"""Tests in a bundle: read strictly, run, and told when they fail."""

import casbin
import pytest
from casbin.model.model import Model
from casbin.persist.adapters import StringAdapter
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import FailedTests
from policies import proof
from policies.advice import Known
from policies.bundle import load, model_text
from policies.validate import validate

RULES = (
    "p, logs, role:support, read, data:logs, tier >= 2 and touch_age < 60s, -, allow\n"
    "p, hours, *, *, data:*, not time in 07:00-20:00, -, deny\n"
    "p, ann, person:ann, read, data:payroll, disk_encrypted, -, allow\n"
)
WELL = "tier = 2; touch_age = 30s; time = 10:00"


def trial(given_=WELL, effect="allow", reason="-", *, who="role:support", id_="x", resource="data:logs"):
    return f"t, {id_}, {who}, read, {resource}, {given_}, {effect}, {reason}\n"


def outcomes(*rows):
    return [outcome.passed for outcome in proof.run(load(RULES + "".join(rows)))]


def problem(row, known=None):
    """Return the one problem of *row*: its column, message and suggestion."""
    [found] = validate(RULES + row, known=known)
    assert found.line == 4
    return found.column, found.message, found.suggestion


@pytest.mark.parametrize(
    "row",
    [
        trial(),
        trial(who="role:support + group:night"),
        trial(who="person:bob + role:support"),
        trial("disk_encrypted; time = 10:00", who="person:ann", resource="data:payroll"),
        trial("tier = 1; touch_age = 30s; time = 10:00; weekday = mon", "deny", "tier-too-low"),
        trial("tier = 2; touch_age = 2m; time = 10:00", "deny", "touch-stale"),
        trial("tier = 2; touch_age = 30s; time = 21:00", "deny", "time-outside"),
        trial("not disk_encrypted; time = 10:00", "deny", "disk-unencrypted", who="person:ann",
              resource="data:payroll"),
        trial(WELL, "deny", "policy-no-rule", who="*"),
        trial(WELL, "deny", "policy-no-rule", who="service:sync + role:night"),
        trial("-", "deny"),
    ],
)  # fmt: skip
def test_a_test_that_says_what_the_rules_do_passes(row):
    assert outcomes(row) == [True]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            trial("tier = 1; touch_age = 30s; time = 10:00"),
            "test `x` expects allow and got deny (tier-too-low); nearest is rule `logs`",
        ),
        (trial(WELL, "deny"), "test `x` expects deny and got allow; determined by `logs`"),
        (
            trial("tier = 1; touch_age = 2m; time = 10:00", "deny", "touch-stale"),
            "test `x` expects deny (touch-stale) and got deny (tier-too-low), beside touch-stale; "
            "nearest is rule `logs`",
        ),
        (
            trial(who="role:nobody"),
            "test `x` expects allow and got deny (policy-no-rule); no rule is about this",
        ),
        (
            trial("tier = 2; touch_age = 30s; time = 23:00"),
            "test `x` expects allow and got deny (time-outside); determined by `hours`",
        ),
    ],
)
def test_a_test_that_fails_says_what_was_expected_what_came_out_and_by_which_rules(row, told):
    [outcome] = proof.run(load(RULES + row))

    assert not outcome.passed
    assert outcome.told == told
    assert outcome.as_problem().line == 4


def test_what_a_test_does_not_give_is_not_known_and_the_failure_says_so():
    [failed] = proof.failures(load(RULES + trial("tier = 2; touch_age = 30s")))

    assert failed.message.endswith("got deny (evidence-unknown); determined by `hours`")
    assert failed.suggestion == "in this test time is not known"


def test_somebody_with_roles_alone_is_nobody_that_a_rule_can_name():
    text = "p, dash, *, read, data:logs, -, -, allow\np, ann, person:ann, *, *, -, -, deny\n"

    assert [o.passed for o in proof.run(load(text + trial("-")))] == [True]
    assert [p.code for p in validate(text + "p, x, person:-, read, data:logs, -, -, allow\n")] == ["subject"]


@pytest.mark.parametrize(
    ("row", "at", "message", "suggestion"),
    [
        (trial("teir = 1"), "teir", "there is no attribute `teir`", "did you mean `tier`?"),
        (trial("tier = 9"), "9", "`9` is not a value of `tier`", "known are 0, 1, 2, 3"),
        (trial("weekday = monday"), "monday", "`monday` is not a value of `weekday`", "did you mean `mon`?"),
        (trial("time = 25:00"), "25:00", "`25:00` is not a value of `time`",
         "write for example `time = 10:00`"),
        (trial("country = germany"), "germany", "`germany` is not a value of `country`",
         "write for example `country = DE`"),
        (trial("tier"), "tier", "`tier` gives no value", "write for example `tier = 3`"),
        (trial("not tier = 1"), "not", "`not tier = 1` gives no value", "write for example `tier = 3`"),
        (trial("disk_encrypted = yes"), "disk_", "`disk_encrypted` is either so or not",
         "write `disk_encrypted` or `not disk_encrypted`"),
        (trial("tier = 1; tier = 2"), "tier = 2", "`tier` is given twice", "remove one of them"),
        (trial("tier >= 1"), "tier", "`tier >= 1` is not a fact",
         "write facts like `tier = 2; disk_encrypted; not remote_control`, or `-` for none"),
        (trial(effect="dney"), "dney", "effect `dney` is neither `allow` nor `deny`", "did you mean `deny`?"),
        (trial(WELL, "deny", "tier-to-low"), "tier-to-low", "`tier-to-low` is not a reason",
         "did you mean `tier-too-low`?"),
        (trial(who="rol:support"), "rol:", "`rol` is not a kind of subject", "did you mean `role`?"),
        (trial(who="person:a + person:b"), "person:b", "`person:b` is one too many here",
         "write one person or service and its roles, for example `person:prs_1 + role:support`"),
        (trial(resource="data:*"), "data:*", "`data:*` is no single resource",
         "write one resource, for example `data:customer-logs`"),
        (trial(id_="X"), "X", "`X` is not a rule id",
         "use lower-case letters, digits, `.`, `-` and `_`, for example `logs-read`"),
    ],
)  # fmt: skip
def test_a_wrong_test_is_refused_where_it_is_wrong(row, at, message, suggestion):
    assert problem(row) == (row.index(at) + 1, message, suggestion)


@pytest.mark.parametrize(
    ("effect", "reason"), [("allow", "tier-ok"), ("deny", "tier-ok"), ("deny", "grant-needed")]
)
def test_a_reason_that_rules_never_give_is_refused(effect, reason):
    _column, message, suggestion = problem(trial(WELL, effect, reason))

    assert message == f"`{reason}` is never why rules {effect}"
    assert "policy-" in suggestion


def test_a_test_of_doorwards_own_resources_is_refused():
    assert "Doorward's own" in problem(trial(resource="doorward:policy"))[1]


def test_two_tests_of_one_name_are_refused():
    problems = validate(RULES + trial() + trial(WELL, "deny"))

    assert [(p.line, p.code) for p in problems] == [(5, "duplicate-id")]


def test_a_test_about_a_name_that_nobody_knows_is_warned_of():
    """A mistyped role is denied everything, so a test that expects a denial would pass for ever."""
    known = Known(frozenset({"role:support"}), frozenset({"data:logs"}))
    row = trial(WELL, "deny", who="role:suport") + trial(id_="y", resource="data:log")

    found = [(p.code, p.column, p.suggestion) for p in validate(RULES + row, known=known) if p.line > 3]

    assert found == [
        ("role-unknown", 7, "did you mean `role:support`?"),
        ("resource-unknown", 27, "did you mean `data:logs`?"),
    ]


def test_a_bundle_of_tests_alone_is_empty():
    assert [p.code for p in validate(trial())] == ["bundle-empty"]


def test_tests_that_fail_are_demanded_to_pass_with_all_of_them_named():
    proof.demand(load(RULES + trial()))
    with pytest.raises(FailedTests) as refused:
        proof.demand(load(RULES + trial(WELL, "deny") + trial(WELL, "deny", id_="y") + trial(id_="z")))

    assert refused.value.code == "tests-failed"
    assert [found["line"] for found in refused.value.details["problems"]] == [4, 5]
    assert refused.value.message.startswith("2 of 3 tests fail: line 4: test `x` expects deny")


def test_a_stock_casbin_passes_tests_over():
    model = Model()
    model.load_model_from_text(model_text())
    text = RULES + trial() + trial("-", "deny", "evidence-unknown", id_="y")

    enforcer = casbin.Enforcer(model, StringAdapter(text))

    assert [row[0] for row in enforcer.get_policy()] == ["logs", "hours", "ann"]
    assert enforcer.get_named_grouping_policy("g") == []


def test_tests_change_no_decision_and_another_digest():
    plain, tested = load(RULES), load(RULES + trial())

    assert list(tested.rules) == list(plain.rules)
    assert tested.digest != plain.digest


@given(st.lists(st.text(alphabet="t,-=;+* :abctiernop019_{}\n", max_size=60), max_size=8))
@settings(deadline=None)
def test_no_text_of_a_test_crashes_the_reader(fields):
    row = "t, " + ", ".join(fields).replace("\n", " ")

    for found in validate(RULES + row + "\n"):
        assert found.message
