"""What a decision says: effect, reasons with their remedies, obligations, errors."""

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.access import AccessRequest, Link, Subject, SubjectKind
from domain.decision import Obligations, Reason, Revisions
from domain.reasons import ReasonCode
from policies.bundle import load
from policies.decide import decide
from tests.policies.world import ASHA, MONDAY_NOON, SUPPORT, allow, ask, codes, deny


def test_a_permit_says_first_that_a_rule_allows_it_and_then_what_was_found_in_order():
    decision = ask(allow("tier >= 2 and touch_age < 60s and not remote_control"))

    assert codes(decision) == ["policy-permits", "tier-ok", "touch-ok", "remote-control-ok"]
    assert decision.determining == ("open",)


def test_a_comparison_that_did_not_carry_the_permit_is_not_said_to_be_in_order():
    decision = ask(allow("tier >= 2 or touch_age < 60s"), tier=1)

    assert codes(decision) == ["policy-permits", "touch-ok"]


@pytest.mark.parametrize(
    ("condition", "facts", "code", "needed", "have"),
    [
        ("tier >= 2", {"tier": 1}, "tier-too-low", "2", "1"),
        ("tier > 2", {"tier": 2}, "tier-too-low", "3", "2"),
        ("not tier < 2", {"tier": 1}, "tier-too-low", "2", "1"),
        ("tier >= 1", {"tier": 0}, "tier-hold", "1", "0"),
        ("binding >= 2", {"binding": 1}, "binding-too-low", "2", "1"),
        ("touch_age < 60s", {"touch_age": 312}, "touch-stale", "touch_age < 60s", "312 seconds"),
        ("posture_age <= 5m", {"posture_age": 600}, "posture-stale", "posture_age <= 5m", "10 minutes"),
        ("disk_encrypted", {"disk_encrypted": False}, "disk-unencrypted", "disk_encrypted", "no"),
        (
            "not remote_control",
            {"remote_control": True},
            "remote-control-active",
            "not remote_control",
            "yes",
        ),
        ("not remote_logon", {"remote_logon": True}, "remote-logon-active", "not remote_logon", "yes"),
        ("os_version >= 13", {}, "os-unacceptable", "os_version >= 13", "12.7"),
        ("os in {fedora ubuntu}", {}, "os-unacceptable", "os in {fedora ubuntu}", "debian"),
        ("country in {US FR}", {}, "network-unacceptable", "country in {US FR}", "DE"),
        ("not hosting", {"hosting": True}, "network-unacceptable", "not hosting", "yes"),
        ("asn in {64501 64502}", {}, "network-unacceptable", "asn in {64501 64502}", "64500"),
        ("network != office", {}, "network-unacceptable", "network != office", "office"),
    ],
)
def test_a_permit_that_misses_one_comparison_names_it(condition, facts, code, needed, have):
    decision = ask(allow(condition), **facts)

    assert codes(decision) == [code]
    details = dict(decision.reason.details)
    assert details.pop("fact") in condition
    assert details == {"rule": "open", "needed": needed, "have": have}
    assert decision.determining == ()


@pytest.mark.parametrize(
    ("condition", "have", "sentence"),
    [
        (
            "custody >= 2",
            0,
            "This door needs a key that two people sent, with its serial number attested by its maker; "
            "you use one whose way to you is not fully recorded.",
        ),
        (
            "custody == 3",
            1,
            "This door needs a key that was registered at headquarters before two people sent it; "
            "you use one that two people sent.",
        ),
    ],
)
def test_a_door_that_asks_for_custody_says_which_key_it_needs_and_which_was_used(condition, have, sentence):
    decision = ask(allow(condition), custody=have)

    assert decision.reason.sentence == sentence
    assert "{" not in ask(allow(condition)).reason.sentence  # no session, so no key, was named
    assert codes(ask(allow("custody < 2"), custody=3)) == ["policy-no-rule"]  # no key would do


