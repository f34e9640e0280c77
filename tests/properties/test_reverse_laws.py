"""Asked the other way round, the answers are those of deciding one by one, for every page that is read."""

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access import AccessRequest, Link, Subject, SubjectKind
from policies import kleene, sentences
from policies.askers import askers
from policies.bundle import load
from policies.conditions import Atom
from policies.decide import decide
from policies.misses import MOST, MissKind, nearest_misses
from policies.openings import GRADED
from policies.reverse import Given, Principal, Reach, what_can, who_can
from tests.policies.strategies import (
    ACTIONS,
    MEMBERS,
    PROPERTY_VALUES,
    RESOURCES,
    ROLES,
    Policy,
    atoms,
    facts,
    policies,
    questions,
    trees,
)

DOORS = sorted((resource, action) for resource in RESOURCES for action in (*ACTIONS, "zap"))
NOTHING: dict[str, object] = {}
OPEN = load("p, all, *, *, *, -, -, allow\n")
NAMES = ("ann", "bob", "cyd", "dov", "eve", "fay")


def principal(name, groups):
    subject = Subject(SubjectKind.PERSON, name)
    return Principal(name, subject, tuple(Link(str(subject), group) for group in groups))


def decided(bundle, who, action, resource, known, now):
    request = AccessRequest(who.subject, action, resource, known)
    return decide(request, bundle=bundle, assignments=who.assignments, now=now)


companies = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(ROLES), max_size=2, unique=True), min_size=1
).map(lambda held: [principal(name, held[name]) for name in sorted(held)])
sizes = st.integers(1, 4)
law = settings(deadline=None, max_examples=150)


def whole(ask, limit):
    """Read page after page to the end."""
    page = ask("", limit)
    entries = list(page.entries)
    while page.next:
        assert len(page.entries) == limit
        page = ask(page.next, limit)
        entries += page.entries
    return entries


@given(policies, companies, questions, st.sampled_from([None, True, False]), sizes)
@law
def test_who_can_is_what_deciding_for_each_person_says(policy, company, question, only, limit):
    bundle, asked = policy.bundle, question.request
    session = Given(asked.attributes, question.now)

    found = whole(
        lambda cursor, size: who_can(
            asked.action,
            asked.resource,
            company,
            bundle=bundle,
            given=session,
            only=only,
            cursor=cursor,
            limit=size,
        ),
        limit,
    )

    one_by_one = [
        (who.key, decided(bundle, who, asked.action, asked.resource, asked.attributes, question.now))
        for who in company
    ]
    expected = [pair for pair in one_by_one if only is None or pair[1].permitted is only]
    assert [(entry.who.key, entry.decision) for entry in found] == expected


@given(policies, companies, questions, st.sampled_from([None, True, False]), sizes)
@law
def test_what_can_is_what_deciding_for_each_door_says(policy, company, question, only, limit):
    bundle, who = policy.bundle, company[0]
    session = Given(question.request.attributes, question.now)

    found = whole(
        lambda cursor, size: what_can(
            who, DOORS, bundle=bundle, given=session, only=only, cursor=cursor, limit=size
        ),
        limit,
    )

    one_by_one = [
        (resource, action, decided(bundle, who, action, resource, session.attributes, session.now))
        for resource, action in DOORS
    ]
    expected = [door for door in one_by_one if only is None or door[2].permitted is only]
    assert [(entry.resource, entry.action, entry.decision) for entry in found] == expected


@given(policies, companies, questions, facts)
@law
def test_always_and_no_hold_of_every_session(policy, company, question, known):
    bundle, asked = policy.bundle, question.request

    for entry in who_can(asked.action, asked.resource, company, bundle=bundle).entries:
        if entry.reach is Reach.CONDITIONAL:
            continue
        for session in (known, asked.attributes, NOTHING):
            decision = decided(bundle, entry.who, asked.action, asked.resource, session, question.now)
            assert decision.permitted is (entry.reach is Reach.ALWAYS)


@given(policies, companies, questions)
@law
def test_the_rules_that_determine_a_decision_are_among_those_that_are_told(policy, company, question):
    bundle, asked = policy.bundle, question.request

    for entry in who_can(asked.action, asked.resource, company, bundle=bundle).entries:
        decision = decided(bundle, entry.who, asked.action, asked.resource, asked.attributes, question.now)
        told = entry.permits if decision.permitted else entry.forbids
        assert set(decision.determining) <= {ground.rule.id for ground in told}


@given(policies, companies, questions)
@law
def test_each_rule_is_told_with_a_way_that_the_links_lead(policy, company, question):
    links = set(policy.role_links)
    asked = question.request

    for entry in who_can(asked.action, asked.resource, company, bundle=policy.bundle).entries:
        held = {link.group for link in entry.who.assignments}
        for ground in (*entry.permits, *entry.forbids):
            if ground.rule.subject in ("*", str(entry.who.subject)):
                assert ground.way == ()
                continue
            assert ground.way[0] in held
            assert ground.way[-1] == ground.rule.subject
            assert set(zip(ground.way, ground.way[1:], strict=False)) <= links


