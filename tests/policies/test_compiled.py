"""A compiled condition says what the explained one says, of any facts."""

from hypothesis import given
from hypothesis import strategies as st

from domain.attributes import ATTRIBUTES
from policies import kleene
from policies.compiled import compiled
from policies.conditions import parse
from tests.policies.strategies import DECLARED, conditions, facts, parsed

anything = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2000), st.text(max_size=3), st.floats(),
    st.lists(st.integers(0, 20), max_size=3), st.dictionaries(st.text(max_size=1), st.none(), max_size=1),
)  # fmt: skip
odd_facts = st.dictionaries(st.sampled_from(sorted([*ATTRIBUTES, *DECLARED])), anything, max_size=6)


@given(conditions.filter(bool), st.one_of(facts, odd_facts))
def test_a_compiled_condition_is_true_false_or_unknown_as_the_explained_one(condition, known):
    tree = parsed(condition)

    assert compiled(tree)(known) is kleene.evaluate(tree, known).value


def test_equal_conditions_share_one_function():
    assert compiled(parse("tier >= 2 and not remote_control")) is compiled(
        parse("tier >= 2 and not remote_control")
    )
