"""Properties that a bundle declares: what is refused, what is compared, and how it is told."""

from datetime import UTC, datetime

import pytest

from domain.access import AccessRequest, Link, Subject, SubjectKind
from policies import kleene
from policies.bundle import load
from policies.conditions import parse
from policies.decide import decide
from policies.declared import declared_in
from policies.mending import mend
from policies.misses import nearest_misses
from policies.problems import Refusal
from policies.proof import failures
from policies.satisfiable import outcomes
from policies.sentences import condition
from policies.succession import succeed
from policies.validate import validate
from policies.worlds import worlds

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
ROWS = """a, resource.ownerID, word
a, subject.email, word
a, resource.level, whole number
a, subject.level, whole number
a, action.soft, yes or no
a, context.soft, yes or no
a, resource.land, word
"""
DECLARED = declared_in(ROWS)
OWN = "p, own, role:editor, update, todo:*, resource.ownerID == subject.email, standing, allow\n"
EDITOR = Subject(SubjectKind.PERSON, "ann")
HELD = (Link("person:ann", "role:editor"),)


def value(text, facts):
    return kleene.evaluate(parse(text, DECLARED), facts).value


def ask(bundle, facts, resource="todo:1"):
    request = AccessRequest(EDITOR, "update", resource, facts)
    return decide(request, bundle=bundle, assignments=HELD, now=NOW)


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("resource.ownerID == subject.email", {"resource.ownerID": "a@x", "subject.email": "a@x"}, True),
        ("resource.ownerID == subject.email", {"resource.ownerID": "A@x", "subject.email": "a@x"}, False),
        ("resource.ownerID != subject.email", {"resource.ownerID": "b@x", "subject.email": "a@x"}, True),
        ("resource.ownerID == subject.email", {"resource.ownerID": "a@x"}, None),
        ("resource.ownerID != subject.email", {"subject.email": "a@x"}, None),
        ("resource.ownerID == subject.email", {"resource.ownerID": 1, "subject.email": 1}, None),
        ("resource.level == subject.level", {"resource.level": 1, "subject.level": True}, None),
        ("resource.level == subject.level", {"resource.level": 1, "subject.level": 1.0}, None),
        ("tier == resource.level", {"tier": 2, "resource.level": 2}, True),
        ("action.soft == context.soft", {"action.soft": False, "context.soft": False}, True),
        ("not action.soft", {"action.soft": 0}, None),
        ("resource.ownerID in {a@x subject.email}", {"resource.ownerID": "subject.email"}, True),
        ("resource.level >= 2", {"resource.level": 3}, True),
    ],
)
def test_properties_are_compared_with_words_numbers_and_each_other(text, facts, expected):
    assert value(text, facts) is expected
    assert worlds([parse(text, DECLARED)], most=100) is not None


@pytest.mark.parametrize(
    ("text", "code", "offset", "suggestion"),
    [
        ("resource.ownerId == subject.email", "property-unknown", 0, "did you mean `resource.ownerID`?"),
        ("resource.ownerID == subject.mial", "property-unknown", 20, "did you mean `subject.email`?"),
        (
            "resource.price > 3",
            "property-unknown",
            0,
            "declare it: a, resource.price, … (yes or no or whole number or word)",
        ),
        ("network == resource.zone", "property-unknown", 11, "declare it"),
        ("resource.ownerID == resource.level", "comparison", 20, ""),
        ("touch_age == resource.level", "comparison", 13, ""),
        ("resource.level < subject.level", "condition-syntax", 15, "`==` or `!=`"),
        ("resource.land == country", "value", 17, "write `country == resource.land`"),
        ("action.soft == true", "condition-syntax", 12, "not action.soft"),
        ("resource.level == -1", "value", 18, ""),
        ("resource.ownerID == a/b", "condition-syntax", 21, ""),
    ],
)
def test_what_can_not_be_meant_is_refused_where_it_stands(text, code, offset, suggestion):
    with pytest.raises(Refusal) as refusal:
        parse(text, DECLARED)

    assert (refusal.value.code, refusal.value.offset) == (code, offset)
    assert suggestion in refusal.value.suggestion


def test_a_line_that_declares_nothing_is_refused_with_what_to_write():
    rows = "a, resorce.x, word\na, tier, word\na, subject.é, word\na, subject.x, wrod\na, subject.y\n"
    again = "a, subject.z, word\na, subject.z, whole number\n"

    found = [
        (p.line, p.code, p.suggestion)
        for p in validate(rows + again + "p, a, *, read, data:x, -, -, allow\n")
    ]

    assert [(line, code) for line, code, _ in found] == [
        (1, "property-name"), (2, "property-name"), (3, "character"), (4, "property-type"),
        (5, "field-count"), (7, "duplicate-property"),
    ]  # fmt: skip
    assert "did you mean `resource`?" in found[0][2]
    assert found[3][2] == "did you mean `word`?"


