"""Where a stock PyCasbin goes wrong in silence, and what Doorward does instead.

Each test first shows the behaviour of the installed PyCasbin, so that a
release which mends it is noticed.
"""

import logging

import casbin
import pytest
from casbin.model.model import Model
from casbin.persist.adapters import StringAdapter

from domain.access import AccessRequest, Link, Subject, SubjectKind
from domain.errors import BundleInvalid, EmptyBundle, Invalid
from policies.bundle import load, model_text
from policies.decide import decide
from tests.policies.world import ASHA, MONDAY_NOON, allow, ask, deny

ASHAS = str(ASHA)


def stock(text, *, model=None, condition=lambda text, facts: True):
    served = Model()
    served.load_model_from_text(model or model_text())
    enforcer = casbin.Enforcer(served, StringAdapter(text)) if text else casbin.Enforcer(served)
    enforcer.enable_auto_save(False)
    enforcer.add_function("condition", condition)
    return enforcer


def refused(text):
    """Return the codes of the problems that *text* is refused for."""
    with pytest.raises(BundleInvalid) as refusal:
        load(text)
    return {problem["code"] for problem in refusal.value.details["problems"]}


def test_a_mistyped_deny_forbids_nothing_in_casbin_and_is_refused_here():
    text = "p, open, *, *, data:*, -, -, allow\np, shut, *, *, data:logs, -, -, dney\n"

    assert stock(text).enforce(ASHAS, "read", "data:logs", {})
    assert refused(text) == {"effect"}


def test_a_comment_behind_a_rule_unmakes_its_effect_in_casbin_and_is_refused_here():
    text = "p, open, *, *, data:*, -, -, allow\np, shut, *, *, data:*, -, -, deny # for now\n"

    assert stock(text).enforce(ASHAS, "read", "data:logs", {})
    assert refused(text) == {"effect"}


@pytest.mark.parametrize("kind", ["P", "p2", "\ufeffp", "policy"])
def test_a_row_of_an_unknown_type_vanishes_in_casbin_and_is_refused_here(kind):
    text = f"{kind}, shut, *, *, data:*, -, -, deny\np, open, *, *, data:*, -, -, allow\n"

    assert stock(text).enforce(ASHAS, "read", "data:logs", {})
    assert refused(text) <= {"row-type", "character"}


def test_a_row_of_too_few_fields_stops_every_decision_in_casbin_and_is_refused_here():
    text = "p, open, *, *, data:*, -, -, allow\np, shut, *, *, data:*, deny\n"

    with pytest.raises(RuntimeError, match="invalid policy size"):
        stock(text).enforce(ASHAS, "read", "data:logs", {})
    assert refused(text) == {"field-count"}


def test_casbin_takes_a_comma_in_brackets_into_one_field_and_it_is_refused_here():
    text = "p, open, *, *, data:*, (tier >= 2, tier >= 3), -, allow\n"

    assert len(stock(text).get_policy()[0]) == 7
    assert refused(text) == {"field-count"}


def test_an_empty_policy_permits_an_empty_request_in_casbin_and_both_are_refused_here():
    model = model_text().replace('(p.sub == "*" || g(r.sub, p.sub))', "r.sub == p.sub")
    model = model.replace('(p.act == "*" || r.act == p.act)', "r.act == p.act")

    assert stock("", model=model).enforce("", "", "", {})
    with pytest.raises(EmptyBundle):
        load("# nothing\n\n")
    for request in (
        AccessRequest(Subject(SubjectKind.PERSON, ""), "read", "data:logs"),
        AccessRequest(ASHA, "", "data:logs"),
        AccessRequest(ASHA, "read", ""),
    ):
        with pytest.raises(Invalid):
            decide(request, bundle=load(deny()), assignments=(), now=MONDAY_NOON)


@pytest.mark.parametrize("fields", [", open, *, *, data:*, -, -, allow", "p, open, *, , data:*, -, -, allow"])
def test_empty_values_are_refused(fields):
    assert refused(fields) <= {"empty-field", "row-type"}


def test_rule_text_spliced_into_a_matcher_permits_everything_in_casbin_and_eval_is_refused_here():
    model = (
        "[request_definition]\nr = sub, obj\n[policy_definition]\np = rule, obj, eft\n"
        "[policy_effect]\ne = some(where (p.eft == allow)) && !some(where (p.eft == deny))\n"
        "[matchers]\nm = eval(p.rule) && r.obj == p.obj\n"
    )
    row = ["True) or (True", "data:other", "allow"]
    enforcer = stock("", model=model)
    enforcer.add_policy(*row)

    assert enforcer.enforce(ASHAS, "data:logs")
    assert refused(allow("eval(True) or (True)")) == {"eval"}
    assert refused(allow("True) or (True")) == {"attribute-unknown"}


