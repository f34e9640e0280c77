"""How an AuthZEN request fills the parameters of a model, and which requests are refused.

Attackers: a caller who spells a resource so that a deny does not know it, or
gives a parameter twice and hopes that the other one is looked at.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Invalid
from policies.casbin import question
from policies.casbin.bundle import load
from policies.casbin.question import MAX_LINE, fill, read
from policies.casbin.tree import Param
from tests.policies.casbin.world import NOON, conf

BODY: dict[str, Any] = {
    "subject": {"type": "user", "id": "alice", "properties": {"Age": 20, "team": "x"}},
    "action": {"name": "read", "properties": {"mode": "fast"}},
    "resource": {"type": "data", "id": "data1", "properties": {"Owner": "alice", "team": "y"}},
    "context": {"dom": "d1"},
}


def line(**members):
    return json.dumps({**BODY, **members}).encode()


def code(presented):
    with pytest.raises(Invalid) as caught:
        read(presented, NOON)
    assert caught.value.remedy
    return caught.value.code


def filled(*parameters, paths=(), **members):
    return fill(read(line(**members), NOON), parameters, paths)


@pytest.mark.parametrize("name", ["sub", "subject", "user"])
def test_the_subject_fills_the_parameters_that_are_named_for_it(name):
    values, properties = filled(name)

    assert values == {name: "alice"}
    assert properties == {name: {"Age": 20, "team": "x"}}


@pytest.mark.parametrize("name", ["obj", "object", "resource", "thing"])
def test_the_resource_fills_the_parameters_that_are_named_for_it(name):
    assert filled(name)[0] == {name: "data1"}


@pytest.mark.parametrize("name", ["act", "action"])
def test_the_action_fills_the_parameters_that_are_named_for_it(name):
    assert filled(name) == ({name: "read"}, {name: {"mode": "fast"}})


def test_another_parameter_is_looked_up_in_the_context_and_then_in_properties():
    assert filled("dom", "Age", "Owner", "mode", "absent")[0] == {
        "dom": "d1",
        "Age": 20,
        "Owner": "alice",
        "mode": "fast",
    }


def test_what_the_context_holds_as_an_object_is_looked_into():
    assert filled("env", context={"env": {"zone": "a"}}) == ({}, {"env": {"zone": "a"}})


def test_a_parameter_with_two_values_is_refused():
    with pytest.raises(Invalid, match="one value in subject") as caught:
        filled("team")

    assert caught.value.code == "question-two-values"
    assert filled("team", subject={**BODY["subject"], "properties": {"team": "y"}})[0] == {"team": "y"}


@pytest.mark.parametrize("one", [1, "1", 1.0, True])
def test_values_of_two_types_are_two_values(one):
    other = {1: "1", "1": 1}.get(one, 0) if one is not True else 1

    with pytest.raises(Invalid):
        filled("n", context={"n": one}, subject={**BODY["subject"], "properties": {"n": other}})


def test_the_moment_is_the_clocks_or_the_one_named():
    assert read(line(), NOON).now == NOON
    assert read(line(now="2026-01-31T09:00:00Z"), NOON).now == datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert read(line(now="2026-01-31T09:00:00.5+02:00"), NOON).now.utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    "now",
    ["", "2026-01-31", "2026-01-31T09:00:00", "2026-02-30T09:00:00Z", "0001-01-01T00:00:00+14:00", 5, None],
)
def test_what_is_no_moment_with_an_offset_is_refused(now):
    assert code(line(now=now)) == "question-now"


@pytest.mark.parametrize(
    "presented",
    [
        b"",
        b"x",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"a": 1, "a": 2}',
        b'{"subject": {"id": "a", "id": "b"}}',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b"[" * 30_000,
        b'{"a":' * 9_000,
        b"{} {}",
    ],
)
def test_what_is_not_one_plain_object_is_refused(presented):
    assert code(presented) == "question-json"


def test_a_line_that_is_too_long_is_refused():
    assert code(line(context={"a": "x" * MAX_LINE})) == "question-long"


@pytest.mark.parametrize("member", ["subject", "action", "resource"])
@pytest.mark.parametrize(
    "value", [None, "alice", [], {}, {"type": 1, "id": "a", "name": 2}, {"type": "a", "id": 1}]
)
def test_a_missing_or_mistyped_member_is_refused(member, value):
    assert code(line(**{member: value})) == "question-malformed"


@pytest.mark.parametrize("member", ["properties", "context"])
def test_properties_and_context_are_objects(member):
    held: dict[str, Any] = (
        {"subject": {**BODY["subject"], "properties": []}} if member == "properties" else {"context": []}
    )

    assert code(line(**held)) == "question-malformed"


HIDDEN = [
    "/\uff41",
    "/secret\uff0fx",
    "\ufb01",
    "a\u115fb",
    "a\u034f",
    "a\ufe0f",
    "a\u180b",
    "a\U000e0100",
    "a\u2800",
]


@pytest.mark.parametrize("spelt", ["", "a\n", "a\x7f", "a\u202eb", "e\u0301", "x" * 513, *HIDDEN])
def test_an_id_that_is_empty_long_or_not_printable_is_refused(spelt):
    assert code(line(subject={"type": "user", "id": spelt})) == "question-text"
    with pytest.raises(Invalid, match="`dom`"):
        filled("dom", context={"dom": spelt})


SECOND = [
    "/a/../b",
    "/a/./b",
    "..",
    "/a//b",
    "/a/..",
    "/a%2fb",
    "/a\\b",
    "data:../x",
    "https://h/../x",
    "https://h//x",
    "http:///secret/x",
    "http://",
    "/secret?x=1",
    "/secret#x",
    "/secret;x",
]


@pytest.mark.parametrize("spelt", SECOND)
def test_a_second_spelling_of_a_path_is_refused_where_patterns_match_paths(spelt):
    resource = {"type": "path", "id": spelt}

    with pytest.raises(Invalid) as caught:
        filled("obj", paths={Param("obj"): False}, resource=resource)

    assert caught.value.code == "question-path"
    assert filled("obj", resource=resource)[0] == {"obj": spelt}


@pytest.mark.parametrize("spelt", ["/a/b/", "/a/...", "a.b/.c", "https://h/x", "/A/é"])
def test_a_canonical_path_is_taken(spelt):
    assert filled("obj", paths={Param("obj"): False}, resource={"type": "path", "id": spelt})[0] == {
        "obj": spelt
    }


@pytest.mark.parametrize(
    ("matcher", "spelt", "taken"),
    [
        ("keyMatch5(r.obj, p.obj)", "/a?x=1;y#z", True),
        ("keyMatch5(r.obj, p.obj)", "/a;y?x=1", False),
        ("keyMatch5(r.obj, p.obj)", "/a#y?x=1", False),
        ("keyMatch5(r.obj, p.obj)", "/a/../b?x=1", False),
        ("keyMatch5(r.obj, p.obj) && r.obj != p.sub", "/a?x=1", False),
        ("keyMatch5(r.obj, p.obj) || keyMatch2(r.obj, p.obj)", "/a?x=1", False),
        ("keyMatch2(r.obj, p.obj)", "/a?x=1", False),
        ("r.obj == p.obj", "/a?x=1", True),
    ],
)
def test_a_query_is_taken_where_key_match5_alone_passes_over_it(matcher, spelt, taken):
    """To any other operator `/secret?x` is not `/secret`, and a deny would miss it."""
    decider = load(conf(matcher), "p, alice, /a, read, allow").decider
    assert decider is not None
    asked = read(line(resource={"type": "path", "id": spelt}), NOON)

    if taken:
        decider.answer(asked)
    else:
        with pytest.raises(Invalid, match="another path"):
            decider.answer(asked)


def test_case_and_a_last_slash_are_letters_like_others():
    decider = load(conf("keyMatch2(r.obj, p.obj)"), "p, alice, /a, read, allow").decider
    assert decider is not None
    asked = [read(line(resource={"type": "path", "id": spelt}), NOON) for spelt in ("/a", "/A", "/a/")]

    assert [decider.answer(one).permitted for one in asked] == [True, False, False]


def test_a_property_that_patterns_match_is_a_path_too():
    decider = load(conf("keyMatch(r.obj.path, p.obj)"), "p, alice, /public/*, read, allow").decider
    assert decider is not None
    asked = read(line(resource={**BODY["resource"], "properties": {"path": "/public/../secret"}}), NOON)

    with pytest.raises(Invalid, match=r"`r\.obj\.path`"):
        decider.answer(asked)


@pytest.mark.parametrize(
    ("matcher", "refused"),
    [
        ("keyMatch(r.obj, p.obj)", True),
        ("r.act == p.act && (p.obj == '*' || globMatch(r.obj, p.obj))", True),
        ("g(r.obj, p.obj)", True),
        ("r.obj == p.obj", False),
    ],
)
def test_a_path_is_what_the_model_matches_by_patterns(matcher, refused):
    """`/public/../secret` begins with `/public/`, and Casbin's keyMatch lets it through."""
    more = "[role_matching]\ng = keyMatch\n"
    options = {"g": ["g = _, _"], "more": more} if "g(" in matcher else {}
    decider = load(conf(matcher, **options), "p, alice, /public/*, read, allow").decider
    assert decider is not None
    asked = read(line(resource={"type": "path", "id": "/public/../secret"}), NOON)

    if refused:
        with pytest.raises(Invalid, match="another path"):
            decider.answer(asked)
    else:
        assert not decider.answer(asked).permitted


def test_members_that_are_not_known_are_ignored():
    assert question.read(line(options={"a": 1}), NOON) == question.read(line(), NOON)
