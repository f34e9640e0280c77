"""Company: who else's keys are used here, and whether somebody walks along a shelf of laptops."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evidence import Kind
from evidence.company import Company, Other, from_company, rounds, shared_by_design
from evidence.networks import NamedNetwork
from tests.evidence.scenes import NOON, CountingIds

ALONE = Company((), (), named=False, touches={})
DAY = timedelta(days=1)


def walk(*people, step=20, begin=NOON):
    """Touches of *people* in this order, *step* seconds apart."""
    return [(begin + timedelta(seconds=step * n), person) for n, person in enumerate(people)]


def told(company, person="a"):
    observed = from_company(company, person=person, session="s1", ids=CountingIds(), now=NOON)
    return {o.kind: o for o in observed}


def test_a_person_alone_is_told_as_such_so_that_an_earlier_company_can_end():
    seen = told(ALONE)

    assert {kind: o.value["people"] for kind, o in seen.items()} == {
        Kind.COMPANY_DEVICE: 0,
        Kind.COMPANY_NETWORK: 0,
        Kind.COMPANY_ROUND: 0,
    }
    assert not any(o.adverse for o in seen.values())


def test_others_are_counted_once_with_the_day_of_the_first():
    others = (Other("b", NOON - 3 * DAY), Other("c", NOON - 9 * DAY), Other("b", NOON))

    seen = told(Company(others, others[:1], named=False, touches={}))

    assert seen[Kind.COMPANY_DEVICE].value == {"people": 2, "since_days": 9, "ids": ["b", "c"]}
    assert seen[Kind.COMPANY_NETWORK].value == {
        "people": 1,
        "since_days": 3,
        "ids": ["b"],
        "named": False,
    }
    assert seen[Kind.COMPANY_DEVICE].adverse
    assert seen[Kind.COMPANY_NETWORK].adverse


def test_of_many_others_ten_ids_are_kept():
    others = tuple(Other(f"p{n:02}", NOON) for n in range(30))

    value = told(Company(others, (), named=False, touches={}))[Kind.COMPANY_DEVICE].value

    assert value["people"] == 30
    assert value["ids"] == [f"p{n:02}" for n in range(10)]


def test_a_round_on_two_days_counts_two():
    touches = walk("a", "b", "c") + walk("c", "a", "b", begin=NOON + DAY)

    seen = told(Company((), (), named=False, touches={"farm": touches}))[Kind.COMPANY_ROUND]

    assert seen.value == {"people": 3, "days": 2, "ids": ["b", "c"]}
    assert seen.adverse


def test_a_round_of_others_is_not_mine():
    seen = told(Company((), (), named=False, touches={"x": walk("b", "c", "d")}))[Kind.COMPANY_ROUND]

    assert not seen.adverse


def test_touches_of_two_places_make_no_round():
    touches = walk("a", "b", "c")
    places = {"here": touches[:2], "there": touches[2:]}

    assert not told(Company((), (), named=False, touches=places))[Kind.COMPANY_ROUND].adverse


@pytest.mark.parametrize(
    "touches",
    [walk("a", "b"), walk("a", "b", "a", "b"), walk("a", "b", "c", step=4), walk("a", "b", "c", step=61)],
    ids=["two-people", "two-people-taking-turns", "at-the-same-moment", "minutes-apart"],
)
def test_what_is_no_round(touches):
    assert rounds(touches) == ()


@pytest.mark.parametrize("step", [5, 60])
def test_the_bounds_of_a_step_belong_to_it(step):
    assert len(rounds(walk("a", "b", "c", step=step))) == 1


def test_touching_one_key_twice_does_not_hide_a_round():
    assert len(rounds(walk("a", "a", "b", "b", "c"))) == 1


def test_a_quick_second_touch_of_each_key_does_not_hide_a_round():
    """A login and a step-up within five seconds come free; they split every round."""
    line = [each for at, who in walk("a", "b", "c") for each in ((at, who), (at + timedelta(seconds=3), who))]

    assert len(rounds(line)) == 1


def obvious_rounds(touches):
    """A second implementation: look at every stretch of touches, keep the longest unbroken ones."""
    line = sorted(touches)
    found = []
    for first in range(len(line)):
        for last in range(first, len(line)):
            gaps = [(line[n + 1][0] - line[n][0]).total_seconds() for n in range(len(line) - 1)]
            steps = [
                0 <= gap <= 60 and (gap >= 5 or line[n][1] == line[n + 1][1]) for n, gap in enumerate(gaps)
            ]
            unbroken = all(steps[first:last])
            begins = first == 0 or not steps[first - 1]
            ends = last == len(line) - 1 or not steps[last]
            people = {person for _, person in line[first : last + 1]}
            if unbroken and begins and ends and len(people) >= 3:
                found.append((line[first][0], people))
    return found


touches = st.lists(
    st.tuples(
        st.integers(0, 400).map(lambda seconds: NOON + timedelta(seconds=seconds)), st.sampled_from("abcd")
    ),
    max_size=14,
)


@given(touches)
def test_rounds_are_those_of_the_obvious_implementation(line):
    assert [(each.began_at, set(each.people)) for each in rounds(line)] == obvious_rounds(line)


@given(touches, st.randoms())
def test_the_order_in_which_touches_are_read_does_not_matter(line, random):
    shuffled = list(line)
    random.shuffle(shuffled)

    assert rounds(shuffled) == rounds(line)


@pytest.mark.parametrize(
    ("kind", "by_design"),
    [("corporate", True), ("vpn", True), ("other", True), ("residential", False), ("hosting", False)],
)
def test_what_the_operator_has_named_as_shared_does_not_count(kind, by_design):
    network = NamedNetwork(ip_network("198.51.100.0/24"), "named", kind)

    assert shared_by_design(network) is by_design
    assert not shared_by_design(None)