def test_key_match_2_takes_the_path_of_a_resource_for_a_variable_so_the_model_does_not_use_it():
    from casbin.util import key_match2

    assert key_match2("data:anything", "data:logs")
    assert not ask(allow(resource="data:logs"), resource="data:anything").permitted


@pytest.mark.parametrize(
    "pattern", ["data:lo*", "data:*/x", "da*", "data*", "data:**", "*:logs", "data:x/*/y"]
)
def test_casbin_takes_a_star_anywhere_and_drops_what_follows_it_and_it_is_refused_here(pattern):
    from casbin.util import key_match

    assert key_match("data:logs-of-others", "data:lo*")
    assert key_match("data:anything", "data:*/x")
    assert refused(allow(resource=pattern)) <= {"star-misplaced", "resource"}


def test_a_prefix_pattern_does_not_reach_siblings_whose_name_begins_alike():
    text = allow(resource="data:logs/*")

    assert ask(text, resource="data:logs/1").permitted
    assert not ask(text, resource="data:logs").permitted
    assert not ask(text, resource="data:logs-archive").permitted


@pytest.mark.parametrize(
    "resource", ["data:x/../logs", "data:x//logs", "data:%6cogs", "data:logs\n", "DATA:logs"]
)
def test_a_second_spelling_of_a_resource_walks_around_a_deny_in_casbin_and_is_refused_here(resource):
    text = "p, open, *, *, *, -, -, allow\np, shut, *, *, data:logs, -, -, deny\n"

    assert stock(text).enforce(ASHAS, "read", resource, {})
    with pytest.raises(Invalid):
        ask(text, resource=resource)


def test_a_pattern_in_a_resource_group_forbids_nothing_in_a_casbin_that_was_not_told_of_it():
    text = (
        "p, shut, *, *, group:secret, -, -, deny\np, open, *, *, *, -, -, allow\ng2, data:*, group:secret\n"
    )

    assert stock(text).enforce(ASHAS, "read", "data:logs", {})
    assert not ask(text).permitted


def test_a_deny_on_a_group_without_members_forbids_nothing_in_casbin_and_is_refused_here():
    text = "p, shut, *, *, group:secert, -, -, deny\np, open, *, *, *, -, -, allow\n"
    text += "g2, data:logs, group:secret\n"

    assert stock(text).enforce(ASHAS, "read", "data:logs", {})
    assert refused(text) == {"group-undefined"}


def test_a_circle_of_roles_makes_them_one_in_casbin_and_is_refused_here():
    text = f"p, open, role:a, *, *, -, -, allow\ng, role:a, role:b\ng, role:b, role:a\ng, {ASHAS}, role:b\n"

    assert stock(text).enforce(ASHAS, "read", "data:logs", {})
    assert refused(text.replace(f"g, {ASHAS}, role:b\n", "")) == {"cycle"}


def test_casbin_loses_a_deny_behind_ten_links_and_such_a_chain_is_refused_here():
    def policy(links):
        chain = "".join(f"g, role:r{n}, role:r{n + 1}\n" for n in range(links))
        return f"p, open, *, *, *, -, -, allow\np, shut, role:r{links}, *, *, -, -, deny\n{chain}"

    def first_role_permits(links):
        enforcer = stock(policy(links))
        enforcer.add_named_grouping_policy("g", ASHAS, "role:r0")
        return enforcer.enforce(ASHAS, "read", "data:logs", {})

    assert not first_role_permits(8)
    assert first_role_permits(9)
    assert not ask(policy(8), assignments=(Link(ASHAS, "role:r0"),)).permitted
    assert refused(policy(9)) == {"chain-long"}


def test_casbin_logs_every_denial_with_all_values_and_nothing_is_logged_here(caplog):
    caplog.set_level(logging.DEBUG)
    text = deny()
    enforcer = stock(text)
    enforcer.logger.disabled = False
    enforcer.enforce(ASHAS, "read", "data:logs", {"country": "DE"})
    assert "prs_asha" in caplog.text
    assert "DE" in caplog.text
    caplog.clear()

    ask(text)
    ask(allow())

    assert caplog.text == ""


def test_casbin_keeps_every_name_it_was_asked_about_so_no_enforcer_is_used_here():
    enforcer = stock("p, open, role:a, *, *, -, -, allow\n")
    for n in range(50):
        enforcer.enforce(f"person:{n}", "read", "data:logs", {})

    assert len(enforcer.get_role_manager().all_roles) > 50


def test_casbin_escapes_dots_inside_its_matcher_text_so_the_model_holds_no_such_literal():
    from casbin.util import escape_assertion

    assert escape_assertion('r.sub == "a.p.x"') == 'r_sub == "a.p_x"'
    assert '"' not in model_text().replace('"*"', "")
