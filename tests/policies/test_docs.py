"""The pages for authors and integrators say what the code does."""

import re
from pathlib import Path

from domain.attributes import ATTRIBUTES
from domain.reasons import ReasonCode
from policies import proof
from policies.bundle import load
from policies.conditions import MAX_DEPTH, MAX_LENGTH
from policies.validate import MAX_CHAIN, validate
from tests.policies.test_conditions import AND, NOT, OR

DOCS = Path(__file__).parents[2] / "docs"
POLICY = (DOCS / "policy.md").read_text(encoding="utf-8")
REASONS = (DOCS / "reasons.md").read_text(encoding="utf-8")
WORDS = {True: "true", False: "false", None: "unknown"}


def table(text, header):
    """Return the cells of the table under *header*, row by row."""
    lines = text[text.index(f"| {header}") :].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip() for cell in line.strip().strip("|").split("|")))
    return rows


def test_the_attribute_table_is_the_one_in_force():
    assert table(POLICY, "name | type") == [
        (f"`{a.name}`", a.type.value, a.meaning, ", ".join(a.values)) for a in ATTRIBUTES.values()
    ]


def test_the_reason_table_is_the_one_in_force():
    assert table(REASONS, "code | standing") == [
        (f"`{code.value}`", code.standing.value, code.text.sentence, code.text.remedy) for code in ReasonCode
    ]


def test_the_truth_table_is_the_one_in_force():
    assert table(POLICY, "a | b") == [
        (WORDS[a], WORDS[b], WORDS[NOT[a]], WORDS[AND[a, b]], WORDS[OR[a, b]]) for a, b in AND
    ]


def test_the_example_policy_is_sound():
    example = re.search(r"```\n(# reading.*?)```", POLICY, re.DOTALL)

    assert example is not None
    assert validate(example[1]) == ()


def test_the_example_policy_passes_the_example_tests():
    rules, tests = re.findall(r"```\n((?:# reading|t, ).*?)```", POLICY, re.DOTALL)

    outcomes = proof.run(load(rules + tests))

    assert len(outcomes) == 3
    assert [outcome.told for outcome in outcomes if not outcome.passed] == []


def test_the_limits_are_those_in_force():
    assert f"at most {MAX_LENGTH} characters and nests at most {MAX_DEPTH} deep" in POLICY
    assert f"at most {MAX_CHAIN} links deep" in POLICY
