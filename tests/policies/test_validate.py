"""What is refused at load, on which line and column, and what the author is advised."""

import pytest

from policies import read
from policies.advice import Known
from policies.problems import Severity
from policies.validate import MAX_CHAIN, validate
from tests.policies.world import allow, deny


def found(text, **known):
    """Return (line, column, code) of every problem."""
    return [(p.line, p.column, p.code) for p in validate(text, **known)]


def only(text):
    problems = validate(text)
    assert len(problems) == 1, problems
    return problems[0]


def test_a_sound_policy_has_no_problem():
    text = (
        "# reading customer data asks for a laptop we know: “driven by its owner”\n\n"
        "p, logs-read, role:support, read, data:customer-logs, tier >= 2, max 15m, allow\n"
        "  p ,logs-remote,*,*,data:*,remote_control,-,deny  \r\n"
        "p, board, role:everyone, read, svc:board, -, max 10s; standing, allow\n"
        "p, secret, role:senior, *, group:sensitive, -, -, allow\n"
        "g, role:senior, role:support\n"
        "g2, data:customer-logs, group:sensitive\n"
        "g2, group:sensitive, group:all\n"
    )

    assert validate(text) == ()


@pytest.mark.parametrize(
    ("row", "column", "code", "suggestion"),
    [
        ("p, a, *, *, data:x, -, -, dney", 27, "effect", "did you mean `deny`?"),
        ("p, a, *, *, data:x, -, -, Allow", 27, "effect", "did you mean `allow`?"),
        ("p, a, *, *, data:x, -, -, permit", 27, "effect", "write `allow` or `deny`"),
        ("p, a, *, *, data:x, -, allow", 1, "field-count", "an empty condition or term is `-`"),
        ("p, a, *, *, data:x, country in {US, DE}, -, allow", 1, "field-count", "spaces: {US DE}"),
        ("p, a, *, *, data:x, -, -, allow,", 1, "field-count", ""),
        ("P, a, *, *, data:x, -, -, allow", 1, "row-type", "did you mean `p`?"),
        ("policy, a", 1, "row-type", "p, g, g2"),
        ("p, a, *, *, data:x,, -, allow", 20, "empty-field", "write `-` for none"),
        ("p,  , *, *, data:x, -, -, allow", 3, "empty-field", ""),
        ("p, A b, *, *, data:x, -, -, allow", 4, "rule-id", "logs-read"),
        ("p, a, support, *, data:x, -, -, allow", 7, "subject", "did you mean `role:support`?"),
        ("p, a, roel:support, *, data:x, -, -, allow", 7, "subject", "did you mean `role`?"),
        ("p, a, role:, *, data:x, -, -, allow", 7, "subject", "role:support"),
        ("p, a, role:*, *, data:x, -, -, allow", 7, "star-misplaced", "stands alone"),
        ("p, a, su*, *, data:x, -, -, allow", 7, "subject", "stands alone"),
        ("p, a, *, Read, data:x, -, -, allow", 10, "action", "or `*` for all"),
        ("p, a, *, re*, data:x, -, -, allow", 10, "star-misplaced", "or `*` for all"),
        ("p, a, *, *, data:cust*, -, -, allow", 22, "star-misplaced", "did you mean `data:cust/*`?"),
        ("p, a, *, *, data:x/*/y, -, -, allow", 20, "star-misplaced", "did you mean `data:x/*`?"),
        ("p, a, *, *, data*, -, -, allow", 17, "star-misplaced", "did you mean `data:*`?"),
        ("p, a, *, *, data:**, -, -, allow", 18, "star-misplaced", "did you mean `data:*`?"),
        ("p, a, *, *, group:*, -, -, allow", 13, "star-misplaced", ""),
        ("p, a, *, *, data:a//b, -, -, allow", 13, "resource", "type:path"),
        ("p, a, *, *, data:../b, -, -, allow", 13, "resource", ""),
        ("p, a, *, *, logs, -, -, allow", 13, "resource", "type:path"),
        ("p, a, *, *, doorward:policy, -, -, allow", 13, "reserved-resource", "role:policy-author"),
        ("p, a, *, *, doorward:*, -, -, allow", 13, "reserved-resource", ""),
        ("p, a, *, *, data:x, tier >= 2 and conutry == US, -, allow", 35, "attribute-unknown", "country"),
        ("p, a, *, *, data:x, eval (p.sub), -, allow", 21, "eval", "the condition itself"),
        ("p, a, *, *, data:x, -, standng, allow", 24, "terms", "did you mean `standing`?"),
        ("p, a, *, *, data:x, -, max, allow", 24, "terms", "max 15m"),
        ("p, a, *, *, data:x, -, max 0s, allow", 24, "terms", "max 15m"),
        ("p, a, *, *, data:x, -, max 9999d, allow", 24, "terms", "366d"),
        ("p, a, *, *, data:x, -, standing; max 5, allow", 33, "terms", ""),
        ("p, a, *, *, data:x, -, standing; standing, allow", 33, "terms", ""),
        ("p, a, *, *, data:x, -, max 5m; max 6m, allow", 31, "terms", ""),
        ("p, a, *, *, data:x, -, max 5m;, allow", 31, "terms", ""),
        ("p, a, *, *, data:x, -, max 5m, deny", 24, "terms", "write `-`"),
        ("p, á, *, *, data:x, -, -, allow", 4, "character", ""),
        ("\ufeffp, a, *, *, data:x, -, -, allow", 1, "character", "byte order mark"),
        ("# a hidden\u202eturn", 11, "character", ""),
        ("p, a, *, *, data:x\x00, -, -, allow", 19, "character", ""),
        ("g, role:a", 1, "field-count", "g, role"),
        ("g, role:a, role:b, data:x", 1, "field-count", ""),
        ("g, person:prs_1, role:support", 4, "membership", "assignments, which can end"),
        ("g, alice, role:support", 4, "subject", "role:alice"),
        ("g, role:support, *", 18, "membership", ""),
        ("g, role:support, role:admin", 18, "reserved-role", "assign it to a person"),
        ("g, role:auditor, role:support", 4, "reserved-role", ""),
        ("g2, data:x, sensitive", 13, "group", "group:sensitive"),
        ("g2, *, group:sensitive", 5, "star-misplaced", "in the rule itself"),
        ("g2, data:a*, group:sensitive", 11, "star-misplaced", "data:a/*"),
        ("g2, group:nobody, group:sensitive", 1, "group-undefined", "g2"),
        ("g3, group:nobody, group:reading", 1, "group-undefined", "g3"),
        ("g3, *, group:reading", 5, "star-misplaced", "in the rule"),
        ("g3, Read, group:reading", 5, "action", ""),
        ("g3, read, reading", 11, "group", "group:sensitive"),
        ("p, a, *, group:lok, data:x, -, -, allow", 1, "group-undefined", "g3"),
        ("g2, doorward:people, group:sensitive", 5, "reserved-resource", ""),
        ("g2, logs, group:sensitive", 5, "resource", "type:path"),
    ],
)
def test_a_fault_is_told_with_its_line_its_column_and_a_suggestion(row, column, code, suggestion):
    problem = only(f"# first line\n{deny()}{row}\n")

    assert (problem.line, problem.column, problem.code) == (3, column, code)
    assert suggestion in problem.suggestion
    assert problem.severity is Severity.ERROR


