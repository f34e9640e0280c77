"""Casbin's gallery of models: decided as its own (Go) tests expect, or refused for a stated reason.

Where PyCasbin answers otherwise, Go's answer is given: it loses patterns of roles, does not know
comments behind a definition, and raises for `false` in a condition. Two laws of this product
stand above both. A policy without rules denies. An expression must be anchored: a policy with one
that is not is refused, and decided as Go decides it once each is anchored.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from policies.casbin import compiled, model
from policies.casbin.bundle import Compiled
from policies.casbin.question import read
from policies.problems import Severity
from tests.vectors.source import vector_path, vectors

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GROUPS = 37
REFUSED_MODELS = {
    "TestRBACModelWithOnlyDeny": ("effect", "deny-override"),
    "TestPriorityModel": ("effect", "priority"),
    "TestPriorityModelIndeterminate": ("effect", "priority"),
    "TestExplicitPriorityModify": ("effect", "priority"),
    "TestBibaModel": ("policy-not-asked", "no column"),
    "TestBLPModel": ("policy-not-asked", "no column"),
    "TestSyntaxMatcher": ("policy-not-asked", "no column"),
}
UNANCHORED = {
    "TestKeyMatchModel",
    "TestKeyMatch2Model",
    "TestKeyMatchWithRBACInDomain",
    "TestRBACModelWithPattern",
    "TestFailedToLoadPolicy",
    "TestReloadPolicyWithFunc",
}
WITHOUT_RULES = {"TestBasicModelNoPolicy", "TestBasicModelWithRootNoPolicy", "TestSetAdapterFromFile"}
REFUSED_EXAMPLES = {
    "abac_model.conf": "policy-not-asked",
    "abac_not_using_policy_model.conf": "policy-not-asked",
    "lbac_model.conf": "policy-not-asked",
    "keyget_model.conf": "function",
    "keyget2_model.conf": "function",
    "keymatch_custom_model.conf": "function",
    "multiple_policy_definitions_model.conf": "several-definitions",
    "rbac_with_multiple_policy_model.conf": "several-definitions",
    "priority_model_enforce_context.conf": "several-definitions",
    "priority_model_explicit_customized.conf": "effect",
    "subject_priority_model.conf": "effect",
    "subject_priority_model_with_domain.conf": "effect",
    "rbac_with_constraints_model.conf": "constraints",
    "rbac_with_different_types_of_roles_model.conf": "conditional-role",
    "rbac_with_domain_temporal_roles_model.conf": "conditional-role",
    "rbac_with_domains_conditional_model.conf": "conditional-role",
    "rbac_with_temporal_roles_model.conf": "conditional-role",
}


@pytest.fixture(scope="module")
def groups() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = vectors("casbin_gallery.json")["groups"]
    assert len(found) == GROUPS
    return found


def name_of(group: dict[str, Any]) -> str:
    return str(group["test"]).rpartition(":")[2]


def example(name: str) -> str:
    return vector_path(f"casbin_examples/{name}").read_text()


def model_text(group: dict[str, Any]) -> str:
    """Return the model, with the functions that Go's test registers, or the Go loader by itself."""
    text = example(group["model"]) + "\n"
    if group["matching_funcs"]:
        lines = [f"{kind} = {name[0].lower()}{name[1:]}" for kind, name in group["matching_funcs"]]
        text += "[role_matching]\n" + "\n".join(lines) + "\n"
    if "keyMatch(r.dom, p.dom)" in text:
        text += "[domain_matching]\ng = keyMatch\n"
    return text


def anchored(policy: str) -> str:
    """Return the policy with the last column of its rules anchored."""
    return re.sub(r"^(p, .*, )([^,\n]+)$", r"\1^(\2)$", policy, flags=re.MULTILINE)


