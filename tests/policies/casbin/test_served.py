"""A bundle of the served model goes the product's own path, assignments beside it."""

import json

import pytest

from domain.errors import Invalid
from domain.reasons import ReasonCode
from policies.bundle import model_text
from policies.casbin.bundle import load
from policies.casbin.question import read
from policies.casbin.served import Served, attributes
from tests.policies.casbin.world import NOON

POLICY = """
p, logs-read, role:support, read, data:customer-logs, tier >= 2 and touch_age < 60s, max 15m, allow
p, no-remote, *, *, data:*, remote_control, -, deny
g, person:prs_1, role:senior
g, role:senior, role:support
"""
KNOWN = {"tier": 2, "touch_age": "5s", "remote_control": False}


def decide(
    context=KNOWN, *, policy=POLICY, kind="user", subject="prs_1", resource="customer-logs", action="read"
):
    opened = load(f"# ours\n{model_text()}", policy)
    assert isinstance(opened.decider, Served), opened.problems
    body = {
        "subject": {"type": kind, "id": subject},
        "action": {"name": action},
        "resource": {"type": "data", "id": resource},
        "context": context,
    }
    return opened.decider.answer(read(json.dumps(body).encode(), NOON))


@pytest.mark.parametrize("kind", ["user", "person"])
def test_a_person_with_an_assignment_is_permitted(kind):
    decision = decide(kind=kind)

    assert decision.permitted
    assert decision.determining == ("logs-read",)


@pytest.mark.parametrize(
    ("kind", "subject"), [("service", "prs_1"), ("device", "prs_1"), ("person", "prs_2")]
)
def test_the_assignment_of_another_is_not_theirs(kind, subject):
    assert decide(kind=kind, subject=subject).reason.code is ReasonCode.POLICY_NO_RULE


def test_what_is_missing_is_unknown_and_the_remedy_said():
    decision = decide({"tier": 2, "remote_control": False})

    assert [r.code for r in decision.reasons] == [ReasonCode.TOUCH_STALE]
    assert decision.reason.remedy


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("touch_age", "90s", 90),
        ("touch_age", "2m", 120),
        ("touch_age", 90, 90),
        ("touch_age", "soon", "soon"),
        ("touch_age", 1.5, 1.5),
        ("os_version", "12.5", (12, 5)),
        ("os_version", "12.5-rc1", "12.5-rc1"),
        ("tier", "2", "2"),
        ("country", "DE", "DE"),
    ],
)
def test_attributes_are_read_as_rules_write_them(name, given, expected):
    assert attributes({name: given, "other": 1}) == {name: expected}


@pytest.mark.parametrize("name", ["now", "time", "weekday", "path"])
def test_what_the_question_itself_says_is_not_taken_from_its_context(name):
    assert attributes({name: "mon"}) == {}


def test_conditions_by_casbins_operators_are_asked_too():
    rule = (
        "p, reports, *, read, data:*, path keyMatch2 /:team/reports and address ipMatch 10.0.0.0/8, -, allow"
    )

    assert decide({"address": "10.1.2.3"}, policy=rule, resource="blue/reports").permitted
    assert not decide({"address": "10.1.2.3"}, policy=rule, resource="blue/secrets").permitted
    assert not decide(
        {"address": "11.1.2.3", "path": "/a/reports"}, policy=rule, resource="blue/reports"
    ).permitted


@pytest.mark.parametrize("tier", ["2", 2.0, True, None, [2]])
def test_a_mistyped_attribute_permits_nothing(tier):
    decision = decide({**KNOWN, "tier": tier})

    assert not decision.permitted
    assert [e.rule for e in decision.erring] == ["logs-read"]


@pytest.mark.parametrize("kind", ["admin", "role", "User"])
def test_another_kind_of_subject_is_refused(kind):
    with pytest.raises(Invalid) as caught:
        decide(kind=kind)

    assert caught.value.code == "subject-type"


@pytest.mark.parametrize("resource", ["../x", "a//b", "a%2fb", "a/../b", "a/", "a b", "*"])
def test_a_resource_that_is_not_canonical_is_refused(resource):
    with pytest.raises(Invalid) as caught:
        decide(resource=resource)

    assert caught.value.code == "resource-id"


def test_a_refused_bundle_tells_its_problems_where_they_stand():
    opened = load(model_text(), "g, person:a, role:x\np, one, role:x, read, data:y, teir >= 2, -, allow\n")

    assert opened.decider is None
    [(file, problem)] = opened.problems
    assert (file, problem.line, problem.column, problem.code) == ("policy.csv", 2, 31, "attribute-unknown")
    assert "`tier`" in problem.suggestion


@pytest.mark.parametrize("row", ["g, person:a, support", "g, person:a, role:x, role:y", "g, user:a, role:x"])
def test_what_is_no_assignment_is_refused(row):
    assert load(model_text(), f"{POLICY}{row}\n").decider is None


@pytest.mark.parametrize(
    "row",
    [
        "g\xa0, person:prs_2, role:support",
        "\x0bg, person:prs_2, role:support",
        "g, person:prs_2, role:support\x1f",
        "g, person:prs_2\x1c, role:support",
        "g, person:prs_2, role:support\u2028",
        "g, person:pr\xe9s, role:support",
        "g, person:, role:support",
        "g, person:a b, role:support",
        "g, person:prs_2, role:",
        "g, person:prs_2, role:*",
    ],
)
def test_an_assignment_is_read_as_strictly_as_what_is_published(row):
    opened = load(model_text(), f"{POLICY}{row}\n")

    assert opened.decider is None
    assert {problem.line for _, problem in opened.problems} == {6}


@pytest.mark.parametrize("row", ["  g,person:prs_2,\trole:support\r", "g, service:a@b.c, group:x"])
def test_an_assignment_may_be_spaced_as_other_rows_are(row):
    assert load(model_text(), f"{POLICY}{row}\n").decider is not None


def test_an_empty_bundle_denies_everything_and_is_warned_of():
    assert decide(policy="g, person:prs_1, role:x\n").reason.code is ReasonCode.POLICY_ABSENT
    assert [p.code for _, p in load(model_text(), "").problems] == ["bundle-empty"]


def test_a_test_of_the_bundle_that_fails_is_warned_of():
    opened = load(model_text(), f"{POLICY}t, wrong, role:support, read, data:customer-logs, -, allow, -\n")

    assert opened.decider is not None
    assert [(p.line, p.severity) for _, p in opened.problems] == [(6, "warning")]
