"""A resource has one spelling; whatever is another is refused before any rule is looked at."""

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import action_name, resource_id
from domain.errors import Invalid
from policies.bundle import load
from policies.decide import facts_at, outcome
from tests.policies.world import MONDAY_NOON

LETTERS = string.ascii_letters + string.digits + "_~@.-"
segments = st.sampled_from([".", "..", "...", ".a", "a.", "", "a b", "%2e", "x", "*", "é", "x\n"])
paths = st.lists(segments, min_size=1, max_size=4).map("/".join)
OPEN = load("p, all, *, *, *, -, -, allow\n")


def canonical(text):
    """The definition, said plainly."""
    kind, colon, path = text.partition(":")
    return bool(
        colon
        and len(text) <= 512
        and 1 <= len(kind) <= 32
        and kind != "group"
        and kind[0] in string.ascii_lowercase
        and set(kind) <= set(string.ascii_lowercase + string.digits + "-")
        and all(part and part not in (".", "..") and set(part) <= set(LETTERS) for part in path.split("/"))
    )


@given(st.sampled_from(["data", "group", "Data", "", "d-1", "x" * 33]), paths | st.text(max_size=6))
def test_a_resource_is_taken_if_and_only_if_it_is_canonical(kind, path):
    taken = False
    with contextlib.suppress(Invalid):
        taken = resource_id(f"{kind}:{path}") == f"{kind}:{path}"

    assert taken is canonical(f"{kind}:{path}")


@pytest.mark.parametrize(
    "resource",
    [
        "data:*",
        "*",
        "group:g",
        "",
        "data:",
        "data:x/",
        "data:x//y",
        "data:../x",
        "data:x/%2e%2e",
        "Data:x",
        "data:x\n",
    ],
)
def test_no_rule_is_asked_about_another_spelling(resource):
    with pytest.raises(Invalid):
        outcome(frozenset({"*"}), "read", resource, bundle=OPEN, facts=facts_at({}, MONDAY_NOON))


@pytest.mark.parametrize("action", ["*", "", "Read", "read ", "group:look", "read\n", "réad"])
def test_an_action_has_one_spelling_too(action):
    bundle = load(
        "p, all, *, group:look, *, -, -, allow\np, any, *, *, *, -, -, allow\ng3, read, group:look\n"
    )

    with pytest.raises(Invalid):
        action_name(action)
    with pytest.raises(Invalid):
        outcome(frozenset({"*"}), action, "data:x", bundle=bundle, facts=facts_at({}, MONDAY_NOON))


def test_an_outcome_has_no_truth_value():
    found = outcome(frozenset({"*"}), "read", "data:x", bundle=OPEN, facts=facts_at({}, MONDAY_NOON))

    assert found.permitted
    with pytest.raises(TypeError):
        bool(found)