@given(policies, companies, questions)
@law
def test_whoever_is_not_looked_at_is_let_in_by_no_rule(policy, company, question):
    asked = question.request
    looked_at = askers(asked.action, asked.resource, bundle=policy.bundle)

    for entry in who_can(asked.action, asked.resource, company, bundle=policy.bundle, only=True).entries:
        groups = {link.group for link in entry.who.assignments}
        assert looked_at.everybody or looked_at.names & {*groups, str(entry.who.subject)}


@given(
    st.sets(st.sampled_from(NAMES), min_size=1),
    st.lists(st.tuples(st.booleans(), st.sampled_from(NAMES)), max_size=6),
    sizes,
)
@law
def test_whoever_stays_is_read_once_whoever_comes_and_goes_meanwhile(people, changes, limit):
    """The attack: enter or remove people while an auditor turns the pages, so that one is passed over."""
    here, stayed, ever = set(people), set(people), set(people)
    read: list[str] = []
    page = None
    while page is None or page.next:
        company = [principal(name, ()) for name in sorted(here)]
        cursor = page.next if page else ""
        page = who_can("read", "data:x", company, bundle=OPEN, cursor=cursor, limit=limit)
        read += [entry.who.key for entry in page.entries]
        if changes:
            entered, name = changes.pop()
            (here.add if entered else here.discard)(name)
            ever |= here
            stayed &= here

    assert read == sorted(set(read))
    assert stayed <= set(read) <= ever


@given(policies, questions)
@law
def test_every_denial_has_a_miss_and_no_permit_has_one(policy, question):
    bundle, asked = policy.bundle, question.request
    names = bundle.index.names_of(asked.subject, question.assignments)

    found = nearest_misses(
        names, asked.action, asked.resource, bundle=bundle, attributes=asked.attributes, now=question.now
    )

    decision = decide(asked, bundle=bundle, assignments=question.assignments, now=question.now)
    assert bool(found) is not decision.permitted


split = st.builds(
    lambda opens, shuts: Policy(
        tuple(
            (f"r{n}", "*", "*", "*", condition, effect)
            for effect, found in (("allow", opens), ("deny", shuts))
            for n, condition in enumerate(found, start=len(opens) * (effect == "deny"))
        ),
        (),
        MEMBERS,
    ),
    st.lists(trees, min_size=1, max_size=2),
    st.lists(atoms, min_size=1, max_size=2),
)
"""Policies all of whose rules meet at each door, so that a deny parts what a permit asks for."""


def missed(policy, question):
    bundle, asked = policy.bundle, question.request
    names = bundle.index.names_of(asked.subject, question.assignments)
    return nearest_misses(
        names, asked.action, asked.resource, bundle=bundle, attributes=asked.attributes, now=question.now
    )


def permitted(policy, question, known, now):
    request = replace(question.request, attributes=known)
    return decide(request, bundle=policy.bundle, assignments=question.assignments, now=now).permitted


BESIDE: dict[type, tuple[object, ...]] = {str: ("other", "ZZ"), int: (0, 4, 5), bool: ()}
VALUES: dict[str, tuple[object, ...]] = {
    "remote_control": (True, False),
    "disk_encrypted": (True, False),
    "tier": (0, 1, 2, 3),
    "presence_missed": (0, 1, 2, 3),
    "touch_age": (0, 59, 60, 61, 299, 300, 301, 400),
    "country": ("US", "DE", "FR", "ZZ"),
    "address": ("10.0.0.0", "10.0.0.1", "10.255.255.255", "11.0.0.0", "192.0.2.1", "::1", "0.0.0.0"),
    **{name: (*values, *BESIDE[type(values[0])]) for name, values in PROPERTY_VALUES.items()},
}


def satisfying(asks):
    """Return every combination of facts of which all that a promise asks is true."""
    compared = [atom for ask in asks for atom, _ in kleene.atoms(ask)]
    names = sorted({attribute.name for atom in compared for attribute in atom.attributes})
    told = [
        value for atom in compared for value in (atom.value if type(atom.value) is tuple else (atom.value,))
    ]
    values = [(*VALUES[name], *(v for v in told if type(v) is type(VALUES[name][0]))) for name in names]
    worlds = (dict(zip(names, each, strict=True)) for each in product(*values))
    return [known for known in worlds if all(kleene.evaluate(ask, known).value for ask in asks)]


@given(st.one_of(policies, split), questions)
@law
def test_whatever_satisfies_what_a_miss_promises_opens_the_door(policy, question):
    for miss in missed(policy, question):
        assert (miss.opening is not None) is miss.sentence.startswith("would be allowed ")
        if miss.opening is None:
            continue
        asks = miss.opening.asks
        for ask in asks:
            graded = isinstance(ask, Atom) and ask.other is None and ask.attribute.name in GRADED
            said = f"at {ask.attribute.name} {ask.value}" if graded else sentences.condition(ask)
            assert said in miss.sentence
        worlds = satisfying(asks)
        assert worlds
        for changed in worlds:
            assert permitted(policy, question, {**question.request.attributes, **changed}, miss.opening.at)


@given(st.one_of(policies, split), questions, facts, questions)
@law
def test_what_is_said_to_be_never_is_not_opened_by_any_facts_later(policy, question, known, other):
    found = missed(policy, question)

    if found and len(found) < MOST and all(miss.kind is MissKind.NEVER for miss in found):
        assert not permitted(policy, question, known, max(question.now, other.now))
