"""Casbin's operators in conditions: on the path, the address and the moment of a question."""

from datetime import UTC, datetime

import pytest

from policies.bundle import load
from policies.conditions import parse
from policies.kleene import evaluate
from policies.problems import Refusal
from policies.sentences import condition
from tests.policies.world import MONDAY_NOON, allow, ask, codes, deny

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("path keyMatch /a/*", {"path": "/a/b/c"}, True),
        ("path keyMatch2 /a/:id/c", {"path": "/a/7/c"}, True),
        ("path keyMatch2 /a/:id/c", {"path": "/a/7/8/c"}, False),
        ("path keyMatch3 /a/{id}/c", {"path": "/a/7/c"}, True),
        ("path keyMatch4 /{x}/{x}", {"path": "/7/8"}, False),
        ("path keyMatch5 /a/{id}", {"path": "/a/7"}, True),
        ("path globMatch /a/*", {"path": "/a/b"}, True),
        ("path globMatch /a/*", {"path": "/a/b/c"}, False),
        ("path regexMatch ^/v[0-9]+/(users|orders)$", {"path": "/v2/orders"}, True),
        ("path regexMatch ^/v[0-9]+/(users|orders)$", {"path": "/v2/orders/9"}, False),
        ("path keyMatch /a/*", {}, None),
        ("path keyMatch /a/*", {"path": 7}, None),
        ("path keyMatch /a/*", {"path": "/a/\n"}, None),
        ("address ipMatch 10.0.0.0/8", {"address": "10.1.2.3"}, True),
        ("address ipMatch 10.0.0.0/8", {"address": "::ffff:10.1.2.3"}, True),
        ("address ipMatch 10.0.0.0/8", {"address": "11.1.2.3"}, False),
        ("address ipMatch 2001:db8::/32", {"address": "2001:db8::7"}, True),
        ("address ipMatch 10.0.0.0/8", {"address": "nonsense"}, None),
        ("address ipMatch 10.0.0.0/8", {}, None),
        ("now timeMatch 2026-11-23T11:00:00/2026-11-23T13:00:00", {"now": NOON}, True),
        ("now timeMatch _/2026-11-23T12:00:00", {"now": NOON}, False),
        ("now timeMatch 2026-11-23T11:00:00/_", {"now": NOON}, True),
        ("now timeMatch 2026-11-23T11:00:00/_", {"now": NOON.replace(tzinfo=None)}, None),
        ("now timeMatch 2026-11-23T11:00:00/_", {"now": "2026-11-23"}, None),
        ("not (path regexMatch ^/(a|b)$) and hosting", {"path": "/c", "hosting": True}, True),
    ],
)
def test_a_pattern_is_true_false_or_unknown_of_a_fact(text, facts, expected):
    assert evaluate(parse(text), facts).value is expected


