"""What a suggestion would write, and that it helps."""

import pytest

from policies.advice import Known
from policies.mending import Mend, mend
from policies.problems import Problem
from policies.validate import validate

RULE = "p, logs, role:support, read, data:logs, tier >= 2, -, allow"
KNOWN = Known(frozenset({"role:support"}), frozenset({"data:logs"}), frozenset({"read"}))


def mended(line):
    """Return *line* with the suggestion of its first finding written into it."""
    problem = validate(line + "\n", known=KNOWN)[0]
    found = mend(line, problem)
    assert found is not None, problem
    return line[: found.column - 1] + found.text + line[found.column - 1 + found.length :]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("allow", "alow"),
        ("tier", "teir"),
        ("role:support", "rol:support"),
        ("role:support", "support"),
        ("role:support", "role:suport"),
        ("data:logs", "data:log"),
        ("p, ", "P, "),
        ("read", "raed"),
    ],
)
def test_a_suggestion_that_is_written_makes_the_line_right(right, wrong):
    assert mended(RULE.replace(right, wrong, 1)) == RULE


def test_a_pattern_ends_where_the_suggestion_says():
    assert mended(RULE.replace("data:logs", "data:lo*")) == RULE.replace("data:logs", "data:lo/*")


def test_a_test_is_mended_too():
    line = "t, x, role:support, read, data:logs, tier = 1; weekday = monday, deny, -"

    assert mended(line) == line.replace("monday", "mon")


@pytest.mark.parametrize(
    "problem",
    [
        Problem(1, 4, "x", "`logs` is wrong", "write another"),
        Problem(1, 4, "x", "it is wrong", "did you mean `x`?"),
        Problem(1, 4, "x", "`nowhere` is wrong", "did you mean `x`?"),
        Problem(1, 9, "x", "`logs` is elsewhere", "did you mean `x`?"),
        Problem(1, 1, "x", "`log` is part of a word", "did you mean `x`?"),
    ],
)
def test_what_is_not_sure_is_left_to_the_author(problem):
    assert mend(RULE, problem) is None


def test_a_word_that_stands_twice_is_left_to_the_author():
    line = "g, role:a, role:a"

    assert mend(line, Problem(1, 1, "x", "`role:a` is wrong", "did you mean `role:b`?")) is None
    assert mend(line, Problem(1, 12, "x", "`role:a` is wrong", "did you mean `role:b`?")) == Mend(
        12, 6, "role:b"
    )
