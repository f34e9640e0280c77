"""Every call of Casbin's operators in its own (Go) tests: answered as there, or refused by name.

Where PyCasbin answers otherwise (globMatch with ``**``) Go's answer is given.
Two laws of this product refuse instead: regexMatch must be anchored, since Casbin's matches any
part of a value; and keyGet to keyGet3 give a part of a path, for a matcher that asks yes or no.
"""

from __future__ import annotations

from typing import Any

import pytest

from policies.casbin.operators import compiled
from policies.problems import Refusal
from tests.vectors.source import vectors

COUNT = 235


@pytest.fixture(scope="module")
def calls() -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = vectors("casbin_operators.json")["cases"]
    assert len(cases) == COUNT
    return cases


def test_every_call_is_answered_as_go_answers_it(calls):
    served = [c for c in calls if not c["op"].startswith("keyGet") and c["op"] != "regexMatch"]

    differing = [c for c in served if compiled(c["op"], c["args"][1])(c["args"][0]) is not c["expect"]]

    assert len(served) > 150
    assert not differing


def test_where_pycasbin_deviates_go_is_followed(calls):
    deviating = [c for c in calls if "pycasbin_1_43_0" in c]

    assert {c["op"] for c in deviating} == {"globMatch"}
    assert all(compiled("globMatch", c["args"][1])(c["args"][0]) is c["expect"] for c in deviating)


def test_an_expression_is_answered_once_it_says_what_go_reads_into_it(calls):
    """The pattern of the vectors is refused; with Casbin's meaning written out it answers the same."""
    expressions = [c for c in calls if c["op"] == "regexMatch"]

    for call in expressions:
        value, pattern = call["args"]
        with pytest.raises(Refusal) as refused:
            compiled("regexMatch", pattern)
        assert refused.value.code == "unanchored"
        assert compiled("regexMatch", f"^.*({pattern}).*$")(value) is call["expect"]
    assert expressions


def test_what_gives_a_part_of_a_path_is_refused(calls):
    parts = [c for c in calls if c["op"].startswith("keyGet")]

    for call in parts:
        with pytest.raises(Refusal, match="yes or no"):
            compiled(call["op"], call["args"][1])
    assert parts
