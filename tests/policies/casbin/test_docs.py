"""docs/casbin.md says what is there: its example is run, its operators are listed."""

import json
import re
from pathlib import Path

from commands.policy_decide import told
from policies.casbin.bundle import load
from policies.casbin.operators import OPERATORS
from policies.casbin.question import read
from tests.policies.casbin.world import NOON

PAGE = (Path(__file__).parents[3] / "docs" / "casbin.md").read_text(encoding="utf-8")


def block(language, number=0):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[number]


def test_the_example_is_answered_as_the_page_says():
    opened = load(block("ini"), block("csv"))
    assert opened.decider is not None, opened.problems

    answer = told(opened.decider.answer(read(block("json").encode(), NOON)))

    assert opened.problems == ()
    assert answer == json.loads(block("json", 1))


def test_every_operator_is_documented_and_nothing_else_is():
    documented = set(re.findall(r"^\| `(\w+Match\d?)` \|", PAGE, re.MULTILINE))

    assert documented == OPERATORS | {"timeMatch"}