def test_declarations_may_stand_behind_their_rules_and_unused_ones_are_warned_of():
    text = OWN + " a , resource.ownerID, word\r\n" + ROWS.replace("a, resource.ownerID, word\n", "", 1)

    told = [(problem.code, problem.line) for problem in validate(text)]

    assert told == [("property-unused", line) for line in range(4, 9)]
    assert ask(load(text), {"resource.ownerID": "a@x", "subject.email": "a@x"}).permitted


def test_a_changed_declaration_is_compiled_anew():
    first = load("a, resource.x, word\np, a, *, update, todo:*, resource.x == 1, standing, allow\n")

    second = succeed(first, first.text.replace("word", "whole number"))

    assert ask(first, {"resource.x": "1"}).permitted
    assert not ask(first, {"resource.x": 1}).permitted
    assert ask(second, {"resource.x": 1}).permitted


def test_a_typing_error_in_a_declared_name_can_be_mended_by_a_button():
    line = OWN.replace("ownerID", "ownerId").strip()
    [problem] = [p for p in validate(ROWS + line) if p.severity == "error"]

    mended = mend(line, problem)

    assert mended is not None
    assert mended.text == "resource.ownerID"


def test_a_deny_on_what_nobody_said_applies_and_names_no_value():
    bundle = load(ROWS + OWN + "p, not-mine, *, *, todo:*, resource.ownerID != subject.email, -, deny\n")

    decision = ask(bundle, {"resource.ownerID": "secret@x"})

    assert not decision.permitted
    assert decision.determining == ("not-mine",)
    assert [error.message for error in decision.erring] == ["subject.email is not known"] * 2


def test_tests_of_a_bundle_give_properties():
    good = "t, mine, role:editor, update, todo:1, resource.ownerID = a@x; subject.email = a@x, allow, -\n"
    bad = "t, not-mine, role:editor, update, todo:1, resource.ownerID = b@x; subject.email = a@x, allow, -\n"

    told = [problem.message for problem in failures(load(ROWS + OWN + good + bad))]

    assert len(told) == 1
    assert "`not-mine` expects allow and got deny" in told[0]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"subject.email": "a@x"}, "when ownerID of the resource is email of the subject"),
        ({}, "when ownerID of the resource is email of the subject"),
    ],
)
def test_what_would_open_is_told_in_words_without_an_invented_value(facts, told):
    bundle = load(ROWS + OWN)

    [miss] = nearest_misses(
        {"role:editor", "*"}, "update", "todo:1", bundle=bundle, attributes=facts, now=NOW
    )

    assert miss.sentence == f"would be allowed {told}"


def test_where_a_deny_splits_what_would_open_that_is_told_too():
    bundle = load(ROWS + OWN + "p, no, *, *, todo:*, resource.ownerID == b@x, -, deny\n")
    facts = {"resource.ownerID": "b@x", "subject.email": "a@x"}

    [miss] = nearest_misses(
        {"role:editor", "*"}, "update", "todo:1", bundle=bundle, attributes=facts, now=NOW
    )

    assert miss.opening is not None
    assert miss.sentence == (
        "would be allowed when ownerID of the resource is email of the subject"
        " and not (ownerID of the resource is b@x)"
    )


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("resource.ownerID == subject.email and resource.ownerID != subject.email", {False}),
        ("resource.ownerID == subject.email and resource.ownerID == a and subject.email == b", {False}),
        ("resource.ownerID == subject.email or resource.ownerID != subject.email", {True}),
        ("resource.ownerID == subject.email and resource.land != subject.email", {True, False}),
        ("resource.level == subject.level and resource.level > 3 and subject.level < 5", {True, False}),
        ("resource.level == subject.level and resource.level > 3 and subject.level < 4", {False}),
        ("resource.level != subject.level and resource.level > 3 and subject.level > 3", {True, False}),
        ("country == resource.land and resource.land == de", {False}),
        ("country == resource.land and resource.land == DE", {True, False}),
        ("tier == resource.level and resource.level > 3", {False}),
    ],
)
def test_whether_two_facts_can_be_equal_is_found(text, possible):
    assert outcomes(parse(text, DECLARED)) == possible


def test_a_comparison_reads_aloud():
    said = condition(
        parse("not resource.ownerID == subject.email and action.soft and country != resource.land", DECLARED)
    )

    assert said == (
        "not (ownerID of the resource is email of the subject) and soft is true of the action"
        " and country is not land of the resource"
    )


def test_the_words_that_are_tried_are_as_many_as_may_differ():
    tree = parse("resource.ownerID == subject.email and subject.email == resource.land", DECLARED)

    found = {tuple(world.outcomes.values()) for world in worlds([tree], most=1000) or ()}

    assert (False, False) in found
