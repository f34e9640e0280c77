"""Which models are covered, and that every other is refused by name.

Attackers: an author who is told that a model is served, while a part of it
does nothing: a deny that is passed over, a constraint that nobody checks.
"""

import casbin
import pytest
from casbin.model.model import Model

from policies.casbin import ini, model
from policies.casbin.model import Kind
from tests.policies.casbin.world import ACL, ALLOW, BOTH, conf, errors, read


def refusals(text):
    found, problems = model.read(text)
    assert found is None
    return [(p.line, p.column, p.code) for p in errors(problems)]


def suggestion(text):
    return errors(model.read(text)[1])[0].suggestion


def test_a_model_is_read():
    found = read(conf("g(r.sub, p.sub) && g2(r.obj, p.obj, r.sub)", g=["g = _, _", "g2 = _,_,_"]))

    assert found.parameters == ("sub", "obj", "act")
    assert found.columns == ("sub", "obj", "act", "eft")
    assert found.kinds == (Kind("g", False), Kind("g2", True))


def test_comments_and_continued_lines_are_read_as_go_reads_them():
    text = conf(
        "g(r.sub, p.sub) && \\\n  r.obj == p.obj \\\n&& r.act == p.act # the end",
        r="sub, obj, act ; the request",
        g=["# roles", "", "g = _, _"],
    )

    assert read(text) == read(conf("g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act", g=["g = _, _"]))


def test_a_fault_on_a_continued_line_has_its_own_line_and_column():
    text = conf("r.sub == p.sub && \\\n   r.obj == p.objekt")

    assert refusals(text) == [(9, 13, "name")]
    assert suggestion(text) == "did you mean `obj`?"


@pytest.mark.parametrize("form", [ALLOW, "some(where(p_eft==allow))"])
def test_without_an_effect_column_allow_override_denies_nothing_and_is_covered(form):
    assert read(conf(p="sub, obj, act", effect=form)).columns == ("sub", "obj", "act")


@pytest.mark.parametrize("name", ["effect", "eff", "Eft", "cond"])
@pytest.mark.parametrize("matcher", [ACL, f"{ACL} && p.{{}} != 'x'"])
def test_an_effect_that_denies_needs_a_column_of_its_name(name, matcher):
    """A deny in a column of another name would be read as an allow: each such row would permit."""
    text = conf(matcher.format(name), p=f"sub, obj, act, {name}", effect=BOTH)

    assert refusals(text) == [(6, 5, "effect")]
    assert "`eft`" in suggestion(text)


@pytest.mark.parametrize(
    ("columns", "place", "name"),
    [
        ("sub, obj, act, dom, eft", 20, "dom"),
        ("sub,  obj, act, priority, eft", 21, "priority"),
        ("effect, sub, obj, act, eft", 5, "effect"),
    ],
)
def test_a_column_that_the_matcher_never_asks_is_refused(columns, place, name):
    """Rules of one tenant, or for one condition, would be rules for all."""
    text = conf().replace("sub, obj, act, eft", columns)

    assert refusals(text) == [(4, place, "column-unasked")]
    assert f"`r.{name} == p.{name}`" in suggestion(text)


def test_a_misnamed_effect_column_of_a_model_that_only_allows_is_refused():
    text = conf(effect=ALLOW).replace("act, eft", "act, effect")

    assert refusals(text) == [(4, 20, "column-unasked")]


def test_the_columns_of_the_id_and_the_effect_need_not_be_asked():
    assert read(conf(p="id, sub, obj, act, eft")).columns[0] == "id"


@pytest.mark.parametrize(
    ("form", "named"),
    [
        (ALLOW, "allow-override"),
        ("!some(where (p.eft == deny))", "deny-override"),
        ("priority(p.eft) || deny", "priority"),
        ("subjectPriority(p.eft) || deny", "subjectPriority"),
        ("some(where (p.eft == deny))", "no effect that is decided"),
    ],
)
def test_another_effect_is_refused_by_name_with_how_to_write_it(form, named):
    _, problems = model.read(conf(effect=form))

    assert [(p.line, p.column, p.code) for p in problems] == [(6, 5, "effect")]
    assert named in problems[0].message
    assert BOTH in problems[0].suggestion


@pytest.mark.parametrize("key", ["r2", "p2", "e2", "m2"])
def test_a_second_definition_is_refused(key):
    sections = {
        "r": "request_definition", "p": "policy_definition", "e": "policy_effect", "m": "matchers"
    }  # fmt: skip
    header = f"[{sections[key[0]]}]"
    text = conf().replace(header, f"{header}\n{key} = sub")

    assert [code for _, _, code in refusals(text)] == ["several-definitions"]
    assert "EnforceContext" in errors(model.read(text)[1])[0].message


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["g = _, _, (_, _)"], (6, 11, "conditional-role")),
        (["g = _"], (6, 5, "role-kind")),
        (["g = _, _, _, _"], (6, 5, "role-kind")),
        (["g2 = _, _"], (6, 1, "role-kind")),
        (["g = _, _", "g3 = _, _"], (7, 1, "role-kind")),
    ],
)
def test_another_kind_of_role_is_refused(kinds, expected):
    assert expected in refusals(conf("r.sub == p.sub", g=kinds))


