"""The laws of a decision (``docs/policy.md``), each for any policy and any question."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decision import Effect
from domain.reasons import ReasonCode
from policies.bundle import assembled
from policies.decide import decide, facts_at
from policies.index import path_of
from policies.validate import check, validate
from tests.policies.strategies import ACTION_LINKS, Policy, policies, questions, rule_bodies, with_circles
from tests.reference import decider

law = settings(deadline=None, max_examples=150)


ELSEWHERE = ("*", "*", "*", ("match", "path", "keyMatch", "/nowhere"), "allow")


def ask(policy: Policy, question, **changed):
    return decide(
        question.request,
        bundle=changed.get("bundle", policy.bundle),
        assignments=question.assignments,
        now=question.now,
    )


def applying(policy: Policy, question) -> tuple[set[str], set[str]]:
    """Return the permits and the forbids that apply, by the reference."""
    links = [(link.member, link.group) for link in question.assignments]

    def alone(rule):
        request = question.request
        facts = {**facts_at(request.attributes, question.now), "path": path_of(request.resource)}
        subject = str(request.subject)
        roles = [*policy.role_links, *links]
        return decider.decide(
            [rule],
            roles,
            policy.resource_links,
            ACTION_LINKS,
            subject,
            request.action,
            request.resource,
            facts,
        )[1]

    found = [(rule[5], alone(rule)) for rule in policy.rules]
    permits = {id_ for effect, ids in found if effect == "allow" for id_ in ids}
    return permits, {id_ for effect, ids in found if effect == "deny" for id_ in ids}


@given(policies, questions)
@law
def test_a_rule_that_is_said_to_change_nothing_changes_nothing(policy, question):
    told = [p for p in validate(policy.text) if p.code == "shadowed"]

    for problem in told:
        lines = policy.text.split("\n")
        without = "\n".join([*lines[: problem.line - 1], "", *lines[problem.line :]])
        left = assembled(without, check(without))
        assert ask(policy, question, bundle=left).effect is ask(policy, question).effect, problem


@given(with_circles, questions)
@law
def test_what_no_rule_permits_is_denied(policy, question):
    permits, _ = applying(policy, question)

    decision = ask(policy, question)

    assert not decision.permitted or permits


@given(with_circles, questions)
@law
def test_a_forbid_that_applies_trumps_every_permit(policy, question):
    _, forbids = applying(policy, question)

    decision = ask(policy, question)

    assert not (decision.permitted and forbids)


@given(with_circles, questions)
@law
def test_it_is_permitted_if_a_permit_applies_and_no_forbid_does(policy, question):
    permits, forbids = applying(policy, question)

    decision = ask(policy, question)

    assert decision.permitted is (bool(permits) and not forbids)


@given(with_circles, questions)
@law
def test_determining_rules_are_exactly_those_that_apply(policy, question):
    permits, forbids = applying(policy, question)

    decision = ask(policy, question)

    assert set(decision.determining) == (permits if decision.permitted else forbids)


@given(with_circles, questions, st.randoms(use_true_random=False), st.data())
@law
def test_order_and_duplicates_of_rules_do_not_matter(policy, question, random, data):
    again = data.draw(st.lists(st.sampled_from(policy.rules), max_size=3))
    copies = [(f"copy{n}", *rule[1:]) for n, rule in enumerate(again)]
    rules = [*policy.rules, *copies]
    random.shuffle(rules)

    before = ask(policy, question)
    after = ask(replace(policy, rules=tuple(rules)), question)

    assert after.effect is before.effect
    assert [r.code for r in after.reasons] == [r.code for r in before.reasons]
    assert {id_ for id_ in after.determining if not id_.startswith("copy")} == set(before.determining)


@given(with_circles, questions, st.randoms(use_true_random=False))
@law
def test_the_order_of_lines_does_not_change_the_decision(policy, question, random):
    rules = list(policy.rules)
    random.shuffle(rules)
    shuffled = replace(policy, rules=tuple(rules))

    assert ask(shuffled, question) == ask(policy, question)


@given(with_circles, questions, rule_bodies)
@law
def test_adding_a_permit_never_revokes(policy, question, body):
    more = replace(policy, rules=(*policy.rules, ("new", *body[:4], "allow")))

    assert ask(more, question).permitted >= ask(policy, question).permitted


@given(with_circles, questions, rule_bodies)
@law
def test_adding_a_forbid_never_grants(policy, question, body):
    more = replace(policy, rules=(*policy.rules, ("new", *body[:4], "deny")))

    assert ask(more, question).permitted <= ask(policy, question).permitted


@given(with_circles, questions, st.data())
@law
def test_withholding_a_fact_never_opens_a_door(policy, question, data):
    """A missing fact denies at least what its most favourable value would have denied."""
    request = question.request
    kept = data.draw(st.sets(st.sampled_from(sorted(request.attributes)))) if request.attributes else set()
    fewer = replace(request, attributes={k: v for k, v in request.attributes.items() if k in kept})

    without = ask(policy, replace(question, request=fewer))

    assert without.permitted <= ask(policy, question).permitted


@given(with_circles, questions)
@law
def test_a_permit_of_another_path_changes_no_reason(policy, question):
    more = replace(policy, rules=(*policy.rules, ("new", *ELSEWHERE)))

    before, after = ask(policy, question), ask(more, question)

    assert [r.code for r in after.reasons] == [r.code for r in before.reasons]


@given(questions, st.booleans())
@law
def test_no_bundle_or_an_empty_one_denies_everything(question, absent):
    empty = assembled("", check(""))

    decision = decide(
        question.request,
        bundle=None if absent else empty,
        assignments=question.assignments,
        now=question.now,
    )

    assert decision.effect is Effect.DENY
    assert decision.reason.code is ReasonCode.POLICY_ABSENT


@given(with_circles, questions)
@law
def test_a_denial_said_to_be_curable_names_a_cure_in_every_reason(policy, question):
    decision = ask(policy, question)

    if decision.curable:
        assert all(reason.remedy and "{" not in reason.remedy for reason in decision.reasons)


@given(with_circles, questions)
@law
def test_a_decision_has_no_truth_value(policy, question):
    with pytest.raises(TypeError):
        bool(ask(policy, question))