@pytest.mark.parametrize(
    ("text", "offset", "code", "suggestion"),
    [
        ("path regexMatch /v[0-9]+", 16, "unanchored", "write `^/v[0-9]+$`"),
        ("path regexMatch ^/v[$", 16, "pattern", ""),
        ("path keyMatch payroll/*", 14, "pattern", "write `/payroll/*`"),
        ("path globMatch payroll/**", 15, "pattern", "write `/payroll/**`"),
        ("path regexMatch ^payroll/.*$", 17, "pattern", "write `^/payroll/.*$`"),
        ("path keyMatch3 /payroll/:id", 24, "pattern", "keyMatch2 writes a part as `:id`"),
        ("path keyMatch5 /payroll/:id", 24, "pattern", "keyMatch3 to keyMatch5"),
        ("path keyMatch2 /payroll/{id}", 24, "pattern", "keyMatch2 writes a part as `:id`"),
        ("path globMatch /payroll/", 23, "pattern", "name the part"),
        ("path keyMatch /a//b", 18, "pattern", "name the part"),
        ("path keyMatch /a*b", 16, "star-misplaced", "write `/a*`"),
        ("address ipMatch 10.0.0.0/33", 16, "pattern", "0 to 32"),
        ("address ipMatch everywhere", 16, "pattern", "10.0.0.0/8"),
        ("now timeMatch 2026-11-23", 14, "pattern", "2026-12-01T09:00:00/"),
        ("now timeMatch 9999-12-31T23:59:59/_", 14, "pattern", "a year from 0001 to 9998"),
        ("now timeMatch 0000-01-01T00:00:00/2026-11-23T11:00:00", 14, "pattern", "a year from 0001 to 9998"),
        ("now timeMatch 2026-11-23T12:00:00/2026-11-23T11:00:00", 14, "pattern", "the earlier time first"),
        ("path ipMatch 10.0.0.0/8", 5, "condition-syntax", "path keyMatch2"),
        ("address == 10.0.0.1", 8, "condition-syntax", "address ipMatch 10.0.0.0/8"),
        ("path keyMatch2", 14, "condition-syntax", "path keyMatch2 /customers/:id/orders"),
        ("path keymatch2 /a", 5, "condition-syntax", "did you mean `keyMatch2`?"),
        ("path globmtch /a", 5, "condition-syntax", "did you mean `globMatch`?"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused_where_it_stands(text, offset, code, suggestion):
    with pytest.raises(Refusal) as refused:
        parse(text)

    assert (refused.value.offset, refused.value.code) == (offset, code)
    assert suggestion in refused.value.suggestion


def test_a_path_is_that_of_the_resource_and_cannot_be_given():
    text = allow("path keyMatch2 /customers/:id", resource="data:*")

    assert ask(text, resource="data:customers/7").permitted
    assert not ask(text, resource="data:customers/7/8", path="/customers/7").permitted
    assert codes(ask(text, resource="data:customers")) == ["policy-no-rule"]


def test_a_deny_by_address_closes_where_the_address_is_not_known():
    text = allow() + deny("not address ipMatch 10.0.0.0/8")

    assert ask(text, address="10.0.0.1").permitted
    assert codes(ask(text, address="192.0.2.1")) == ["network-unacceptable"]
    assert not ask(text).permitted


def test_who_comes_too_early_is_told_when_and_who_comes_too_late_is_not_told_to_wait():
    text = allow("now timeMatch 2026-11-23T13:00:00/2026-11-23T14:00:00")

    early, late = ask(text), ask(text, now=MONDAY_NOON.replace(hour=15))

    assert codes(early) == ["time-outside"]
    assert early.reason.remedy == "Come back after 2026-11-23 13:00:00 UTC."
    assert codes(late) == ["policy-no-rule"]
    assert codes(ask(allow() + deny("now timeMatch _/2026-11-23T14:00:00"))) == ["time-outside"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path keyMatch2 /a/:id", "the path is like /a/:id (keyMatch2)"),
        ("not path keyMatch2 /a/:id", "the path is not like /a/:id (keyMatch2)"),
        ("address ipMatch 10.0.0.0/8", "the address is in 10.0.0.0/8"),
        ("not address ipMatch 10.0.0.1", "the address is not 10.0.0.1"),
        (
            "now timeMatch 2026-11-23T11:00:00/2026-11-23T13:00:00",
            "it is after 2026-11-23 11:00:00 UTC and before 2026-11-23 13:00:00 UTC",
        ),
        ("now timeMatch _/2026-11-23T13:00:00", "it is before 2026-11-23 13:00:00 UTC"),
    ],
)
def test_a_pattern_reads_aloud(text, words):
    assert condition(parse(text)) == words


def test_only_a_bundle_that_asks_for_paths_is_told_them():
    plain, asking = load(allow()), load(allow("path keyMatch /x"))

    assert "path" not in plain.index.facts_of("data:x", {})
    assert asking.index.facts_of("data:x", {}) == {"path": "/x"}
