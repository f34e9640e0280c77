"""regexMatch: an expression says where it begins and ends, and is one of Go."""

import pytest

from tests.policies.casbin.asked import matches, refusal


@pytest.mark.parametrize(
    ("pattern", "suggestion"),
    [
        ("/foo", "`^/foo$`"),
        ("^/foo", "`^/foo$`"),
        ("/foo$", "`^/foo$`"),
        ("(GET)|(POST)", "`^((GET)|(POST))$`"),
        ("^GET|POST$", "`^(GET|POST)$`"),
        ("^GET$|^POST$", "`^(GET$|^POST)$`"),
        ("^/foo\\$", "^/foo\\$$"),
        ("^", "`^$`"),
        ("", "`^$`"),
    ],
)
def test_an_expression_without_both_anchors_is_refused_with_the_anchored_one(pattern, suggestion):
    refused = refusal("regexMatch", pattern)

    assert refused.code == "unanchored"
    assert suggestion in refused.suggestion


@pytest.mark.parametrize(
    ("pattern", "offset"),
    [
        ("^?a$", 1),
        ("^*a$", 1),
        ("^+a$", 1),
        ("^{0}a$", 1),
        ("^{0,}a$", 1),
        ("^(?i)*$", 5),
        ("^(?i)(?s)?a$", 9),
    ],
)
def test_a_begin_that_may_stand_for_nothing_is_no_anchor(pattern, offset):
    refused = refusal("regexMatch", pattern)

    assert (refused.code, refused.offset) == ("unanchored", offset)


@pytest.mark.parametrize(
    "pattern", ["^[[:alpha:](]|b$", "^[[:^digit:](]|b$", "^[^][:alpha:](]|b$", "^[[:(]|b$"]
)
def test_a_named_class_hides_no_alternative(pattern):
    assert refusal("regexMatch", pattern).code == "unanchored"


def test_a_mark_in_a_class_is_a_letter_of_it():
    assert matches("regexMatch", "^[[:alpha:]|(]$", "|") is True
    assert matches("regexMatch", "^[[:alpha:]|(]$", "x") is True
    assert matches("regexMatch", "^{a}$", "{a}") is True


@pytest.mark.parametrize(
    "pattern", ["^(GET|POST)$", "^[a|b]$", r"^a\|b$", "^[]|]$", "^[^]|]$", r"^foo\\$", "^(?i)get$"]
)
def test_an_anchored_expression_is_served(pattern):
    assert matches("regexMatch", pattern, "nothing of the sort") is False


@pytest.mark.parametrize(
    "pattern", ["^($", r"^(a)\1$", "^(?=a)$", "^(((a{99}){99}){99}){99}$", "^a**$", r"^\Qa\E$"]
)
def test_what_is_no_regular_expression_of_go_is_refused(pattern):
    assert refusal("regexMatch", pattern).code == "pattern"
