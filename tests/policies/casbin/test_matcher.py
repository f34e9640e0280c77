"""The language of matchers: what it says, and what it refuses.

Attackers: an author of a rule whose text would become code (`True) or (True`);
a caller who would write the pattern that they are matched by.
"""

from itertools import product

import pytest

from policies.casbin import matcher
from policies.casbin.matcher import MAX_DEPTH, MAX_LENGTH, Scope
from policies.casbin.tree import BUILTIN, And, Column, Compare, Literal, Member, Not, Or, Param, Truth
from policies.problems import Refusal

SCOPE = Scope(("sub", "obj", "act"), ("sub", "obj", "rule"), {"g": False, "g2": True}, BUILTIN)
SUB, OBJ = Compare("==", Param("sub"), Column("sub", 0)), Compare("==", Param("obj"), Column("obj", 1))
ADMIN = Truth(Param("sub", ("Admin",)))


def parse(text, **options):
    return matcher.parse(text, SCOPE, **options)


def refusal(text, **options):
    with pytest.raises(Refusal) as caught:
        parse(text, **options)
    return caught.value


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("r.sub == p.sub && r.obj == p.obj || r.sub.Admin", Or((And((SUB, OBJ)), ADMIN))),
        ("r.sub == p.sub && (r.obj == p.obj || r.sub.Admin)", And((SUB, Or((OBJ, ADMIN))))),
        ("!r.sub.Admin && r.sub==p.sub", And((Not(ADMIN), SUB))),
        ("!!( r.sub.Admin )", Not(Not(ADMIN))),
        ("g(r.sub, p.sub)", Member("g", Param("sub"), Column("sub", 0))),
        ("g2(r.sub, p.sub, 'd')", Member("g2", Param("sub"), Column("sub", 0), Literal("d"))),
        ("r.sub.Age >= -1.5", Compare(">=", Param("sub", ("Age",)), Literal(-1.5))),
        ("r.sub == 'it\\'s \\\\'", Compare("==", Param("sub"), Literal("it's \\"))),
        ('r.sub == "a.p.x"', Compare("==", Param("sub"), Literal("a.p.x"))),
        ("false", Truth(Literal(False))),
    ],
)
def test_a_matcher_is_read_into_a_tree(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize("brackets", ["()", "[]"])
def test_choices_stand_in_either_brackets(brackets):
    text = f"r.sub in {brackets[0]}'a', 2, true{brackets[1]}"

    assert [choice.value for choice in parse(text).choices] == ["a", 2, True]


@pytest.mark.parametrize(
    ("text", "offset", "hint"),
    [
        ("r.sub = p.sub", 6, "`==`"),
        ("r.sub == p.sub and r.obj == p.obj", 15, "`&&`"),
        ("not r.sub.Admin", 0, "`!`"),
        ("r.sub == bob", 9, "quotes"),
        ("r.sub == p.subb", 9, "`sub`"),
        ("r.user == p.sub", 0, "known are sub, obj, act"),
        ("r.sub.Age + 1 > 2", 10, "no arithmetic"),
        ("r.sub ? true : false", 6, "||"),
        ("r.sub == 'a", 9, "not closed"),
        ("r.sub == 'a\\n'", 11, "only"),
        ("p.sub.Age > 1", 0, "one text"),
        ("p.sub", 0, "compare it"),
        ("'a' == 'a'", 0, "r."),
        ("p.sub == 3", 0, "in quotes"),
        ("r.act == 'a' && 3 < p.sub", 16, "in quotes"),
        ("p.sub in ('a', true)", 0, "in quotes"),
        ("r.sub in p.sub", 9, "write"),
        ("r.sub in (p.sub)", 10, "||"),
        ("r.sub in ()", 10, "quotes"),
        ("r.sub == p.sub)", 14, "&&"),
        ("(r.sub == p.sub", 15, ""),
        ("r.sub == p.sub &&", 17, "quotes"),
        ("", 0, "quotes"),
        ("r.sub.__class__.__name__ == 'x", 28, "not closed"),
        ("g(r.sub)", 0, ""),
        ("g(r.sub, p.sub, 'd')", 0, ""),
        ("g2(r.sub, p.sub)", 0, ""),
        ("keymatch(r.obj, p.obj)", 0, "keyMatch"),
        ("open('x')", 0, "known are"),
        ("condition(p.rule, r.sub)", 0, "model.conf of this version"),
        ("regexMatch(r.obj, 'x')", 19, "`^x$`"),
        ("keyMatch2(r.obj, '/a(b)')", 20, "regexMatch"),
        ("globMatch(r.obj, 7)", 17, "quotes"),
        ("timeMatch('x', '_')", 10, "2026-01-31"),
        ("eval(r.sub)", 5, "eval(p.…)"),
    ],
)
def test_what_is_not_the_language_is_refused_where_it_stands(text, offset, hint):
    refused = refusal(text)

    assert refused.offset == offset
    assert hint in refused.suggestion


@pytest.mark.parametrize(
    "call", ["keyMatch(p.obj, r.obj)", "regexMatch(r.obj, r.sub.p)", "timeMatch(r.sub, '_')"]
)
def test_whoever_asks_cannot_write_the_pattern(call):
    assert refusal(call).code == "pattern-asked"


def test_a_column_asks_no_other_column_by_eval():
    assert parse("eval(p.rule)").column == Column("rule", 2)
    assert "no other column" in refusal("eval(p.rule)", inner=True).message


def test_depth_and_length_are_bounded():
    parse("!" * MAX_DEPTH + "r.sub.Admin")

    assert refusal("!" * (MAX_DEPTH + 1) + "r.sub.Admin").code == "matcher-deep"
    assert refusal("(" * 1_000 + "r.sub.Admin").code == "matcher-deep"
    assert refusal("r.sub == '" + "x" * MAX_LENGTH + "'").code == "matcher-long"


def test_a_property_named_like_one_of_python_is_a_property():
    assert parse("r.sub.__class__ == 'x'") == Compare("==", Param("sub", ("__class__",)), Literal("x"))


def test_and_binds_before_or_for_all_values():
    for a, b, c in product("01", repeat=3):
        text = f"r.sub == '{a}' || r.obj == '{b}' && r.act == '{c}'"

        assert isinstance(parse(text), Or)
