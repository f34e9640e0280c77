"""Any text is answered: by a bundle, or by a refusal with its problems. Never by a crash."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BundleInvalid
from policies import kleene
from policies.bundle import load
from policies.conditions import parse
from policies.problems import Refusal
from policies.sentences import condition as in_words
from tests.policies.strategies import PROPERTY_VALUES, facts, parsed, policies, trees

fuzz = settings(deadline=None, max_examples=400)
PIECES = (
    *("p", "g", "g2", "g3", "a", "t", ",", ", ", "\n", "\r", "#", ";", "-", "*", "(", ")", "{", "}"),
    *("\ufeff", "\0", "é"),
    *("role:a", "data:*", "data:x", "group:g", "allow", "deny", "tier", ">=", "2", "and", "or", "not", "in"),
    *("09:00-17:30", "max 5m", "standing", "path", "address", "now", "keyMatch2", "regexMatch", "ipMatch"),
    *("resource.ownerID", "subject.email", "==", "!=", "word", "whole number", "context."),
    *("timeMatch", "^/a(b|c)*$", "/:id", "10.0.0.0/8", "_/2026-12-01T00:00:00", "[", "^", "$", "\\"),
)
pieces = st.lists(st.sampled_from(PIECES), max_size=60)
anything = st.text() | pieces.map(" ".join) | pieces.map("".join)
NAMES = ("tier", "touch_age", "country", "time", "path", "address", "now", *PROPERTY_VALUES)
any_value = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(anything)
@fuzz
def test_any_text_is_loaded_or_refused_with_its_problems(text):
    try:
        bundle = load(text)
    except BundleInvalid as refusal:
        problems = refusal.details["problems"]
        assert problems
        assert all(p["line"] >= 1 and p["column"] >= 1 and p["message"] for p in problems)
    else:
        assert bundle.rules


@given(policies, st.data())
@fuzz
def test_a_damaged_policy_is_loaded_or_refused(policy, data):
    text = policy.text
    cut = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(cut, min(len(text), cut + 5)))
    damaged = text[:cut] + data.draw(st.text(max_size=3)) + text[end:]

    with contextlib.suppress(BundleInvalid):
        load(damaged)


@given(anything)
@fuzz
def test_any_condition_is_parsed_or_refused_inside_its_text(text):
    offset, words = _read(text)

    assert words or 0 <= offset <= len(text)


def _read(text):
    try:
        return 0, in_words(parse(text))
    except Refusal as refusal:
        return refusal.offset, ""


@given(
    trees,
    st.dictionaries(st.sampled_from(NAMES), any_value),
)
@fuzz
def test_no_fact_of_any_type_makes_a_condition_raise(tree, strange):
    verdict = kleene.evaluate(parsed(tree), strange)

    assert verdict.value in (True, False, None)
    assert bool(verdict.faults) is (verdict.value is not True)


@given(trees, facts, st.booleans())
@fuzz
def test_mending_the_faults_gives_the_wanted_value(tree, known, wanted):
    """The atoms told are enough: were each as wanted, so would be the condition."""
    condition = parsed(tree)
    faults = {(f.atom.text, f.wanted) for f in kleene.evaluate(condition, known, wanted=wanted).faults}

    assert _mended(condition, known, faults, wanted) is wanted


def _mended(tree, known, faults, wanted):
    """Evaluate with every told atom set as it is wanted where it stands."""
    if hasattr(tree, "operand"):
        inner = _mended(tree.operand, known, faults, not wanted)
        return None if inner is None else not inner
    if hasattr(tree, "operands"):
        ranked = [{False: 0, None: 1, True: 2}[_mended(o, known, faults, wanted)] for o in tree.operands]
        decisive = max(ranked) if type(tree).__name__ == "Or" else min(ranked)
        return [False, None, True][decisive]
    if (tree.text, wanted) in faults:
        return wanted
    return tree.of(known)
