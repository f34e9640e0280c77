"""Casbin's operators: what matches, what is refused, and that no input is slow.

Attackers: an author whose pattern says less than it reads as, so that a deny
forbids nothing; a caller whose value is spelt so that it slips past a pattern,
or that keeps a matcher busy.
"""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.casbin.operators import MAX_PATTERN, OPERATORS, compiled, period, prefix, remark
from policies.problems import Refusal
from tests.policies.casbin.asked import matches, refusal

PIECES = (
    "/",
    "a",
    "b",
    ".",
    "*",
    "**",
    ":id",
    "{x}",
    "{a,b}",
    "[a-c]",
    "[^b]",
    "?",
    "\\",
    "(",
    ")",
    "|",
    "^",
    "$",
)
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=20)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("keyMatch", "/foo"),
        ("keyMatch", "/f*"),
        ("keyMatch2", "/:id"),
        ("keyMatch3", "/{id}"),
        ("keyMatch4", "/{id}"),
        ("keyMatch5", "/*"),
        ("regexMatch", "^/foo$"),
        ("globMatch", "/*"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r", "\0", "\x7f", "\u2028", "\ud800"])
def test_a_value_with_a_line_end_or_control_character_is_not_answered(name, pattern, end):
    assert matches(name, pattern, "/foo") is True
    assert matches(name, pattern, f"/foo{end}") is None


@pytest.mark.parametrize("name", ["keyMatch2", "keyMatch3", "keyMatch4", "keyMatch5"])
def test_a_dot_of_a_path_is_a_dot(name):
    """Casbin's definition leaves it unescaped, so that it stands for any letter."""
    assert matches(name, "/a.b", "/a.b") is True
    assert matches(name, "/a.b", "/aXb") is False


def test_a_variable_stays_inside_its_segment():
    assert matches("keyMatch2", "/:a/end", "/x/y/end") is False
    assert matches("keyMatch3", "/{a}/end", "/x/y/end") is False


def test_a_repeated_variable_of_key_match4_has_one_value():
    assert matches("keyMatch4", "/p/{id}/c/{id}", "/p/1/c/1") is True
    assert matches("keyMatch4", "/p/{id}/c/{id}", "/p/1/c/2") is False


def test_key_match5_passes_over_the_query():
    assert matches("keyMatch5", "/foo/{id}", "/foo/1?a=b/c") is True
    assert matches("keyMatch4", "/foo/{id}", "/foo/1?a=b/c") is False


@pytest.mark.parametrize(
    ("pattern", "code", "offset", "hint"),
    [
        ("/a(b)", "pattern", 2, "regexMatch"),
        ("/a|b", "pattern", 2, "regexMatch"),
        ("/a?b", "pattern", 2, "regexMatch"),
        ("/a+b", "pattern", 2, "regexMatch"),
        ("/a\\d", "pattern", 2, "regexMatch"),
        ("*a", "star-misplaced", 0, "behind a `/`"),
        ("/a/**", "star-misplaced", 4, "behind a `/`"),
        ("/a**", "star-misplaced", 3, "behind a `/`"),
    ],
)
def test_what_only_an_expression_would_say_is_refused_in_a_path(pattern, code, offset, hint):
    refused = refusal("keyMatch2", pattern)

    assert (refused.code, refused.offset) == (code, offset)
    assert hint in refused.suggestion


def test_a_star_behind_a_letter_repeats_it_as_in_casbin_and_is_remarked_on():
    assert matches("keyMatch2", "/foo*", "/fooo") is True
    assert matches("keyMatch2", "/foo*", "/foobar") is False
    assert "repeats the letter" in remark("keyMatch2", "/foo*")
    assert "braces are letters" in remark("keyMatch2", "/{id}")
    assert remark("keyMatch2", "/foo/*") == remark("keyMatch", "/foo*") == remark("globMatch", "/foo*") == ""


@pytest.mark.parametrize("name", sorted(OPERATORS - {"ipMatch", "regexMatch", "globMatch"}))
def test_a_star_alone_is_any_value_as_in_casbin(name):
    assert matches(name, "*", "any_user") is True


def test_what_key_match_would_drop_is_refused():
    refused = refusal("keyMatch", "/foo/*/bar")

    assert (refused.code, refused.offset) == ("star-misplaced", 5)
    assert "`/foo/*`" in refused.suggestion


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("a/**", "a", True),
        ("a/**", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("abc**", "abc/b", False),
        ("a?b", "a☺b", True),
        ("a?b", "a/b", False),
        ("[!a]", "/", False),
        ("[.-0]", "/", False),
        ("[a-b-d]", "-", True),
        ("[x-]", "-", True),
        ("a/{b/c,c/b}", "a/c/b", True),
        ("{a/{b,c},abc}", "a/c", True),
        ("a{,bc}", "a", True),
        (r"e/\*", "e/*", True),
        (r"e/\*", "e/x", False),
        ("a.b", "aXb", False),
    ],
)
def test_globs_match_as_doublestar_defines_them(pattern, value, expected):
    assert matches("globMatch", pattern, value) is expected