@pytest.mark.parametrize(
    ("condition", "fact", "code"),
    [
        ("tier >= 2", "tier", "evidence-unknown"),
        ("binding >= 1", "binding", "binding-too-low"),
        ("touch_age < 60s", "touch_age", "touch-stale"),
        ("posture_age < 5m", "posture_age", "posture-missing"),
        ("disk_encrypted", "disk_encrypted", "posture-missing"),
        ("not remote_control", "remote_control", "posture-missing"),
        ("not remote_logon", "remote_logon", "posture-missing"),
        ("os == debian", "os", "posture-missing"),
        ("os_version >= 12", "os_version", "posture-missing"),
        ("not hosting", "hosting", "evidence-unknown"),
    ],
)
def test_an_unknown_fact_denies_says_what_is_missing_and_names_the_rule_as_erring(condition, fact, code):
    permit = ask(allow(condition), **{fact: None})
    forbid = ask(allow() + deny(f"not ({condition})"), **{fact: None})

    assert codes(permit) == codes(forbid) == [code]
    assert [(e.rule, e.message) for e in permit.erring] == [("open", f"{fact} is not known")]
    assert permit.determining == ()
    assert [(e.rule, e.message) for e in forbid.erring] == [("shut", f"{fact} is not known")]
    assert forbid.determining == ("shut",)


def test_what_a_contractor_is_told_to_be_missing_tells_nothing_about_detection():
    decision = ask(allow("not hosting and asn != 64511"), hosting=None, asn=None)

    assert "hosting" not in decision.reason.sentence
    assert decision.reason.sentence.endswith("is not known: the network you come from.")


def test_a_mistyped_fact_is_unknown_and_its_value_is_not_repeated():
    decision = ask(allow("tier >= 2"), tier="three")

    assert codes(decision) == ["evidence-unknown"]
    assert decision.erring[0].message == "tier is mistyped"


def test_true_is_not_taken_for_tier_one():
    assert codes(ask(allow("tier >= 1"), tier=True)) == ["evidence-unknown"]


@pytest.mark.parametrize(
    ("condition", "remedy"),
    [
        ("time in 14:00-17:30", "Come back between 14:00 and 17:30 UTC."),
        ("weekday in {sat tue}", "Come back on Tuesday or Saturday."),
        (
            "time in 22:00-06:00 and weekday in {fri}",
            "Come back on Friday between 22:00 and 06:00 UTC.",
        ),
        ("not time in 09:00-15:00", "Come back at 15:00 UTC."),
        ("not weekday in {mon}", "Come back on Tuesday, Wednesday, Thursday, Friday, Saturday or Sunday."),
    ],
)
def test_a_door_closed_at_this_hour_says_when_to_come_back(condition, remedy):
    decision = ask(allow(condition))

    assert codes(decision) == ["time-outside"]
    assert decision.reason.remedy == remedy
    assert decision.curable


@pytest.mark.parametrize("now", [MONDAY_NOON, MONDAY_NOON.astimezone(timezone(timedelta(hours=9)))])
def test_the_moment_of_a_condition_is_that_of_now_in_utc_and_cannot_be_claimed(now):
    decision = ask(allow("time in 12:00-12:01 and weekday == mon"), now=now, time=0, weekday="sun")

    assert decision.permitted
    assert decision.at == now


def test_a_naive_now_is_refused():
    with pytest.raises(ValueError, match="aware"):
        ask(allow(), now=datetime(2026, 11, 23, 12))  # noqa: DTZ001


def test_a_period_past_midnight_holds_on_both_sides_of_it_and_not_at_its_end():
    text = allow("time in 22:00-06:00")
    at = [
        ask(text, now=datetime(2026, 11, 23, hour, minute, tzinfo=UTC)).permitted
        for hour, minute in [(21, 59), (22, 0), (23, 59), (0, 0), (5, 59), (6, 0)]
    ]

    assert at == [False, True, True, True, True, False]


def test_a_forbid_names_the_fact_it_is_about():
    decision = ask(allow() + deny("remote_control"), remote_control=True)

    assert codes(decision) == ["remote-control-active"]
    assert decision.determining == ("shut",)
    assert decision.curable


