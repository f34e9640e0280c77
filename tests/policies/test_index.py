"""The index finds the rules that Casbin's matcher would, and looks at few others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Link, Subject, SubjectKind
from policies.bundle import load, load_builtin
from tests.policies.strategies import ACTIONS, RESOURCES, policies

ANN = Subject(SubjectKind.PERSON, "ann")


def defined(bundle, names, action, resource):
    """The served matcher, read aloud: subject, action, and resource by equality, prefix or group."""

    def covers(pattern):
        return resource.startswith(pattern[:-1]) if pattern.endswith("*") else pattern in groups

    groups, actions = {resource}, {action, "*"}
    for _ in range(len(bundle.resource_links) + len(bundle.action_links)):
        groups |= {link.group for link in bundle.resource_links if covers(link.member)}
        actions |= {link.group for link in bundle.action_links if link.member in actions}

    return {
        rule.id
        for rule in bundle.rules
        if rule.subject in names and rule.action in actions and covers(rule.resource)
    }


@given(policies, st.lists(st.sampled_from(["role:a", "role:b", "group:x"]), max_size=3))
def test_the_index_finds_what_the_definition_says(policy, memberships):
    bundle = policy.bundle
    names = bundle.index.names_of(ANN, [Link(str(ANN), group) for group in memberships])

    for action in ACTIONS:
        for resource in (*RESOURCES, "data:x/1/2", "data:other", "svc:t/w/1"):
            found = bundle.index.concerning(names, action, resource)

            ids = [rule.id for rule in found]
            assert set(ids) == defined(bundle, names, action, resource)
            assert len(ids) == len(set(ids))


@given(policies, st.sampled_from(ACTIONS), st.sampled_from((*RESOURCES, "data:other", "svc:t/w/1")))
def test_the_rules_about_a_resource_are_those_that_concern_somebody(policy, action, resource):
    bundle = policy.bundle
    everybody = {rule.subject for rule in bundle.rules}

    about = bundle.index.about(action, resource)

    assert about == bundle.index.concerning(everybody, action, resource)
    whatever = bundle.index.about(None, resource)
    assert set(whatever) == {
        rule for name in ("read", "write", "zap") for rule in bundle.index.about(name, resource)
    }


def test_no_published_rule_is_about_doorwards_own_resources():
    text = "p, all, *, *, *, -, -, allow\n"

    assert load(text).index.about(None, "doorward:policy") == ()
    assert load_builtin().index.about("view", "data:x") == ()


def test_a_person_answers_to_what_their_roles_include_and_to_nobody_elses():
    bundle = load(
        "p, r, role:all, read, data:x, -, -, allow\ng, role:night, role:support\ng, role:support, role:all\n"
    )
    links = [Link("person:ann", "role:night"), Link("person:bob", "group:other")]

    names = bundle.index.names_of(ANN, links)

    assert names == {"person:ann", "*", "role:night", "role:support", "role:all"}


@pytest.mark.parametrize("link", [Link("role:a", "role:b"), Link("person:ann", "person:bob")])
def test_what_is_no_membership_of_a_principal_is_a_fault_of_ours(link):
    with pytest.raises(ValueError, match="membership"):
        load("p, r, role:a, read, data:x, -, -, allow\n").index.names_of(ANN, [link])


def test_a_prefix_ends_at_a_boundary():
    bundle = load("p, r, *, read, data:x/*, -, -, allow\np, s, *, read, data:*, -, -, allow\n")

    def found(resource):
        return {rule.id for rule in bundle.index.concerning({"*"}, "read", resource)}

    assert found("data:x/1") == {"r", "s"}
    assert found("data:x/1/2") == {"r", "s"}
    assert found("data:x") == {"s"}
    assert found("data:xy") == {"s"}
    assert found("svc:x/1") == set()


def test_neither_bundle_speaks_of_the_others_resources():
    published = load("p, all, *, *, *, -, -, allow\n").index
    builtin = load_builtin().index

    assert published.concerning({"*"}, "view", "doorward:people") == ()
    assert builtin.concerning({"role:admin"}, "view", "data:x") == ()
    assert [rule.id for rule in builtin.concerning({"role:sponsor"}, "vouch", "doorward:reissues")]
