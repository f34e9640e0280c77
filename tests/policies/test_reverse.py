"""Who can do this, what can they do, and why: what an admin reads."""

import pytest

from domain.access import Link, Subject, SubjectKind
from domain.decision import Reason
from domain.errors import Invalid
from domain.reasons import ReasonCode
from policies.askers import askers
from policies.bundle import load
from policies.pages import CursorInvalid, key_before
from policies.reverse import Given, Principal, Reach, what_can, who_can
from tests.policies.world import MONDAY_NOON, WELL

BUNDLE = load(
    """
p, logs-read, role:support, read, data:logs, tier >= 2 and touch_age < 60s, max 15m, allow
p, logs-admin, role:keeper, *, data:*, -, -, allow
p, logs-ann, person:ann, read, data:logs, -, -, allow
p, board, *, read, svc:board, -, standing, allow
p, no-remote, role:support, *, data:*, remote_control, -, deny
p, barred, group:barred, *, *, -, -, deny
g, role:senior, role:support
g, role:lead, role:senior
g, group:barred, role:keeper
"""
)


def person(name, *groups, stopped=None):
    subject = Subject(SubjectKind.PERSON, name)
    return Principal(name, subject, tuple(Link(str(subject), group) for group in groups), stopped)


COMPANY = (
    person("ann"),
    person("bea", "role:support"),
    person("cyd", "role:lead"),
    person("dov", "role:keeper"),
    person("eli", "group:barred"),
    person("fay", "role:sales"),
)


def reached(page):
    return {entry.who.key: entry.reach.value for entry in page.entries}


def test_who_can_tells_always_from_under_conditions_from_never():
    page = who_can("read", "data:logs", COMPANY, bundle=BUNDLE)

    assert reached(page) == {
        "ann": "always",
        "bea": "conditional",
        "cyd": "conditional",
        "dov": "always",
        "eli": "no",
        "fay": "no",
    }
    assert page.next == ""


def test_a_deny_that_may_apply_makes_an_unconditional_allow_conditional():
    [entry] = who_can("read", "data:logs", [person("ann", "role:support")], bundle=BUNDLE).entries

    assert entry.reach is Reach.CONDITIONAL
    assert [ground.rule.id for ground in entry.forbids] == ["no-remote"]


@pytest.mark.parametrize(
    ("who", "rule", "words"),
    [
        (person("ann"), "logs-ann", "by name"),
        (person("bea", "role:support"), "logs-read", "as role support"),
        (person("cyd", "role:senior"), "logs-read", "as role support, which role senior includes"),
        (
            person("cyd", "role:lead"),
            "logs-read",
            "as role support, which role lead includes by way of role senior",
        ),
        # Two ways lead there: the shorter one is told.
        (person("gus", "role:lead", "role:support"), "logs-read", "as role support"),
    ],
)
def test_why_says_the_rule_and_how_somebody_came_to_it(who, rule, words):
    [entry] = who_can("read", "data:logs", [who], bundle=BUNDLE).entries

    [ground] = [ground for ground in entry.permits if ground.rule.id == rule]
    assert ground.words == words


def test_a_rule_for_everybody_says_so():
    [entry] = what_can(person("fay"), [("svc:board", "read")], bundle=BUNDLE).entries

    [ground] = entry.permits
    assert (ground.words, ground.sentence) == (
        "as everybody",
        "everybody may read svc:board, without asking for a grant",
    )


def test_the_answer_can_be_only_those_who_can_or_only_those_who_cannot():
    can = who_can("read", "data:logs", COMPANY, bundle=BUNDLE, only=True)
    cannot = who_can("read", "data:logs", COMPANY, bundle=BUNDLE, only=False)

    assert list(reached(can)) == ["ann", "bea", "cyd", "dov"]
    assert list(reached(cannot)) == ["eli", "fay"]


def test_whoever_cannot_is_told_apart_by_why():
    page = who_can("read", "data:logs", COMPANY, bundle=BUNDLE, only=False)

    [barred, other] = [[miss.sentence for miss in entry.misses] for entry in page.entries]
    assert barred == ["closed whatever is known: group barred may not do anything with every resource"]
    assert other == [
        "rules let others do this, and name none of their roles: person ann, role keeper and role support"
    ]


def test_what_stops_somebody_altogether_stands_before_every_rule():
    left = person("dov", "role:keeper", stopped=Reason.of(ReasonCode.ENGAGEMENT_ENDED))

    [told] = who_can("read", "data:logs", [left], bundle=BUNDLE).entries
    [decided] = who_can("read", "data:logs", [left], bundle=BUNDLE, given=Given(WELL, MONDAY_NOON)).entries

    assert (told.reach, told.open) == (Reach.NO, False)
    assert [miss.sentence for miss in told.misses] == ["their engagement has ended"]
    assert decided.decision is not None
    assert decided.decision.reason.code is ReasonCode.ENGAGEMENT_ENDED


