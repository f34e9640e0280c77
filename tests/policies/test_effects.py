"""Who gains and who loses by a change of the rules, in sentences and in numbers."""

import pytest

from policies.bundle import load
from policies.crowd import Holder
from policies.effect_words import names, told
from policies.effects import effects
from policies.shifts import Kind

CATALOGUE = {"data:logs": ("read", "write"), "data:payroll": ("read",), "svc:board": ("read",)}
SUPPORT = [Holder(f"person:s{n:02}", ("role:support",)) for n in range(12)]
BOB = Holder("person:bob", ("role:night",))
EVA = Holder("person:eva")
EVERYBODY = [*SUPPORT, BOB, EVA]
CALLED = {"person:bob": "Bob Stone", "person:eva": "Eva Lund"}
BASE = "p, base, role:support, read, svc:board, -, -, allow\n"


def sentences(old, new, people=EVERYBODY, catalogue=CATALOGUE):
    found = effects(load(BASE + old), load(BASE + new), people, catalogue)
    assert found.unseen == 0
    return [told(effect, CALLED) for effect in found.effects]


LOGS = "p, logs, role:support, read, data:logs, {}, {}, allow\n"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "",
            "p, pay, person:bob, read, data:payroll, tier >= 2, max 15m, allow\n",
            "Bob Stone gains read on data:payroll when tier is at least 2, for at most 15 minutes",
        ),
        (
            "p, w, role:support, write, data:logs, -, -, allow\n",
            "",
            "everybody with role support (12 people) loses write on data:logs",
        ),
        (
            LOGS.format("tier >= 2", "-"),
            "",
            "everybody with role support (12 people) loses read on data:logs, which was allowed when tier is "
            "at least 2",
        ),
        (
            LOGS.format("tier >= 2", "-"),
            LOGS.format("tier >= 1", "-"),
            "everybody with role support (12 people) may read data:logs in more cases: when tier is at "
            "least 1; before, when tier is at least 2",
        ),
        (
            LOGS.format("-", "-"),
            LOGS.format("tier >= 2", "-"),
            "everybody with role support (12 people) may read data:logs in fewer cases: when tier is at "
            "least 2; before, always",
        ),
        (
            LOGS.format("tier == 2", "-"),
            LOGS.format("tier == 3", "-"),
            "everybody with role support (12 people) may read data:logs in other cases: when tier is 3; "
            "before, when tier is 2",
        ),
        (
            LOGS.format("-", "max 15m"),
            LOGS.format("-", "max 1h; standing"),
            "everybody with role support (12 people) may read data:logs on other terms: for at most 1 hour, "
            "without asking for a grant; before, for at most 15 minutes",
        ),
        ("", "p, all, *, read, svc:board, -, -, allow\n", "Bob Stone and Eva Lund gain read on svc:board"),
        (
            "",
            "p, pay, *, read, data:*, -, -, allow\n",
            "everybody (14 people) gains read on data:logs (and below) and data:payroll (and below)",
        ),
        (
            "",
            "p, below, role:night, read, data:logs/*, -, -, allow\n",
            "Bob Stone gains read on anything else below data:logs",
        ),
        (
            "",
            "p, one, role:night, read, data:logs/eu, -, -, allow\n",
            "Bob Stone gains read on data:logs/eu",
        ),
        (
            "",
            "p, odd, role:night, delete, data:logs, -, -, allow\n",
            "Bob Stone gains delete on data:logs",
        ),
        (
            "",
            "p, none, role:auditor, read, data:logs, -, -, allow\n",
            "whoever holds role auditor (nobody now) gains read on data:logs",
        ),
        (
            "",
            "p, zed, person:zed, read, data:logs, -, -, allow\n",
            "person zed (not known here) gains read on data:logs",
        ),
        ("", "g, role:night, role:support\n", "Bob Stone gains read on svc:board"),
    ],
)
def test_one_change_is_one_sentence(old, new, sentence):
    assert sentences(old, new) == [sentence]


def test_a_change_of_action_groups_is_told():
    rule = "p, g, role:night, group:use, data:logs, -, -, allow\ng3, read, group:use\n"

    assert sentences(rule, rule + "g3, write, group:use\n") == ["Bob Stone gains write on data:logs"]
    assert sentences("", rule + "g3, delete, group:use\n") == ["Bob Stone gains read and delete on data:logs"]


def test_a_pattern_in_a_group_is_told():
    rule = "p, g, role:night, read, group:secret, -, -, allow\ng2, svc:board, group:secret\n"

    assert sentences(rule, rule + "g2, data:*, group:secret\n") == [
        "Bob Stone gains read on data:logs (and below) and data:payroll (and below)"
    ]


