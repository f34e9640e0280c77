"""What would have had to be otherwise: told to admins, and tried before it is told."""

from datetime import UTC, datetime

import pytest

from policies.bundle import load
from policies.misses import MissKind, nearest_misses
from tests.policies.world import ASHA, MONDAY_NOON, SUPPORT, WELL, allow, deny


def misses(text, action="read", resource="data:logs", *, now=MONDAY_NOON, **facts):
    bundle = load(text) if text is not None else None
    names = bundle.index.names_of(ASHA, SUPPORT) if bundle else frozenset()
    known = {name: value for name, value in {**WELL, **facts}.items() if value is not None}
    return nearest_misses(names, action, resource, bundle=bundle, attributes=known, now=now)


def told(*args, **kwargs):
    return [(miss.sentence, miss.rule) for miss in misses(*args, **kwargs)]


@pytest.mark.parametrize(
    ("condition", "facts", "sentence"),
    [
        ("tier >= 2", {"tier": 1}, "at tier 2"),
        ("tier >= 2", {"tier": None}, "at tier 2"),
        ("tier > 1 and tier != 2", {"tier": 1}, "at tier 3"),
        ("tier < 2", {"tier": 3}, "at tier 0"),
        ("tier >= 2 and custody >= 3", {"tier": 1, "custody": 0}, "at tier 2, at custody 3"),
        ("time in 13:00-17:30", {}, "from 13:00 UTC"),
        ("time in 09:00-11:00", {}, "from Tuesday 09:00 UTC"),
        ("not time in 09:00-13:15", {}, "from 13:15 UTC"),
        ("weekday == wed", {}, "from Wednesday 00:00 UTC"),
        ("weekday == mon and time in 09:00-10:00", {}, "from 30 November 2026 at 09:00 UTC"),
        ("weekday in {sat sun} and time in 13:00-14:00", {}, "from Saturday 13:00 UTC"),
        ("touch_age < 60s", {"touch_age": 312}, "when touch age is less than 1 minute"),
        (
            "not remote_control",
            {"remote_control": True},
            "when it is not so that remote-control software is running on the laptop",
        ),
        ("os_version >= 13", {}, "when os version is at least 13"),
        ("country in {US FR}", {}, "when country is US or FR"),
        ("country != DE", {}, "when country is not DE"),
        ("presence_missed == 0", {"presence_missed": 2}, "when presence missed is 0"),
        (
            "tier >= 2 and touch_age < 60s and time in 13:00-14:00",
            {"tier": 1, "touch_age": 90},
            "at tier 2, when touch age is less than 1 minute, from 13:00 UTC",
        ),
    ],
)
def test_what_a_permit_lacks_is_told_as_what_would_open_the_door(condition, facts, sentence):
    assert told(allow(condition), **facts) == [(f"would be allowed {sentence}", "open")]


def test_hours_of_a_deny_say_when_it_opens():
    text = allow() + deny("not time in 13:00-20:00", rule="night")

    assert told(text) == [("would be allowed from 13:00 UTC", "open")]


def test_what_a_deny_wants_stands_beside_what_the_permit_wants():
    text = allow("tier >= 2") + deny("remote_control")

    assert told(text, tier=1, remote_control=True) == [
        (
            "would be allowed at tier 2, "
            "when it is not so that remote-control software is running on the laptop",
            "open",
        )
    ]


def test_the_nearest_comes_first_and_at_most_five_are_told():
    text = "".join(
        allow(f"tier >= 3 and touch_age < {n}s and custody >= 3", rule=f"far-{n}") for n in range(1, 8)
    )
    text += allow("tier >= 2", rule="near")

    found = misses(text, tier=1, custody=0)

    assert found[0].rule == "near"
    assert len(found) == 5


def test_rules_that_lack_the_same_are_told_once():
    text = allow("tier >= 2", rule="one") + allow("tier >= 2", "standing", rule="two")

    assert told(text, tier=1) == [("would be allowed at tier 2", "one")]


@pytest.mark.parametrize(
    "condition", ["tier >= 3 and tier < 2", "time in 01:00-02:00 and time in 03:00-04:00"]
)
def test_what_cannot_be_mended_is_not_promised(condition):
    [miss] = misses(allow(condition), tier=1)

    assert miss.sentence.startswith("no change of facts was found with which it opens this; it asks that ")


def test_a_permit_that_another_rule_shuts_again_is_not_promised():
    text = allow("tier >= 2") + deny("tier >= 2")

    [miss] = misses(text, tier=1)

    assert miss.kind.value == "never"


