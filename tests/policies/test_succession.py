"""The next bundle is the one that loading gives, however few lines were looked at."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BundleInvalid
from policies import succession
from policies.bundle import load
from policies.decide import decide
from policies.read import read
from policies.succession import succeed
from tests.policies.strategies import policies, questions
from tests.policies.world import allow, deny

EXTRA = (
    "",
    "# a remark",
    "t, ok, *, read, data:zz, -, deny, policy-no-rule",
    "g, role:a, role:zz",
    "nonsense",
)


def same(ours, theirs):
    """Compare all but the numbers of rules."""
    return (
        ours.text == theirs.text
        and ours.digest == theirs.digest
        and sorted(rule.row for rule in ours.rules) == sorted(rule.row for rule in theirs.rules)
        and len(ours.rules) == len(theirs.rules)
        and set(ours.links) == set(theirs.links)
        and set(ours.resource_links) == set(theirs.resource_links)
        and set(ours.action_links) == set(theirs.action_links)
        and ours.tests == theirs.tests
        and ours.rules.ids == theirs.rules.ids == {rule.id for rule in ours.rules}
    )


def either(make):
    try:
        return make()
    except BundleInvalid as refused:
        return refused.details["problems"]


@given(policies, policies, st.data(), st.lists(questions, min_size=5, max_size=5))
@settings(deadline=None, max_examples=200)
def test_the_next_bundle_is_the_one_that_loading_gives(before, after, data, asked):
    """Lines come, go, move and repeat; three times in a row, so that successors have successors."""
    bundle = before.bundle
    pool = [*before.text.split("\n"), *after.text.replace("p, r", "p, s").split("\n"), *EXTRA]
    for _ in range(3):
        lines = data.draw(st.lists(st.sampled_from(pool), max_size=4))
        kept = [line for line in bundle.text.split("\n") if not data.draw(st.sampled_from([0, 0, 0, 1]))]
        text = "\n".join(data.draw(st.permutations([*kept, *lines])))
        ours, theirs = either(lambda: succeed(bundle, text)), either(lambda: load(text))  # noqa: B023
        if isinstance(theirs, list):
            assert ours == theirs
            continue
        assert same(ours, theirs)
        for question in asked:
            answers = [
                decide(question.request, bundle=b, assignments=question.assignments, now=question.now)
                for b in (ours, theirs)
            ]
            assert answers[0] == answers[1]
        bundle = ours


def test_the_old_bundle_serves_on_as_it_was():
    old = load(allow(rule="a") + allow(resource="data:x", rule="b") + deny("remote_control"))
    before = [rule.row for rule in old.rules]

    new = succeed(old, old.text.replace("p, b,", "# p, b,"))

    assert [rule.row for rule in old.rules] == before
    assert [rule.id for rule in new.rules] == ["a", "shut"]


@pytest.mark.parametrize(
    "text",
    [
        allow() + allow() + deny(),
        allow() + allow(resource="data:y") + deny(),
        allow() + deny() + "p, new, *, read, group:nobody, -, -, allow\n",
        allow() + deny() + "p, new, *, raed\n",
        "# nothing left\n",
    ],
)
def test_what_loading_refuses_is_refused_in_the_same_words(text):
    old = load(allow() + deny())

    assert either(lambda: succeed(old, text)) == either(lambda: load(text))


def test_few_of_many_lines_are_read(monkeypatch):
    rules = [f"p, r{n}, role:r{n % 50}, read, data:d{n}, -, -, allow" for n in range(5_000)]
    old = load("\n".join(rules))
    random.Random(1).shuffle(rules)
    rules[10] = rules[10].replace("allow", "deny")
    text = "\n".join([*rules[5:], "p, new, *, read, data:new, -, -, allow"])
    lines = []

    def counted(text, **how):
        lines.extend(text.split("\n"))
        return read(text, **how)

    monkeypatch.setattr(succession, "read", counted)
    monkeypatch.setattr(succession, "load", lambda _: pytest.fail("compiled anew"))

    new = succeed(old, text)

    assert len(new.rules) == 4_996
    assert len(lines) == 2 + 1 + 5
