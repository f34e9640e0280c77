"""A bundle is frozen, named by its meaning, and exists only if it is sound."""

import json
from dataclasses import FrozenInstanceError

import pytest

from domain.access import AccessRequest, Link
from domain.errors import BundleInvalid, EmptyBundle
from policies.bundle import load, load_builtin
from policies.decide import decide
from policies.names import ADMIN_ROLES
from policies.validate import check, validate
from tests.policies.world import ASHA, MONDAY_NOON, allow, deny

OWN = (
    "people",
    "keys",
    "devices",
    "resources",
    "services",
    "networks",
    "policy",
    "audit",
    "settings",
    "decisions",
)
ACTIONS = ("view", "manage", "publish", "approve")


def test_a_bundle_is_named_by_what_its_author_wrote():
    """A tap signs the digest: a comment that misleads must not hide behind one that was signed."""
    plain = load(allow("tier >= 2") + deny())
    dressed = load("# why\n" + allow("tier >= 2") + deny())

    assert plain.digest.startswith("sha256:")
    assert plain.digest != dressed.digest
    assert plain.digest == load(plain.text).digest


@pytest.mark.parametrize(
    "other",
    [
        allow("tier >= 3") + deny(),
        allow("tier >= 2", "max 5m") + deny(),
        allow("tier >= 2") + deny(rule="close"),
        allow("tier >= 2") + deny() + "g, role:a, role:b\n",
        allow("tier >= 2") + deny() + "g2, data:a, group:b\n",
    ],
)
def test_a_bundle_that_means_something_else_has_another_digest(other):
    assert load(other).digest != load(allow("tier >= 2") + deny()).digest


def test_the_digest_of_a_bundle_does_not_change_from_release_to_release():
    """Published digests were signed: a change here needs a new schema number."""
    pinned = "sha256:70d940213441ca1c378ff8d03378eff1447fcb71fbd49d34e06992bdf7b62d45"

    assert load("p, a, *, read, data:x, -, -, allow\n").digest == pinned


def test_a_bundle_cannot_be_changed():
    bundle = load(allow())

    with pytest.raises(FrozenInstanceError):
        bundle.text = ""  # type: ignore[misc]


def test_a_refusal_carries_every_problem_in_a_form_for_problem_documents():
    with pytest.raises(BundleInvalid) as refusal:
        load("p, a, *, *, data:x, -, -, dney\np, b, *, *, data:x, -, -, alow\n")

    assert refusal.value.message.startswith("the bundle has 2 errors, the first: line 1: effect `dney`")
    assert refusal.value.remedy == "did you mean `deny`?"
    problems = json.loads(json.dumps(refusal.value.details["problems"]))
    assert problems[1] == {
        "line": 2,
        "column": 27,
        "code": "effect",
        "message": "effect `alow` is neither `allow` nor `deny`; the rule would do nothing",
        "suggestion": "did you mean `allow`?",
        "severity": "error",
    }


def test_an_empty_bundle_has_a_refusal_of_its_own():
    with pytest.raises(EmptyBundle):
        load("\n# nothing yet\n")


def test_warnings_do_not_refuse():
    text = "p, a, *, *, *, -, -, allow\n"

    assert load(text).rules
    assert [w.code for w in validate(text)] == ["opens-everything"]


def power(role):
    """Return what a holder of *role* may do to Doorward itself."""
    links = (Link(str(ASHA), role),)
    return {
        f"{action} {own}"
        for own in OWN
        for action in ACTIONS
        if decide(
            AccessRequest(ASHA, action, f"doorward:{own}", {"touch_age": 0}),
            bundle=load_builtin(),
            assignments=links,
            now=MONDAY_NOON,
        ).permitted
    }


def test_the_built_in_roles_have_the_least_their_work_needs():
    views = {f"view {own}" for own in OWN}
    everything_of = ("people", "keys", "devices", "resources", "services", "networks", "settings")

    assert power("role:admin") == views | {f"{a} {own}" for own in everything_of for a in ACTIONS}
    assert power("role:policy-author") == {
        *("manage policy", "publish policy", "view policy"),
        *("view resources", "view services", "view people", "view decisions"),
    }
    assert power("role:approver") == {"view policy", "approve policy"}
    assert power("role:reviewer") == {
        *("view people", "approve people", "view keys", "view devices", "view decisions"),
    }
    assert power("role:auditor") == views
    assert power("role:sponsor") == {"view people", "approve people"}
    assert power("role:everyone") == set()


def test_the_built_in_bundle_speaks_of_all_admin_roles_and_only_of_doorwards_own_resources():
    rules = load_builtin().rules

    assert {rule.subject for rule in rules} == ADMIN_ROLES
    assert all(rule.resource.startswith("doorward:") for rule in rules)
    assert all(rule.given.standing for rule in rules)
    assert check(load_builtin().text, builtin=True).problems == ()


def test_the_built_in_bundle_says_nothing_about_other_resources():
    decision = decide(
        AccessRequest(ASHA, "view", "data:logs"),
        bundle=load_builtin(),
        assignments=(Link(str(ASHA), "role:admin"),),
        now=MONDAY_NOON,
    )

    assert not decision.permitted
