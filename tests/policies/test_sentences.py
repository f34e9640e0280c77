"""Rules and changes of rules, in plain words."""

import pytest

from policies.bundle import load
from policies.diff import Change, ChangeKind, diff
from policies.sentences import sentence
from tests.policies.world import allow, deny


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            "role:support, read, data:customer-logs, tier >= 2, max 15m, allow",
            "role support may read data:customer-logs when tier is at least 2, for at most 15 minutes",
        ),
        (
            "*, *, data:*, remote_control, -, deny",
            "nobody may do anything with everything under data: when remote-control software is running "
            "on the laptop, or when that is not known",
        ),
        (
            "role:everyone, read, svc:board, -, max 10s; standing, allow",
            "role everyone may read svc:board, for at most 10 seconds, without asking for a grant",
        ),
        ("*, *, *, -, max 1h, allow", "everybody may do anything with every resource, for at most 1 hour"),
        ("group:d, read, svc:t/*, -, -, deny", "group d may not read everything under svc:t/"),
        (
            "role:a, group:look, data:x, -, -, allow",
            "role a may do the actions of group look with data:x",
        ),
        (
            "person:prs_1, read, group:g, weekday in {tue mon} and time in 22:00-06:00, -, allow",
            "person prs_1 may read the resources of group g when weekday is Monday or Tuesday and "
            "the time is between 22:00 and 06:00 UTC",
        ),
        (
            "*, read, data:x, (country in {US DE FR} or not hosting) and os_version >= 12.5, -, allow",
            "everybody may read data:x when (country is US, DE or FR or it is not so that the address "
            "belongs to a hosting or VPN operator) and os version is at least 12.5",
        ),
        (
            "*, read, data:x, not country in {US} and not tier > 2 and not (hosting or tier == 1), -, allow",
            "everybody may read data:x when country is not US and not (tier is more than 2) and "
            "not (the address belongs to a hosting or VPN operator or tier is 1)",
        ),
        ("*, read, data:x, weekday == sun, -, allow", "everybody may read data:x when weekday is Sunday"),
    ],
)
def test_a_rule_reads_as_one_sentence(row, words):
    rule = load(f"p, a, {row}\ng2, data:x, group:g\ng3, read, group:look\n").rules[0]

    assert sentence(rule) == words


def test_the_first_publication_adds_every_rule():
    assert [(c.kind, c.rule, c.before) for c in diff(None, load(allow() + deny()))] == [
        (ChangeKind.ADDED, "open", None),
        (ChangeKind.ADDED, "shut", None),
    ]


def test_rewriting_comments_order_and_spaces_changes_nothing():
    assert diff(load(allow() + deny()), load("# why\n" + deny() + allow().replace(", ", ","))) == ()


def test_changes_are_told_by_rule_with_rows_and_sentences():
    old = load(allow("tier >= 1") + deny() + "g, role:a, role:b\n")
    new = load(allow("tier >= 2") + "p, new, *, read, svc:t, -, -, allow\ng2, data:x, group:g\n")

    assert diff(old, new) == (
        Change(
            ChangeKind.ADDED,
            "new",
            None,
            "p, new, *, read, svc:t, -, -, allow",
            "everybody may read svc:t",
        ),
        Change(
            ChangeKind.CHANGED,
            "open",
            "p, open, role:support, read, data:logs, tier >= 1, -, allow",
            "p, open, role:support, read, data:logs, tier >= 2, -, allow",
            "role support may read data:logs when tier is at least 1 → "
            "role support may read data:logs when tier is at least 2",
        ),
        Change(
            ChangeKind.REMOVED,
            "shut",
            "p, shut, *, *, data:*, -, -, deny",
            None,
            "nobody may do anything with everything under data:",
        ),
        Change(ChangeKind.REMOVED, "g, role:a, role:b", "g, role:a, role:b", None, "role a includes role b"),
        Change(
            ChangeKind.ADDED,
            "g2, data:x, group:g",
            None,
            "g2, data:x, group:g",
            "data:x belongs to group g",
        ),
    )


def test_a_change_of_tests_and_of_action_groups_is_one_too():
    """Who takes out a rule together with its test is seen to do so."""
    rule = "p, a, role:x, group:use, data:logs, tier >= 2, -, allow\ng3, read, group:use\n"
    test = "t, low, role:x, read, data:logs, tier = {}, deny, -\n"

    changes = diff(load(rule + test.format(0)), load(rule + "g3, write, group:use\n" + test.format(1)))

    assert changes == (
        Change(
            ChangeKind.ADDED,
            "g3, write, group:use",
            None,
            "g3, write, group:use",
            "write belongs to group use",
        ),
        Change(
            ChangeKind.CHANGED,
            "low",
            "t, low, role:x, read, data:logs, tier = 0, deny, -",
            "t, low, role:x, read, data:logs, tier = 1, deny, -",
            "the rules must not let role:x read data:logs, given tier = 0 → "
            "the rules must not let role:x read data:logs, given tier = 1",
        ),
    )
