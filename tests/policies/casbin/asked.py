"""What an operator says of a value, and why it refuses a pattern, for the tests of operators."""

import pytest

from policies.casbin.operators import compiled
from policies.problems import Refusal


def matches(name, pattern, value):
    return compiled(name, pattern)(value)


def refusal(name, pattern):
    with pytest.raises(Refusal) as caught:
        compiled(name, pattern)
    return caught.value
