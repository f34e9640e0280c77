"""A text of a few lines keeps nobody waiting, and takes little memory: what is looked for is bounded."""

from policies import advice
from policies.advice import Known
from policies.bundle import load
from policies.shifts import MOST_IN_ALL, MOST_WORLDS, Kind, Shifts
from policies.validate import MAX_MEMBERSHIPS, validate
from tests.policies.world import allow

NOBODY = Known(roles=frozenset(f"role:known{n}" for n in range(2_000)), resources=frozenset({"data:x"}))


def test_links_that_make_too_many_memberships_are_refused():
    half = 1_100
    members = "".join(f"g, role:m{n}, role:hub\n" for n in range(half))
    groups = "".join(f"g, role:hub, role:g{n}\n" for n in range(half))

    assert half * half > MAX_MEMBERSHIPS
    assert [problem.code for problem in validate(allow() + members + groups)] == ["links-many"]


def test_a_suggestion_is_looked_for_a_few_times_only():
    text = "".join(f"p, r{n}, role:unknown{n}, read, data:x, -, -, allow\n" for n in range(300))

    found = validate(text, known=NOBODY)

    assert [problem.code for problem in found] == ["role-unknown"] * 300
    assert 0 < sum(bool(problem.suggestion) for problem in found) <= 20


def test_an_id_that_is_taken_a_thousand_times_is_told_each_time_with_its_line():
    text = allow(rule="first") + "p, broken, nobody, read, data:x, -, -, allow\n"
    both = [(name, n) for n in range(500) for name in ("first", "broken")]
    text += "".join(f"p, {name}, *, read, data:x{n}, -, -, allow\n" for name, n in both)

    found = [problem for problem in validate(text) if problem.code == "duplicate-id"]

    assert len(found) == 1_000
    assert found[0].message == "the rule id `first` is taken by line 1"
    assert found[1].message == "the rule id `broken` is taken by line 2"


def test_a_change_with_too_many_cases_is_told_as_one_and_not_tried():
    names = ("touch_age", "posture_age", "presence_missed", "asn")
    shifts, tried = Shifts(), 0

    for number in range(400):
        compared = [f"{name} < {5 + number}{'s' if 'age' in name else ''}" for name in names]
        rules = load(allow(" and ".join(compared)) + allow("country == DE or hosting", rule="b")).rules
        shift = shifts.between(rules, ())
        if shift is None or shift.kind is Kind.UNSURE:
            break
        tried += 1

    assert 10 < tried < 400
    assert MOST_IN_ALL > MOST_WORLDS


def test_many_different_conditions_are_tried_in_a_bounded_number(monkeypatch):
    asked = []

    def outcomes(condition):
        asked.append(condition)
        return frozenset((True, False))

    monkeypatch.setattr(advice, "outcomes", outcomes)

    validate("".join(f"p, r{n}, *, read, data:x{n}, touch_age < {n + 1}s, -, allow\n" for n in range(2_000)))

    assert len(asked) == 300