def test_a_rule_that_closes_whatever_is_known_stands_alone():
    text = allow("tier >= 3") + deny(rule="barred")

    assert told(text, tier=1) == [
        ("closed whatever is known: nobody may do anything with everything under data:", "barred")
    ]


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        (None, "no-policy", "no policy is published"),
        (
            "p, a, role:x, read, svc:y, -, -, allow\n",
            "resource-not-named",
            "no rule names this resource",
        ),
        (
            deny("remote_control"),
            "resource-not-named",
            "only rules that close name this resource; none opens it",
        ),
        (
            "p, a, role:support, write, data:logs, -, -, allow\np, b, role:x, list, data:*, -, -, allow\n",
            "action-not-named",
            "no rule lets anybody read it; rules open it for list and write",
        ),
        (
            "p, a, role:ops, read, data:logs, -, -, allow\np, b, person:bob, *, data:*, -, -, allow\n",
            "subject-not-named",
            "rules let others do this, and name none of their roles: person bob and role ops",
        ),
    ],
)
def test_no_rule_at_all_is_told_apart(text, kind, sentence):
    [miss] = misses(text)

    assert (miss.kind.value, miss.sentence) == (kind, sentence)


def test_many_others_are_counted_not_listed():
    text = "".join(f"p, r{n}, role:r{n}, read, data:logs, -, -, allow\n" for n in range(9))

    [miss] = misses(text)

    assert miss.sentence.endswith("role r0, role r1, role r2, role r3 and 5 more")


def test_a_permit_has_no_misses():
    assert misses(allow()) == ()


@pytest.mark.parametrize(
    ("condition", "now"),
    [
        ("time in 09:00-10:00", datetime(9999, 12, 31, 23, 30, tzinfo=UTC)),
        ("now timeMatch _/0001-01-01T00:00:00", MONDAY_NOON),
    ],
)
def test_moments_at_the_ends_of_the_calendar_are_passed_over(condition, now):
    [miss] = misses(allow(condition), now=now)

    assert miss.kind is MissKind.NEVER


@pytest.mark.parametrize(
    ("condition", "shut", "facts", "sentence"),
    [
        ("country in {DE US}", "country == DE", {"country": "FR"}, "when country is US"),
        ("touch_age < 60s", "touch_age < 59s", {"touch_age": 100}, "when touch age is 59 seconds"),
        ("os_version >= 13", "os_version >= 14", {}, "when os version is 13"),
        (
            "address ipMatch 10.0.0.0/8",
            "address ipMatch 10.0.0.0/9",
            {},
            "when the address is in 10.0.0.0/8 and the address is not in 10.0.0.0/9",
        ),
        (
            "touch_age < 60s",
            "tier < 2",
            {"tier": 2, "touch_age": 100},
            "when touch age is less than 1 minute",
        ),
        ("tier >= 2", "tier == 2", {"tier": 1}, "at tier 3"),
        (
            "tier >= 2",
            "tier >= 2 and touch_age > 60s",
            {"tier": 1, "touch_age": 100},
            "at tier 2, when not (touch age is more than 1 minute)",
        ),
    ],
)
def test_where_a_deny_splits_what_is_lacking_the_value_that_opens_is_told(condition, shut, facts, sentence):
    assert told(allow(condition) + deny(shut), **facts) == [(f"would be allowed {sentence}", "open")]


@pytest.mark.parametrize(
    ("condition", "facts", "sentence"),
    [
        (
            "path keyMatch /public/* or touch_age < 60s",
            {"touch_age": None},
            "when touch age is less than 1 minute",
        ),
        ("path keyMatch /public/* or tier >= 2", {"tier": None}, "at tier 2"),
        (
            "(tier >= 3 and tier < 2) or hosting",
            {"tier": 1},
            "when the address belongs to a hosting or VPN operator",
        ),
        (
            "now timeMatch 9998-12-30T23:59:59/_ and time in 22:00-23:00",
            {},
            "from 31 December 9998 at 22:00 UTC",
        ),
    ],
)
def test_each_branch_is_tried(condition, facts, sentence):
    assert told(allow(condition), **facts) == [(f"would be allowed {sentence}", "open")]


def test_where_not_all_could_be_tried_it_is_not_said_to_be_never():
    words = " or ".join(f"{name} != 1" for name in ("presence_missed", "asn", "binding", "custody", "tier"))
    times = " or ".join(f"now timeMatch 20{n}-01-01T00:00:00/20{n}-02-01T00:00:00" for n in range(30, 38))
    text = allow(f"tier >= 3 and tier < 2 and ({words})") + deny(f"not ({times})")

    [miss] = misses(text, tier=1)

    assert miss.kind is MissKind.UNSURE
    assert ", and not all were tried; it asks that " in miss.sentence
