"""What is told of a change is what deciding everything by both bundles finds, and nothing is passed over."""

from itertools import product

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.access import AccessRequest, Link, Subject, SubjectKind
from policies.crowd import Holder
from policies.decide import decide, decide_for, facts_at
from policies.effects import effects
from policies.kleene import evaluate
from policies.shifts import GAINS, LOSSES, Kind
from policies.worlds import worlds
from tests.policies.strategies import ACTIONS, MONDAY, ROLES, conditions, parsed, policies, questions

PEOPLE = [
    Holder("person:ann", ("role:a",)),
    Holder("person:bob", ("role:b", "group:d")),
    Holder("person:cem", ("role:b", "group:d")),
    Holder("person:dee"),
]
CATALOGUE = {"data:x": ACTIONS, "data:xy": ACTIONS, "svc:t": ("read",)}
RESOURCES = (
    *CATALOGUE,
    "data:x/1",
    "data:x/other",
    "data:x/1/deep",
    "data:xy/other",
    "svc:t/v1",
    "svc:t/other",
)


def by_triple(found):
    """Return the effect of every triple of person, action and resource."""
    return {
        (name, action, resource): effect
        for effect in found.effects
        for name, action, resource in product(effect.who, effect.actions, effect.resources)
    }


def told_of(told, person, action, resource):
    """Return the effect on one triple: under its own name, or as one of the others that no rule names."""
    below = next((f"{each}/~" for each in CATALOGUE if resource.startswith(f"{each}/")), resource)
    as_told = product((action, "any-other-action"), (resource, below))
    return next(filter(None, (told.get((person.name, *each)) for each in as_told)), None)


def answer(bundle, person, action, resource, attributes, now):
    kind, _, id_ = person.name.partition(":")
    decision = decide(
        AccessRequest(Subject(SubjectKind(kind), id_), action, resource, attributes),
        bundle=bundle,
        assignments=[Link(person.name, group) for group in person.memberships],
        now=now,
    )
    return (decision.permitted, decision.obligations)


@given(policies, policies, st.lists(questions, min_size=12, max_size=12), st.data())
@settings(deadline=None, max_examples=60, phases=[Phase.generate])
def test_what_is_told_is_what_deciding_everything_finds(old, more, asked, data):
    kept = data.draw(st.lists(st.sampled_from(old.rules), unique=True))
    new = type(old)((*kept, *((f"n{id_}", *rest) for id_, *rest in more.rules[:2])), old.role_links,
                    more.resource_links)  # fmt: skip
    before, after = old.bundle, new.bundle

    told = by_triple(effects(before, after, PEOPLE, CATALOGUE))

    for person, action, resource in product(PEOPLE, ACTIONS, RESOURCES):
        effect = told_of(told, person, action, resource)
        for question in asked:
            attributes, now = question.request.attributes, question.now
            was = answer(before, person, action, resource, attributes, now)
            is_ = answer(after, person, action, resource, attributes, now)
            if was == is_:
                continue
            assert effect is not None, (person, action, resource, was, is_)
            if effect.shift.kind is not Kind.UNSURE and was[0] is not is_[0]:
                assert effect.shift.kind in (GAINS if is_[0] else LOSSES), (
                    person,
                    action,
                    resource,
                    was,
                    is_,
                    effect,
                )


@given(policies, policies)
@settings(deadline=None, max_examples=60)
def test_everything_that_is_told_has_facts_that_show_it(old, new):
    before, after = old.bundle, new.bundle

    for (name, action, resource), effect in by_triple(effects(before, after, PEOPLE, CATALOGUE)).items():
        if effect.shift.example is None:
            continue  # too many to try, or it rests on a pattern
        person = next(one for one in PEOPLE if one.name == name)
        facts = effect.shift.example
        was, is_ = (asked_with(bundle, person, action, resource, facts) for bundle in (before, after))
        if effect.shift.kind in (Kind.GAINED, Kind.WIDER, Kind.OTHER):
            assert (was.permitted, is_.permitted) == (False, True)
        elif effect.shift.kind is Kind.TERMS:
            assert was.obligations != is_.obligations
        else:
            assert (was.permitted, is_.permitted) == (True, False)


def asked_with(bundle, person, action, resource, facts):
    kind, _, id_ = person.name.partition(":")
    subject = Subject(SubjectKind(kind), id_)
    names = bundle.index.names_of(subject, [Link(person.name, group) for group in person.memberships])
    request = AccessRequest(subject, action, resource, facts)
    return decide_for(names, request, bundle=bundle, facts=facts, now=MONDAY)


@given(policies)
@settings(deadline=None, max_examples=30)
def test_the_same_rules_in_another_order_change_nothing(policy):
    turned = type(policy)(policy.rules[::-1], policy.role_links[::-1], policy.resource_links[::-1])

    assert effects(policy.bundle, turned.bundle, PEOPLE, CATALOGUE).effects == ()


@given(policies, st.sampled_from(ROLES))
@settings(deadline=None, max_examples=30)
def test_the_people_of_one_role_are_told_together(policy, role):
    many = [Holder(f"person:m{n}", (role,)) for n in range(50)]

    for effect in effects(None, policy.bundle, many, CATALOGUE).effects:
        assert len(effect.who) in (0, 50)


@given(st.lists(conditions.filter(bool), min_size=1, max_size=3), questions)
@settings(deadline=None)
def test_some_of_the_facts_to_try_stand_for_any_others(trees, question):
    read = [parsed(tree) for tree in trees]
    facts = {**facts_at(question.request.attributes, question.now), "path": "/x/1"}
    tried = worlds(read, most=10**6)

    assert tried is not None
    values = [evaluate(each, facts).value for each in read]
    assert any([world.value(each) for each in read] == values for world in tried)
