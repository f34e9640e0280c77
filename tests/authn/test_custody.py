"""The chain of custody: which steps may follow, and what they amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authn.custody import TRANSITIONS, IllegalStep, approval_digest, fold, follow
from domain.custody import CustodyLevel, ItemFacts, ItemState, Step, StepFact
from tests.authn import custody as obvious

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
ITEM = ItemFacts("prs_imani", "home", "S-1", "key_1", None)
DIGEST = approval_digest("prs_imani", "home", "S-1")


def fact(step: Step, by: str, **facts: Any) -> StepFact:
    return StepFact(step, by, NOON, **facts)


def good(*, enrolled: bool = False) -> list[StepFact]:
    """A whole life: Asha receives and assigns, Ben approves and ships, Imani touches."""
    early = [fact(Step.ENROLLED, "asha", credential="key_1")] if enrolled else []
    return [
        fact(Step.RECEIVED, "asha", serial="S-1"),
        fact(Step.ASSIGNED, "asha", person="prs_imani", address="home"),
        *early,
        fact(Step.APPROVED, "ben", approval=DIGEST),
        fact(Step.SHIPPED, "ben", approval=DIGEST),
        fact(Step.DELIVERED, "ben"),
        fact(Step.ACTIVATED, "prs_imani", person="prs_imani", credential="key_1"),
    ]


def test_a_whole_chain_of_a_silent_key_is_unserialised() -> None:
    assert fold(good(), ITEM).level is CustodyLevel.UNSERIALISED


def test_an_attested_serial_makes_it_serialised() -> None:
    assert fold(good(), replace(ITEM, attested_serial="S-1")).level is CustodyLevel.SERIALISED


def test_registered_before_it_left_it_is_preregistered() -> None:
    assert fold(good(enrolled=True), ITEM).level is CustodyLevel.PREREGISTERED


def test_the_levels_are_in_order_and_each_has_its_words() -> None:
    assert [level.word for level in sorted(CustodyLevel)] == [
        "not known", "unserialised", "serialised", "pre-registered",
    ]  # fmt: skip
    assert len({level.sentence for level in CustodyLevel}) == 4
    assert all(step.words for step in Step)


@pytest.mark.parametrize(
    "edit",
    [
        {"person": "prs_mallory"}, {"address": "elsewhere"}, {"serial": "S-2"}, {"serial": None},
        {"credential": "key_2"}, {"attested_serial": "S-2"},
    ],
)  # fmt: skip
def test_an_edit_behind_our_back_breaks_the_chain(edit: dict[str, Any]) -> None:
    chain = fold(good(), replace(ITEM, **edit))

    assert chain.level is CustodyLevel.NONE
    assert chain.broken
    assert chain.problem


def test_an_approval_of_somebody_it_was_never_assigned_to_is_worth_nothing() -> None:
    """The recipient was edited behind our back, and then approved in good faith."""
    steps = [
        *good()[:2],
        fact(Step.ASSIGNED, "asha", person="prs_jon", address="home"),
        *good()[2:],
    ]

    assert fold(steps, ITEM).level is CustodyLevel.NONE


def test_before_shipping_an_edit_can_be_approved_anew_and_after_it_nothing_can() -> None:
    steps = good()
    again = [
        *steps[:3],
        fact(Step.ASSIGNED, "asha", person="prs_imani", address="office"),
        fact(Step.APPROVED, "ben", approval=approval_digest("prs_imani", "office", "S-1")),
        fact(Step.SHIPPED, "ben", approval=approval_digest("prs_imani", "office", "S-1")),
        *steps[5:],
    ]

    assert fold(again, replace(ITEM, address="office")).level is CustodyLevel.UNSERIALISED
    for step in (Step.ASSIGNED, Step.APPROVED, Step.SERIAL_NOTED):
        with pytest.raises(IllegalStep):
            follow(steps[:4], fact(step, "cyd", person="prs_imani"))


def test_whoever_assigned_it_cannot_approve_it() -> None:
    with pytest.raises(IllegalStep, match="cannot approve"):
        follow(good()[:2], fact(Step.APPROVED, "asha", approval=DIGEST))


@pytest.mark.parametrize("step", [Step.APPROVED, Step.SERIAL_NOTED, Step.ASSIGNED, Step.ENROLLED])
def test_the_recipient_takes_no_part_in_it(step: Step) -> None:
    with pytest.raises(IllegalStep):
        follow(good()[:2], fact(step, "prs_imani", person="prs_other"))


def test_nobody_who_handled_it_becomes_its_recipient() -> None:
    with pytest.raises(IllegalStep, match="recipient"):
        follow(good()[:1], fact(Step.ASSIGNED, "ben", person="asha"))


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.RECEIVED])
@pytest.mark.parametrize("state", list(ItemState))
def test_an_illegal_step_is_refused_by_name(step: Step, state: ItemState) -> None:
    """The table is written out in docs/custody.md; what is not in it does not happen."""
    if state in TRANSITIONS[step]:
        return
    path = next((p for p in PATHS if _ends(p) is state), None)
    assert path is not None, state

    with pytest.raises(IllegalStep, match=step.value):
        follow(path, fact(step, "cyd", person="prs_imani"))


def _ends(path: Sequence[StepFact]) -> ItemState:
    return fold(path, ITEM).state


_LIFE = good()
PATHS: list[list[StepFact]] = [
    *[_LIFE[:n] for n in range(1, 7)],
    [*_LIFE, fact(Step.SUSPENDED, "asha")],
    [*_LIFE, fact(Step.LOST, "prs_imani")],
    [*_LIFE, fact(Step.REVOKED, "asha")],
    [*_LIFE, fact(Step.REVOKED, "asha"), fact(Step.DESTROYED, "asha")],
]

PEOPLE = ("asha", "ben", "prs_imani", "prs_jon", "host")


@st.composite
def stories(draw: st.DrawFn, *, by: tuple[str, ...] = PEOPLE) -> tuple[list[StepFact], ItemFacts]:
    """Draw a life, mostly good, with steps left out, doubled, swapped, or done by somebody else."""
    steps = good(enrolled=draw(st.booleans()))
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["drop", "insert", "swap", "by"]))
        at = draw(st.integers(0, max(len(steps) - 1, 0)))
        if kind == "drop" and steps:
            del steps[at]
        elif kind == "insert":
            steps.insert(at + 1, draw(any_step(by)))
        elif kind == "swap" and at + 1 < len(steps):
            steps[at], steps[at + 1] = steps[at + 1], steps[at]
        elif kind == "by" and steps:
            steps[at] = replace(steps[at], by=draw(st.sampled_from(by)))
    if by != PEOPLE:
        steps = [replace(step, by=by[0]) for step in steps]
    item = replace(
        ITEM,
        person=draw(st.sampled_from(["prs_imani", "prs_imani", "prs_jon"])),
        serial=draw(st.sampled_from(["S-1", "S-1", None])),
        attested_serial=draw(st.sampled_from([None, "S-1", "S-2"])),
    )
    return [replace(s, at=NOON + timedelta(minutes=n)) for n, s in enumerate(steps)], item


def any_step(by: tuple[str, ...]) -> st.SearchStrategy[StepFact]:
    return st.builds(
        StepFact,
        st.sampled_from(list(Step)),
        st.sampled_from(by),
        st.just(NOON),
        person=st.sampled_from(["prs_imani", "prs_jon"]),
        address=st.sampled_from(["home", "office"]),
        serial=st.just("S-1"),
        credential=st.sampled_from(["key_1", "key_2"]),
        approval=st.sampled_from([DIGEST, approval_digest("prs_jon", "home", "S-1")]),
    )


@settings(max_examples=600)
@given(stories())
def test_the_fold_and_the_obvious_reading_agree(story: tuple[list[StepFact], ItemFacts]) -> None:
    steps, item = story

    assert int(fold(steps, item).level) == obvious.level(steps, item)


@settings(max_examples=300)
@given(stories(by=("asha",)))
def test_one_person_alone_reaches_no_level(story: tuple[list[StepFact], ItemFacts]) -> None:
    steps, item = story

    assert fold(steps, item).level is CustodyLevel.NONE


@settings(max_examples=300)
@given(stories(), st.sampled_from(["person", "address", "credential"]), st.sampled_from(["x", None]))
def test_an_edit_never_raises_a_level(
    story: tuple[list[StepFact], ItemFacts], column: str, value: str | None
) -> None:
    steps, item = story
    edits: dict[str, Any] = {column: value}

    assert fold(steps, replace(item, **edits)).level <= fold(steps, item).level