def test_with_a_session_the_decision_itself_is_given():
    given = Given({**WELL, "tier": 1}, MONDAY_NOON)

    page = who_can("read", "data:logs", COMPANY, bundle=BUNDLE, given=given)

    assert [entry.who.key for entry in page.entries if entry.open] == ["ann", "dov"]
    assert [m.sentence for e in page.entries if e.who.key == "bea" for m in e.misses] == [
        "would be allowed at tier 2"
    ]


def test_without_a_policy_nobody_can_and_it_says_so():
    page = who_can("read", "data:logs", COMPANY, bundle=None)

    assert {entry.reach for entry in page.entries} == {Reach.NO}
    assert {miss.sentence for entry in page.entries for miss in entry.misses} == {"no policy is published"}


def test_only_whoever_answers_to_an_allow_needs_to_be_looked_at():
    asked = askers("read", "data:logs", bundle=BUNDLE)

    assert asked.names == {
        "role:support",
        "role:senior",
        "role:lead",
        "role:keeper",
        "group:barred",
        "person:ann",
    }
    assert not asked.everybody
    assert askers("read", "svc:board", bundle=BUNDLE).everybody
    assert askers("read", "data:logs", bundle=None).names == frozenset()


def test_what_can_lists_doors_in_order_by_pages():
    doors = [(resource, action) for resource in ("data:logs", "svc:board") for action in ("export", "read")]

    first = what_can(person("dov", "role:keeper"), doors, bundle=BUNDLE, only=True, limit=2)
    second = what_can(
        person("dov", "role:keeper"), doors, bundle=BUNDLE, only=True, limit=2, cursor=first.next
    )

    assert [(e.resource, e.action) for e in first.entries] == doors[:2]
    assert [(e.resource, e.action) for e in second.entries] == [("svc:board", "read")]
    assert second.next == ""


@pytest.mark.parametrize("cursor", ["x", "AAAA", "é", "\udcff", "a" * 5000, "="])
def test_a_cursor_that_was_made_up_is_refused(cursor):
    with pytest.raises(CursorInvalid, match="does not belong"):
        who_can("read", "data:logs", COMPANY, bundle=BUNDLE, cursor=cursor)


def test_a_cursor_of_another_question_is_refused():
    first = who_can("read", "data:logs", COMPANY, bundle=BUNDLE, limit=1)

    for action, resource in (("write", "data:logs"), ("read", "data:log")):
        with pytest.raises(CursorInvalid):
            who_can(action, resource, COMPANY, bundle=BUNDLE, cursor=first.next)
    with pytest.raises(CursorInvalid):
        what_can(COMPANY[0], [("data:logs", "read")], bundle=BUNDLE, cursor=first.next)


def test_a_letter_of_a_cursor_changed_is_refused():
    cursor = who_can("read", "data:logs", COMPANY, bundle=BUNDLE, limit=1).next

    for place, letter in enumerate(cursor):
        forged = cursor[:place] + ("A" if letter != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(CursorInvalid):
            key_before("who read data:logs", forged)


@pytest.mark.parametrize(("action", "resource"), [("Read", "data:logs"), ("read", "data:../x"), ("", "")])
def test_a_question_that_is_not_canonical_is_refused(action, resource):
    with pytest.raises(Invalid):
        who_can(action, resource, COMPANY, bundle=BUNDLE)
    with pytest.raises(Invalid):
        what_can(COMPANY[0], [(resource, action)], bundle=BUNDLE)


def test_people_out_of_order_are_a_fault_of_ours_and_not_passed_over():
    with pytest.raises(ValueError, match="ascend"):
        who_can("read", "data:logs", reversed(COMPANY), bundle=BUNDLE)


@pytest.mark.parametrize(
    ("resource", "reach", "misses"),
    [
        ("svc:shop/customers/7", Reach.ALWAYS, []),
        ("svc:shop/orders/7", Reach.NO, ["no rule names this resource"]),
        ("svc:shop/customers/7/notes", Reach.NO, ["no rule names this resource"]),
    ],
)
def test_what_a_rule_asks_of_the_path_is_settled_without_a_session(resource, reach, misses):
    bundle = load("p, shop, role:shop, read, svc:*, path keyMatch2 /shop/customers/:id, -, allow\n")

    [entry] = who_can("read", resource, [person("ann", "role:shop")], bundle=bundle).entries

    assert entry.reach is reach
    assert [miss.sentence for miss in entry.misses] == misses


def test_a_deny_of_the_path_closes_it_whatever_is_known():
    bundle = load(
        "p, shop, role:shop, read, svc:*, -, -, allow\n"
        "p, shut, *, *, svc:*, path keyMatch2 /shop/:id, -, deny\n"
    )

    [entry] = who_can("read", "svc:shop/7", [person("ann", "role:shop")], bundle=bundle).entries

    assert entry.reach is Reach.NO
    assert [miss.rule for miss in entry.misses] == ["shut"]