def test_every_fault_of_a_line_is_told_at_once():
    assert found("p, a, support, read, data:cust*, tier = 2, max, dney\n") == [
        (1, 7, "subject"),
        (1, 31, "star-misplaced"),
        (1, 39, "condition-syntax"),
        (1, 44, "terms"),
        (1, 49, "effect"),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# only words\n", "g, role:a, role:b\n"])
def test_a_policy_without_rules_is_refused(text):
    assert only(text).code == "bundle-empty"


def test_a_rule_id_is_used_once():
    problem = only(allow() + deny(rule="open"))

    assert (problem.line, problem.code) == (2, "duplicate-id")
    assert "line 1" in problem.message


def test_a_circle_is_told_in_full():
    problem = only(allow() + "g, role:a, role:b\ng, role:b, role:c\ng, role:c, role:a\ng, role:x, role:a\n")

    assert (problem.line, problem.code) == (2, "cycle")
    assert problem.message.count("role:") == 4


def test_a_role_cannot_include_itself():
    assert only(allow() + "g, role:a, role:a\n").code == "cycle"
    assert only(allow() + "g2, group:a, group:a\n").code == "cycle"


def test_a_chain_is_as_long_as_casbin_follows_it_and_no_longer():
    def chain(links):
        return allow() + "".join(f"g, role:r{n}, role:r{n + 1}\n" for n in range(links))

    assert validate(chain(MAX_CHAIN)) == ()
    assert only(chain(MAX_CHAIN + 1)).code == "chain-long"


def test_a_very_long_chain_and_text_are_refused_without_falling_over(monkeypatch):
    chain = "".join(f"g, role:r{n}, role:r{n + 1}\n" for n in range(5000))

    assert {code for _, _, code in found(allow() + chain)} == {"chain-long"}
    assert {code for _, _, code in found("#" * 3000)} == {"too-long"}
    monkeypatch.setattr(read, "MAX_CHARACTERS", 2_000)
    assert {code for _, _, code in found("#\n" * 1_001)} == {"too-long"}


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("p, all, *, *, *, tier >= 3, -, allow\n", 1, "opens-everything"),
        (allow("tier == 1 and tier == 2"), 1, "never-true"),
        (deny("hosting and not hosting"), 1, "never-true"),
        (allow("tier >= 0"), 1, "always-true"),
        (allow("path keyMatch2 /a*", resource="data:*"), 1, "pattern"),
        (allow("path keyMatch2 /y", resource="data:x"), 1, "never-true"),
        (allow("path keyMatch2 /x", resource="data:x"), 1, "always-true"),
        (allow(rule="a") + allow(rule="b"), 2, "duplicate"),
        (allow() + "g, role:a, role:b\ng, role:a, role:b\n", 3, "duplicate"),
        (deny("hosting", rule="a", resource="data:x/y") + deny(rule="b", resource="data:x/*"), 1, "shadowed"),
        (allow() + deny(), 1, "shadowed"),
        (allow("tier >= 2", rule="a") + "p, b, *, *, data:*, -, -, allow\n", 1, "shadowed"),
        (allow("tier >= 2", "max 5m", rule="a") + allow("-", "max  5m", rule="b"), 1, "shadowed"),
        (allow("tier >= 1", rule="a") + allow("tier >= 2", rule="b"), 2, "shadowed"),
        (allow("hosting or tier >= 2", rule="a") + allow("hosting", rule="b"), 2, "shadowed"),
        (allow("not hosting", rule="a") + allow("not (not not hosting)", rule="b"), 2, "shadowed"),
        # What is not known counts: of the two, the second applies where the first does not.
        (
            allow("(hosting or not hosting) and tier >= 1", rule="a") + allow("tier >= 1", rule="b"),
            1,
            "shadowed",
        ),
        (allow("hosting", rule="a") + "p, b, *, *, data:*, hosting, -, deny\n", 1, "shadowed"),
        (
            "p, a, role:x, read, data:x, tier >= 1, -, allow\n"
            "p, b, role:y, read, data:x, tier >= 1, -, deny\ng, role:x, role:y\n",
            1,
            "shadowed",
        ),
    ],
)
def test_what_is_seldom_meant_is_warned_of_and_not_refused(text, line, code):
    problem = only(text)

    assert (problem.line, problem.code, problem.severity) == (line, code, Severity.WARNING)