def question(parameters: tuple[str, ...], request: list[Any]) -> bytes:
    """Return the case as an AuthZEN request. An object of Go's tests becomes properties."""
    body: dict[str, Any] = {
        "subject": {"type": "user", "id": "someone"},
        "action": {"name": "something"},
        "resource": {"type": "thing", "id": "anything"},
        "context": {},
    }
    entities = {"sub": ("subject", "id"), "obj": ("resource", "id"), "act": ("action", "name")}
    for name, value in zip(parameters, request, strict=True):
        if name not in entities:
            body["context"][name] = value
        elif isinstance(value, dict):
            body[entities[name][0]]["properties"] = value
        else:
            entity, member = entities[name]
            body[entity][member] = value
    return json.dumps(body).encode()


def differing(group: dict[str, Any], policy: compiled.Policy) -> list[Any]:
    """Return the cases that are decided otherwise than Go decides them."""
    decider = Compiled(policy)
    asked = [(c, read(question(policy.model.parameters, c["request"]), NOW)) for c in group["cases"]]
    return [c["request"] for c, q in asked if decider.answer(q).permitted is not c["expect"]]


def loaded(group: dict[str, Any], *, anchor: bool = False) -> compiled.Loaded:
    covered, problems = model.read(model_text(group))
    assert covered is not None, problems
    text = example(group["policy"]) if group["policy"] else ""
    return compiled.load(anchored(text) if anchor else text, covered)


def test_every_covered_group_is_decided_as_go_decides_it(groups):
    special = REFUSED_MODELS.keys() | UNANCHORED | WITHOUT_RULES
    covered = [group for group in groups if name_of(group) not in special]

    assert len(covered) == GROUPS - len(special)
    for group in covered:
        policy = loaded(group).policy
        assert policy is not None, name_of(group)
        assert not differing(group, policy), name_of(group)


def test_a_group_with_unanchored_expressions_is_refused_and_decided_once_they_are_anchored(groups):
    held = [group for group in groups if name_of(group) in UNANCHORED]

    assert len(held) == len(UNANCHORED)
    for group in held:
        refused = loaded(group)
        assert refused.policy is None
        errors = {p.code for p in refused.problems if p.severity is Severity.ERROR}
        assert errors == {"unanchored"}, name_of(group)
        policy = loaded(group, anchor=True).policy
        assert policy is not None, name_of(group)
        assert not differing(group, policy), name_of(group)


def test_without_rules_everything_is_denied(groups):
    """Go asks the matcher once with empty columns, so that `|| r.sub == "root"` lets root in."""
    empty = [group for group in groups if name_of(group) in WITHOUT_RULES]

    assert len(empty) == len(WITHOUT_RULES)
    for group in empty:
        policy = loaded(group).policy
        assert policy is not None
        assert differing(group, policy) == [c["request"] for c in group["cases"] if c["expect"]]


def test_a_group_of_another_model_is_refused_by_name(groups):
    held = {name_of(group): group for group in groups if name_of(group) in REFUSED_MODELS}

    assert held.keys() == REFUSED_MODELS.keys()
    for name, (code, said) in REFUSED_MODELS.items():
        covered, problems = model.read(model_text(held[name]))
        errors = [p for p in problems if p.severity is Severity.ERROR]
        assert covered is None
        assert [p.code for p in errors] == [code]
        assert said in errors[0].message
        assert errors[0].suggestion


@pytest.mark.parametrize("name", sorted(REFUSED_EXAMPLES))
def test_an_example_that_no_test_of_go_decides_is_refused_by_name(name):
    covered, problems = model.read(example(name))

    assert covered is None
    assert REFUSED_EXAMPLES[name] in {p.code for p in problems}


def test_a_policy_that_raises_at_its_decisions_in_casbin_is_refused_when_it_is_loaded():
    """`r.obj.category_id = 2` and a word without quotes: Casbin finds out when it is asked."""
    covered, _ = model.read(example("object_conditions_model.conf"))
    assert covered is not None

    refused = compiled.load(example("object_conditions_policy.csv"), covered)

    assert refused.policy is None
    assert [(p.line, p.column) for p in refused.problems] == [(2, 29), (3, 22)]
    assert "`==`" in refused.problems[0].suggestion