def test_a_forbid_without_a_condition_is_final():
    decision = ask(allow() + deny())

    assert codes(decision) == ["policy-forbids"]
    assert not decision.curable


def test_a_forbid_that_no_remedy_would_lift_says_only_that_a_rule_closes_this():
    decisions = [
        ask(allow() + deny("disk_encrypted")),
        ask(allow() + deny("tier >= 2")),
        ask(allow() + deny("touch_age < 60s")),
    ]

    assert [codes(d) for d in decisions] == [["policy-forbids"]] * 3


def test_a_cure_is_not_promised_to_somebody_for_whom_no_rule_opens_the_door():
    decision = ask(allow() + deny("remote_control"), assignments=(), remote_control=True)

    assert codes(decision) == ["policy-no-rule", "remote-control-active"]
    assert not decision.curable


def test_what_else_is_missing_stands_beside_the_reason_of_a_forbid():
    decision = ask(allow("tier >= 2") + deny("remote_control"), remote_control=True, tier=1)

    assert codes(decision) == ["remote-control-active", "tier-too-low"]


def test_of_several_permits_the_one_that_misses_least_is_explained():
    text = (
        allow("tier >= 3 and touch_age < 60s", rule="a")
        + allow("binding >= 3", rule="b")
        + allow("disk_encrypted and os == fedora and hosting", rule="c")
    )

    decision = ask(text, touch_age=100)

    assert codes(decision) == ["binding-too-low"]


CURED = "tier >= 2 and touch_age < 60s"


@pytest.mark.parametrize(
    "conditions",
    [
        (CURED, "path keyMatch2 /public/:id"),
        (CURED, "not path keyMatch2 /logs"),
        (CURED, "path keyMatch2 /public/:id and disk_encrypted"),
        (CURED, "now timeMatch _/2020-01-01T00:00:00"),
        (CURED, "touch_age > 300s"),
        (f"path keyMatch2 /public/:id or {CURED}",),
        (f"{CURED} or now timeMatch _/2020-01-01T00:00:00",),
        (f"not (not path keyMatch2 /public/:id and not ({CURED}))",),
    ],
)
def test_what_nobody_can_mend_does_not_hide_what_the_person_can(conditions):
    text = "".join(allow(condition, rule=f"r{n}") for n, condition in enumerate(conditions))

    decision = ask(text, tier=1, touch_age=100)

    assert codes(decision) == ["tier-too-low", "touch-stale"]
    assert decision.curable


def test_a_rule_about_another_path_is_not_the_nearest():
    decision = ask(allow("path keyMatch2 /public/:id", resource="data:*"))

    assert decision.reasons == (Reason.of(ReasonCode.POLICY_NO_RULE),)


def test_a_deny_by_the_path_is_told_as_a_deny():
    assert codes(ask(allow() + deny("path keyMatch2 /logs"))) == ["policy-forbids"]


def test_no_rule_for_the_subject_the_action_or_the_resource_is_told_as_no_rule():
    text = allow()

    assert codes(ask(text, assignments=())) == ["policy-no-rule"]
    assert codes(ask(text, action="delete")) == ["policy-no-rule"]
    assert codes(ask(text, resource="data:other")) == ["policy-no-rule"]


def test_without_a_bundle_every_door_is_closed():
    decision = decide(
        AccessRequest(ASHA, "read", "data:logs"), bundle=None, assignments=SUPPORT, now=MONDAY_NOON
    )

    assert codes(decision) == ["policy-absent"]


