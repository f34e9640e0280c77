"""What a policy.csv may hold. Each refusal here is silent, or late, in Casbin."""

import pytest

from policies.casbin import rows
from policies.casbin.model import Kind
from policies.casbin.roles import Graph
from tests.policies.casbin.world import conf, errors, read

ROLES = read(conf("g(r.sub, p.sub) && g2(r.obj, p.obj, r.sub)", g=["g = _, _", "g2 = _, _, _"]))
RULE = "p, alice, data1, read, allow"


def problems(text, model=ROLES):
    return [(p.line, p.column, p.code) for p in errors(rows.read(text, model).problems)]


def suggestion(text, model=ROLES):
    return errors(rows.read(text, model).problems)[0].suggestion


def test_rows_are_read_with_their_lines():
    found = rows.read(f"# comment\n\n  {RULE}\r\ng, alice, admin\ng2, data1, all, alice\n", ROLES)

    assert found.problems == ()
    assert [(r.id, r.values, r.deny, r.line) for r in found.rules] == [
        ("line 3", ("alice", "data1", "read", "allow"), False, 3)
    ]
    assert found.links == {"g": (("alice", "admin"),), "g2": (("data1", "all", "alice"),)}


@pytest.mark.parametrize(
    ("text", "expected", "hint"),
    [
        ("p, alice, data1, read", (1, 1, "field-count"), "p, sub, obj, act, eft"),
        (f"{RULE}, more", (1, 1, "field-count"), "double quotes"),
        ("g, alice", (1, 1, "field-count"), "g, member, group"),
        ("g, alice, admin, domain1", (1, 1, "field-count"), "g, member, group"),
        ("g2, data1, all", (1, 1, "field-count"), "g2, member, group, domain"),
        ("P, alice, data1, read, allow", (1, 1, "row-type"), "`p`"),
        ("g3, alice, admin", (1, 1, "row-type"), "`g"),
        ("p, alice, , read, allow", (1, 11, "empty-field"), ""),
        ('p, alice, "", read, allow', (1, 12, "empty-field"), ""),
        ('p, alice, " data1", read, allow', (1, 12, "empty-field"), ""),
        (f"{RULE} # note", (1, len(RULE) + 2, "note"), "a line of its own"),
        ("p, alice, data1, # note, allow", (1, 18, "note"), "double quotes"),
        ("g, alice, admin # note", (1, 17, "note"), "a line of its own"),
        ("p, alice, data1, read, dney", (1, 24, "effect"), "`deny`"),
        ("p, alice, data1, read, Allow", (1, 24, "effect"), "`allow`"),
        (f"\ufeff{RULE}", (1, 1, "character"), "byte order mark"),
        ("p, ale\u0301, data1, read, allow", (1, 1, "character"), "NFKC"),
        ("p, \uff41lice, data1, read, allow", (1, 1, "character"), "NFKC"),
        ("p, alice\u115f, data1, read, deny", (1, 1, "character"), "NFKC"),
        ("p, alice\x0b, data1, read, allow", (1, 9, "character"), ""),
        ("p, alice, data(1, read, allow", (1, 11, "brackets"), "double quotes"),
        ("p, alice, data1), read, allow", (1, 16, "brackets"), "double quotes"),
        ('p, alice, "data1, read, allow', (1, 11, "quote"), ""),
        ('p, alice, "data1"x, read, allow', (1, 18, "quote"), ""),
        ("p, " + "x" * 5_000, (1, 4_001, "too-long"), ""),
    ],
)
def test_a_row_that_casbin_drops_or_raises_for_later_is_refused(text, expected, hint):
    assert problems(text) == [expected]
    assert hint in suggestion(text)


def test_a_field_may_hold_commas_inside_brackets_or_quotes():
    model = read(conf("eval(p.sub) && r.obj == p.obj && regexMatch(r.act, p.act)"))
    lines = [
        """p, r.sub in ('a', 'b'), [x,y], "^(a|b){1,2}$", allow""",
        '''p, "r.sub == ""a""", x, ^a$, allow''',
    ]

    found = rows.read("\n".join(lines), model)

    assert [rule.values[:3] for rule in found.rules] == [
        ("r.sub in ('a', 'b')", "[x,y]", "^(a|b){1,2}$"),
        ('r.sub == "a"', "x", "^a$"),
    ]


def test_a_repeated_row_is_warned_of():
    found = rows.read(f"{RULE}\ng, a, b\n{RULE}\ng, a, b", ROLES).problems

    assert [(p.line, p.code) for p in found] == [(3, "duplicate"), (4, "duplicate")]
    assert {p.severity for p in found} == {"warning"}


def test_rules_are_named_by_an_id_column_and_it_is_unique():
    model = read(conf(p="id, sub, obj, act, eft"))
    text = "p, one, alice, data1, read, allow\np, one, bob, data1, read, allow"

    assert [rule.id for rule in rows.read(text, model).rules] == ["one", "one"]
    assert problems(text, model) == [(2, 1, "duplicate-id")]


def test_a_circle_of_roles_is_warned_of_once_in_each_domain():
    text = "g, a, b\ng, b, c\ng, c, a\ng2, x, y, d1\ng2, y, x, d2\ng2, z, z, d3"

    found = [p for p in rows.read(text, ROLES).problems if p.code == "cycle"]

    assert [p.line for p in found] == [1, 6]
    assert all(p.severity == "warning" for p in found)


def test_patterns_of_links_are_read_where_they_stand():
    model = read(conf("g(r.sub, p.sub)", g=["g = _, _"], more="[role_matching]\ng = keyMatch2\n"))

    assert problems("g, /a/:id, b\ng, /a(b), b\ng, a, /b/*", model) == [
        (2, 6, "pattern"),
        (3, 7, "group-pattern"),
    ]


def test_links_are_followed_to_their_end_and_circles_once():
    chain = Graph(Kind("g", False), [(str(n), str(n + 1)) for n in range(100)])
    circle = Graph(Kind("g", False), [("a", "b"), ("b", "c"), ("c", "a")])

    assert len(chain.reached("0", None)) == 101
    assert circle.reached("b", None) == {"a", "b", "c"}
    assert circle.reached("x", None) == {"x"}


def test_a_link_holds_in_its_domain_only():
    links = [("a", "admin", "d1"), ("admin", "staff", "d2"), ("a", "guest", "*")]
    plain, patterns = Graph(Kind("g", True), links), Graph(Kind("g", True, None, "keyMatch"), links)

    assert plain.reached("a", "d1") == {"a", "admin"}
    assert plain.reached("a", "d9") == {"a"}
    assert plain.reached("a", None) == {"a", "admin", "staff", "guest"}
    assert patterns.reached("a", "d9") == {"a", "guest"}


def test_members_and_groups_may_be_patterns():
    graph = Graph(Kind("g", False, "keyMatch2"), [("/book/:id", "/shelf/1"), ("/shelf/:n", "library")])

    assert graph.reached("/book/7", None) == {"/book/7", "/shelf/1", "library"}
    assert graph.reached("/pen/7", None) == {"/pen/7"}


def test_what_looks_like_a_note_may_stand_in_double_quotes():
    found = rows.read('p, alice, "channel #1", read, allow\np, alice, room#1, read, allow\n', ROLES)

    assert [rule.values[1] for rule in found.rules] == ["channel #1", "room#1"]