@pytest.mark.parametrize(
    "pattern", ["[", "a[", "[]a]", "[b-a]", "a\\", "{a", "a}", "{a,b}{", "{a,b}" * 9, "a/**/", "[/]"]
)
def test_what_no_glob_says_is_refused(pattern):
    assert refusal("globMatch", pattern).code == "pattern"


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("10.0.0.0/8", "10.255.0.1", True),
        ("10.0.0.0/8", "::ffff:10.0.0.1", True),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("::/0", "10.0.0.1", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::1", "2001:0DB8:0:0::1", True),
        ("::1", "0.0.0.1", False),
        ("10.0.0.0/8", "10.1", None),
        ("10.0.0.0/8", "010.0.0.1", None),
        ("10.0.0.0/8", "fe80::1%10.0.0.1", None),
        ("10.0.0.0/8", "", None),
    ],
)
def test_addresses_match_and_what_is_no_address_is_unknown(pattern, value, expected):
    assert matches("ipMatch", pattern, value) is expected


@pytest.mark.parametrize(
    "pattern", ["", "10.0.0.0/33", "10.0.0.0/", "10/8", "10.0.0.0/255.0.0.0", "::ffff:1.2.3.4/90", "*"]
)
def test_what_is_no_network_is_refused(pattern):
    assert refusal("ipMatch", pattern).code == "pattern"


def test_a_period_includes_neither_of_its_ends():
    start = datetime(2026, 1, 31, 9, tzinfo=UTC)
    within = period("2026-01-31 09:00:00", "2026-01-31 10:00:00")
    elsewhere = timezone(timedelta(hours=5))

    assert [within(start + timedelta(minutes=m)) for m in (0, 30, 60)] == [False, True, False]
    assert within(start + timedelta(microseconds=1)) is True
    assert within((start + timedelta(minutes=30)).astimezone(elsewhere)) is True


def test_a_period_may_be_open():
    now = datetime(2026, 1, 31, 9, tzinfo=UTC)

    assert period("_", "_")(now) is True
    assert period("0000-01-01 00:00:00", "9999-12-30 00:00:00")(now) is True
    assert period("_", "0000-01-02 00:00:00")(now) is False


@pytest.mark.parametrize(
    "start", ["", "2026-01-31", "2026-02-30 00:00:00", "2026-01-31 09:00:00\n", "2027-01-01 00:00:00"]
)
def test_what_is_no_period_is_refused(start):
    with pytest.raises(Refusal):
        period(start, "2026-12-31 00:00:00")


def test_an_unknown_operator_is_refused_with_the_nearest():
    assert "`keyMatch2`" in refusal("keymatch2", "/a").suggestion
    assert "yes or no" in refusal("keyGet", "/a").message


def test_a_long_pattern_is_refused():
    assert refusal("keyMatch", "/" + "a" * MAX_PATTERN).offset == MAX_PATTERN


@pytest.mark.parametrize("pattern", [r"^\pL{50}$", "^([^é]{30}){30}$"])
def test_an_expression_that_needs_much_memory_is_refused_and_says_so(pattern):
    refused = refusal("regexMatch", pattern)

    assert refused.code == "pattern"
    assert "256 KiB" in refused.message


@pytest.mark.parametrize("name", ["keyMatch2", "keyMatch3", "keyMatch4", "keyMatch5"])
@pytest.mark.parametrize("piece", ["/*", "/:a", "/{a}", ":a/*", "{a}/*", "\U0001f600", "\U0001f600*", "é"])
def test_any_path_has_room_in_the_memory_of_an_expression(name, piece):
    """It is made when it is first asked for, where nothing could be refused any more."""
    pattern = (piece * MAX_PATTERN)[: MAX_PATTERN // len(piece) * len(piece)]

    assert matches(name, pattern, "x") in (True, False)


def test_few_tests_are_kept_beside_those_of_the_policy():
    assert compiled.cache_info().maxsize == 256


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(.*)*$", "^(a?){50}a{50}$"])
def test_no_expression_is_slow(pattern):
    """Python's own module would not answer within the age of the universe."""
    start = time.perf_counter()
    matches("regexMatch", pattern, "a" * 50_000 + "!")

    assert time.perf_counter() - start < 2


@given(st.sampled_from(sorted(OPERATORS)), texts, texts)
@settings(deadline=None, max_examples=600)
def test_any_pattern_is_read_or_refused_inside_itself_and_any_value_is_answered(name, pattern, value):
    offset, answer = _asked(name, pattern, value)

    assert 0 <= offset <= len(pattern)
    assert answer in (True, False, None)


def _asked(name, pattern, value):
    try:
        answer = compiled(name, pattern)(value)
        assert isinstance(remark(name, pattern), str)
    except Refusal as refused:
        return refused.offset, None
    return 0, answer


@given(
    st.sampled_from(sorted(OPERATORS - {"ipMatch", "regexMatch"})),
    st.from_regex(r"\A(/[a-z0-9._~@-]{1,5}){1,4}\Z"),
)
@settings(deadline=None)
def test_a_plain_path_matches_itself_and_nothing_longer(name, path):
    assert matches(name, path, path) is True
    assert matches(name, path, path + "x") is False
    assert matches(name, path, path + "/x") is False


@given(st.sampled_from(sorted(OPERATORS)), texts, texts, st.text(alphabet="/ab.:x", max_size=4))
@settings(deadline=None, max_examples=600)
def test_what_matches_begins_with_the_prefix_of_its_pattern(name, pattern, value, tail):
    for asked in (value, pattern, pattern + tail):
        _, answer = _asked(name, pattern, asked)

        if answer:
            head, only = prefix(name, pattern)
            assert asked.startswith(head)
            assert not only or asked == head