@pytest.mark.parametrize(
    ("terms", "obligations", "cap"),
    [
        (["-"], Obligations(None, False, True), 5),
        (["max 15m"], Obligations(timedelta(minutes=15)), 15),
        (["max 1m"], Obligations(timedelta(minutes=1)), 1),
        (["max 1m", "max 15m"], Obligations(timedelta(minutes=15)), 15),
        (["max 1m", "-"], Obligations(timedelta(minutes=1), False, True), 5),
        (["max 15m", "-"], Obligations(timedelta(minutes=15), False, True), 15),
        (["standing", "max 15m; standing"], Obligations(timedelta(minutes=15), True, True), 15),
        (["max 2h", "standing"], Obligations(timedelta(hours=2), True, True), 120),
    ],
)
def test_one_more_permit_never_shortens_the_time_that_another_gives(terms, obligations, cap):
    text = "".join(allow(terms=term, rule=f"r{n}") for n, term in enumerate(terms))

    decision = ask(text)

    assert decision.obligations == obligations
    assert decision.obligations.cap(timedelta(minutes=5)) == timedelta(minutes=cap)


def test_the_terms_of_a_permit_that_does_not_apply_are_not_given():
    decision = ask(allow("tier >= 3", "max 8h; standing", rule="a") + allow(terms="max 5m", rule="b"))

    assert decision.obligations == Obligations(timedelta(minutes=5))


def test_roles_groups_persons_services_and_everybody_are_subjects():
    text = "".join(
        f"p, r{n}, {subject}, read, data:{n}, -, -, allow\n"
        for n, subject in enumerate(["*", "role:support", "group:d", "person:prs_asha", "service:svc_1"])
    )
    everything = (*SUPPORT, Link(str(ASHA), "group:d"))
    service = Subject(SubjectKind.SERVICE, "svc_1")

    def opened(subject, assignments):
        return [
            ask(text, resource=f"data:{n}", subject=subject, assignments=assignments).permitted
            for n in range(5)
        ]

    assert opened(ASHA, everything) == [True, True, True, True, False]
    assert opened(service, everything) == [True, False, False, False, True]


def test_a_role_includes_what_the_bundle_links_it_to_and_not_the_other_way_round():
    text = allow() + "g, role:senior, role:support\n"

    assert ask(text, assignments=(Link(str(ASHA), "role:senior"),)).permitted
    assert not ask(allow().replace("support", "senior") + "g, role:senior, role:support\n").permitted


@pytest.mark.parametrize("link", [Link("role:a", "role:b"), Link("person:prs_asha", "person:prs_bob")])
def test_an_assignment_that_is_no_membership_of_a_principal_is_refused(link):
    with pytest.raises(ValueError, match="not a membership"):
        ask(allow(), assignments=(link,))


def test_a_published_star_does_not_reach_doorwards_own_resources():
    text = "p, all, *, *, *, -, -, allow\n"

    assert codes(ask(text, action="publish", resource="doorward:policy")) == ["policy-no-rule"]


def test_the_decision_carries_what_the_caller_fills_in():
    decision = decide(
        AccessRequest(ASHA, "read", "data:logs"),
        bundle=None,
        assignments=(),
        now=MONDAY_NOON,
        revisions=Revisions(3, "sha256:ab", 7),
        assessment="asm_1",
        tier=1,
        score=42,
        id="dec_1",
    )

    assert (decision.revisions.publication, decision.assessment, decision.tier) == (3, "asm_1", 1)
    assert (decision.score, decision.id) == (42, "dec_1")


@pytest.fixture
def hurried_threads():
    """Let threads change places as often as the interpreter allows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hurried_threads")
def test_threads_that_ask_at_once_get_the_answers_they_get_alone():
    """PyCasbin cannot: it parses its matcher at each question, and one in 300 raised SystemError here."""
    filters = list(warnings.filters)
    bundle = load(allow("tier >= 2") + "p, own, person:prs_7, read, data:logs, -, -, deny\n")
    questions = [
        (Subject(SubjectKind.PERSON, f"prs_{n % 13}"), {"tier": n % 4}, n % 3 == 0) for n in range(400)
    ]

    def answer(question):
        subject, facts, member = question
        links = (Link(str(subject), "role:support"),) if member else ()
        request = AccessRequest(subject, "read", "data:logs", facts)
        return decide(request, bundle=bundle, assignments=links, now=MONDAY_NOON)

    alone = [answer(question) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(answer, questions * 5))

    assert together == alone * 5
    assert warnings.filters == filters