def test_a_change_of_resource_groups_is_told():
    rule = "p, g, role:night, read, group:secret, -, -, allow\ng2, data:logs, group:secret\n"

    assert sentences(rule, rule + "g2, data:payroll, group:secret\n") == [
        "Bob Stone gains read on data:payroll"
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment\n", ""),
        (LOGS.format("tier >= 2", "-"), LOGS.format("not tier < 2", "-")),
        (LOGS.format("tier >= 2", "-"), LOGS.format("tier in {2 3}", "-").replace("logs,", "renamed,", 1)),
        ("", "p, no, role:support, read, data:payroll, -, -, deny\n"),
        ("", "p, twice, role:support, read, svc:board, tier >= 1, -, allow\n"),
        ("", "p, elsewhere, *, read, code:*, -, -, allow\n"),
    ],
)
def test_other_words_for_the_same_answers_change_nothing(old, new):
    assert sentences(old, new) == []


def test_a_pattern_that_stays_is_no_change_and_one_that_changes_is():
    inside, other = (
        LOGS.format(f"address ipMatch {net} and tier >= {{}}", "-") for net in ("10.0.0.0/8", "10.0.0.0/9")
    )

    assert sentences(inside.format(2), inside.format(2).replace("logs,", "renamed,", 1)) == []
    [wider] = sentences(inside.format(2), inside.format(1))
    assert "may read data:logs in more cases" in wider
    [unlike] = sentences(inside.format(2), other.format(2))
    assert "may read data:logs in other cases" in unlike


def test_losses_stand_first_and_numbers_are_exact():
    old = "p, w, role:support, write, data:logs, -, -, allow\n"
    new = "p, pay, person:bob, read, data:payroll, -, -, allow\n"

    found = effects(load(BASE + old), load(BASE + new), EVERYBODY, CATALOGUE)

    assert [effect.shift.kind for effect in found.effects] == [Kind.LOST, Kind.GAINED]
    assert found.summary() == {
        "gains": 1,
        "losses": 12,
        "terms": 0,
        "unsure": 0,
        "people_gaining": 1,
        "people_losing": 12,
    }


def test_many_names_are_cut_short_with_the_number_of_the_rest_and_all_on_demand():
    people = [Holder(f"person:p{n:03}", (f"role:r{n % 7}",)) for n in range(500)]
    rules = "".join(f"p, a{n}, role:r{n}, read, data:logs, -, -, allow\n" for n in range(5))

    [effect] = effects(load(BASE), load(BASE + rules), people, CATALOGUE).effects

    assert told(effect, {}) == (
        "358 people (person:p000, person:p001, person:p002 and 355 more) gain read on data:logs"
    )
    assert len(names(effect, {})) == effect.size == 358


def test_a_change_shows_facts_of_which_the_answers_differ():
    new = LOGS.format("tier >= 1", "-")

    [effect] = effects(load(BASE), load(BASE + new), SUPPORT, CATALOGUE).effects

    assert effect.shift.example is not None
    assert effect.shift.example["tier"] >= 1


def test_too_many_facts_to_try_are_told_and_not_passed_over():
    facts = ("tier >= 2", "binding >= 2", "custody >= 2", "touch_age < 60s", "posture_age < 60s",
             "disk_encrypted", "remote_control", "remote_logon", "hosting")  # fmt: skip
    both = LOGS.format("{}", "-")

    [sentence] = sentences(both.format(" and ".join(facts)), both.format(" or ".join(facts)))

    assert sentence == (
        "for everybody with role support (12 people), other rules speak of read on data:logs: too many cases "
        "to compare them all"
    )


def test_the_first_rules_give_whatever_they_give():
    found = effects(None, load(BASE), [], CATALOGUE)

    assert [told(effect, {}) for effect in found.effects] == [
        "whoever holds role support (nobody now) gains read on svc:board"
    ]


def test_questions_beyond_the_limit_are_counted(monkeypatch):
    monkeypatch.setattr("policies.effects.MOST_QUESTIONS", 0)
    new = "p, all, *, *, *, -, -, allow\n"

    found = effects(load(BASE), load(BASE + new), EVERYBODY, CATALOGUE)

    assert found.effects == ()
    assert found.unseen == found.summary()["unsure"] > 0


def test_a_role_that_nobody_holds_is_told_beside_one_that_people_hold():
    new = LOGS.format("-", "-") + LOGS.format("-", "-").replace("logs, role:support", "aud, role:auditor", 1)

    assert sentences("", new) == [
        "everybody with role support (12 people) gains read on data:logs",
        "whoever holds role auditor (nobody now) gains read on data:logs",
    ]