def test_a_kind_after_a_gap_vanishes_in_casbin():
    held = Model()
    held.load_model_from_text(conf("g(r.sub, p.sub)", g=["g = _, _", "g3 = _, _"]))

    assert "g3" not in held["g"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("[constraint_definition]\nc = sod('a', 'b')", "constraints"),
        ("[matcher]\nm = true", "section"),
        ("[matchers]\nm = true", "section-twice"),
        ("m = r.sub == p.sub", "entry-twice"),
        ("x = 1", "entry"),
        ("what is this", "entry"),
        ("[role_matching]\ng = keyMatch2", "role-matching"),
    ],
)
def test_what_casbin_passes_over_is_refused(more, code):
    assert code in [found for _, _, found in refusals(conf(more=more))]


@pytest.mark.parametrize("name", ["request_definition", "policy_definition", "policy_effect", "matchers"])
def test_a_missing_or_empty_section_is_refused(name):
    lines = conf().split("\n")
    at = lines.index(f"[{name}]")

    assert refusals("\n".join(lines[:at] + lines[at + 2 :])) == [(1, 1, "section-missing")]
    assert refusals("\n".join(lines[: at + 1] + lines[at + 2 :])) == [(at + 1, 1, "entry-missing")]


@pytest.mark.parametrize(
    ("matcher", "code"),
    [
        ("r.sub.level >= r.obj.level", "policy-not-asked"),
        ("r.sub == 'root'", "policy-not-asked"),
        ("keyGet(r.obj, p.obj) == 'x'", "function"),
        ("keyMatchCustom(r.obj, p.obj)", "function"),
    ],
)
def test_a_matcher_that_cannot_be_decided_here_is_refused(matcher, code):
    assert [found for _, _, found in refusals(conf(matcher))] == [code]


def test_a_comment_sign_inside_a_text_is_refused():
    """Casbin in Go cuts the matcher there."""
    assert refusals(conf("r.sub == p.sub && r.obj == 'a#b'")) == [(8, 34, "comment")]


@pytest.mark.parametrize("letter", ["\ufeff", "\0", "\x0b", "é"])
def test_a_letter_that_is_not_plain_is_refused_outside_comments(letter):
    assert refusals(letter + conf())[0] == (1, 1, "character")
    assert refusals(conf().replace("sub, obj", f"sub{letter}, obj", 1)) == [(2, 8, "character")]


def test_what_members_of_a_role_are_patterns_is_said_in_a_section_that_stock_loaders_pass_over():
    text = conf("g(r.sub, p.sub, r.act)", g=["g = _, _, _"], more="[role_matching]\ng = keyMatch2\n")
    held = Model()
    held.load_model_from_text(text)

    assert read(text).kinds == (Kind("g", True, "keyMatch2", None),)
    assert casbin.Enforcer(held).enforce("alice", "data1", "read") is False


def test_domains_are_patterns_only_if_the_model_says_so():
    """Casbin in Go reads it into one text of the matcher; PyCasbin does not."""
    text = conf(
        "g(r.sub, p.sub, r.dom) && keyMatch(r.dom, p.dom)", r="sub, dom", p="sub, dom", g=["g = _, _, _"]
    )

    assert refusals(text) == [(10, 5, "domain-matching")]
    assert read(text + "[domain_matching]\ng = keyMatch\n").kinds == (Kind("g", True, None, "keyMatch"),)


@pytest.mark.parametrize(
    "more",
    ["[role_matching]\ng = keymatch2", "[domain_matching]\ng = keyMatch", "[role_matching]\ng9 = keyMatch"],
)
def test_a_matching_function_of_nothing_is_refused(more):
    assert refusals(conf("g(r.sub, p.sub)", g=["g = _, _"], more=more))


def test_a_kind_that_is_never_asked_is_warned_of():
    found, problems = model.read(conf(g=["g = _, _"]))

    assert found is not None
    assert [(p.line, p.code, p.severity) for p in problems] == [(6, "role-unasked", "warning")]


def test_an_order_of_text_is_warned_of():
    _, problems = model.read(conf("r.sub == p.sub && r.obj.level >= p.obj"))

    assert [(p.line, p.code, p.severity) for p in problems] == [(8, "text-order", "warning")]


def test_two_texts_are_the_same_model_but_for_comments_and_spaces():
    assert ini.same(conf(), "# served\n" + conf().replace("=", " = ").replace("= =", "=="))
    assert not ini.same(conf(), conf(p="sub, obj, act"))
    assert not ini.same(conf(), conf() + "what is this")