@pytest.mark.parametrize(
    "text",
    [
        allow("tier >= 2", "max 1h", rule="a") + allow("-", "max 5m", rule="b"),
        allow() + deny("remote_control"),
        allow("tier >= 2", rule="a") + allow("tier >= 1", "max 5m", rule="b"),
        allow("tier >= 1", rule="a") + allow("hosting", rule="b"),
        deny("tier >= 2", rule="a") + allow("tier >= 1", rule="b"),
        allow(rule="a") + allow(resource="data:logs/*", rule="b"),
        deny("hosting", rule="a", resource="data:xy") + deny(rule="b", resource="data:x/*"),
    ],
)
def test_a_rule_that_another_leaves_room_is_not_warned_of(text):
    assert validate(text) == ()


def test_names_that_nobody_knows_are_warned_of_when_the_known_ones_are_given():
    known = Known(
        roles=frozenset({"role:support", "role:senior"}),
        resources=frozenset({"data:logs", "svc:t/v1"}),
        actions=frozenset({"read", "write"}),
    )
    text = (
        "p, a, role:suport, read, data:logs, -, -, allow\n"
        "p, b, role:included, read, svc:t/*, -, -, allow\n"
        "p, c, role:support, read, data:lgos, -, -, allow\n"
        "p, d, role:admin, read, svc:x/*, -, -, allow\n"
        "p, e, *, read, group:g, -, -, allow\n"
        "g, role:senior, role:included\n"
        "g, role:nobody, role:support\n"
        "g2, data:logz, group:g\n"
        "p, f, role:support, raed, data:logs, -, -, allow\n"
        "g3, lisst, group:look\n"
    )

    assert [(p.line, p.code, p.suggestion) for p in validate(text, known=known)] == [
        (1, "role-unknown", "did you mean `role:support`?"),
        (3, "resource-unknown", "did you mean `data:logs`?"),
        (4, "resource-unknown", ""),
        (7, "role-unknown", ""),
        (8, "resource-unknown", "did you mean `data:logs`?"),
        (9, "action-unknown", "did you mean `read`?"),
        (10, "action-unknown", ""),
    ]
    assert validate(text) == ()


def test_what_is_shown_of_a_fault_is_short_and_printable():
    problem = only(allow() + f"p, {'x' * 500}, *, *, data:y, -, -, allow\n")

    assert len(problem.message) < 200
