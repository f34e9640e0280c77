"""The sum of the evidence: what raises it, what ends it, what never helps."""

from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest

from domain.attributes import ATTRIBUTES
from domain.evidence import Binding, Kind, Outcome, Tier
from evidence.assess import ENGINE_VERSION, assess
from evidence.networks import NamedNetwork
from evidence.weights import DEFAULT_WEIGHTS
from tests.evidence.scenes import ANYDESK, LOGON, MINUTE, NOON, OneAnswer, Scene

HOME = ip_address("81.2.69.142")
OPEN_DISK = {"disk_encrypted": False}


def line(assessment, kind):
    return next(c for c in assessment.contributions if c.kind is kind)


def test_without_any_report_a_session_is_guarded(scene):
    assessment = scene.assess()

    assert (assessment.tier, assessment.score) == (Tier.T1, 47)
    assert assessment.binding is Binding.D0
    assert {k for k in Kind if k.value.startswith("posture.")} == set(assessment.missing)
    assert "posture.remote-control" in assessment.capped_by
    assert not {"posture_age", "binding", "disk_encrypted", "os"} & set(assessment.attributes)


def test_a_clean_bound_report_makes_a_session_normal(scene):
    scene.reports()

    assessment = scene.assess(now=NOON + MINUTE)

    assert (assessment.tier, assessment.score) == (Tier.T2, -38)
    assert assessment.missing == ()
    assert assessment.attributes == {
        "tier": 2,
        "binding": 1,
        "posture_age": 60,
        "disk_encrypted": True,
        "remote_control": False,
        "remote_logon": False,
        "os": "debian",
        "os_version": (12, 7),
        "country": "DE",
        "asn": 3320,
        "hosting": False,
    }
    assert assessment.weights_version == DEFAULT_WEIGHTS.version
    assert assessment.engine_version == ENGINE_VERSION


def test_every_attribute_is_one_that_policies_know(scene):
    scene.arrives_from(HOME, networks=[NamedNetwork(ip_network("81.2.0.0/16"), "HQ", "corporate")])
    scene.reports()

    attributes = scene.assess().attributes

    assert attributes["network"] == "HQ"
    elsewhere = {"touch_age", "custody", "presence_missed", "address", "path", "now", "time", "weekday"}
    assert set(attributes) == set(ATTRIBUTES) - elsewhere


def test_trusted_needs_a_stronger_binding_than_an_address(scene):
    scene.reports(binding=Binding.D1)
    assert scene.assess().tier is Tier.T2

    scene.reports(binding=Binding.D2)

    assert scene.assess().tier is Tier.T3
    assert scene.assess().capped_by == ()


def test_an_unbound_report_speaks_for_nobody(scene):
    scene.reports(binding=Binding.D0)

    assessment = scene.assess()

    assert (assessment.tier, assessment.score) == (Tier.T1, 47)
    assert assessment.attributes["binding"] == 0
    assert "disk_encrypted" not in assessment.attributes
    assert "not bound to this session" in line(assessment, Kind.POSTURE_DISK_ENCRYPTION).sentence


def test_an_unbound_report_against_counts_in_full(scene):
    scene.reports(binding=Binding.D0, remote_control=[ANYDESK])

    assert line(scene.assess(), Kind.POSTURE_REMOTE_CONTROL).centibans == 110
    assert scene.assess().attributes["remote_control"] is True


def test_a_hosting_network_weighs_but_does_not_decide(scene):
    session = Scene()
    session.arrives_from(HOME, tables=OneAnswer(hosting=True))
    session.reports()

    assessment = session.assess()

    assert (assessment.tier, assessment.score) == (Tier.T2, -10)
    assert assessment.attributes["hosting"] is True


def test_an_unencrypted_disk_keeps_a_session_from_trusted_not_from_normal(scene):
    scene.reports(binding=Binding.D2, **OPEN_DISK)

    assessment = scene.assess()

    assert (assessment.tier, assessment.score) == (Tier.T2, 2)
    assert assessment.capped_by == ("score", "posture.disk-encryption")


def test_a_disk_that_is_not_told_counts_like_an_unencrypted_one(scene):
    told, untold = Scene(), Scene()
    told.reports(**OPEN_DISK)
    untold.reports(disk_encrypted=None)

    assert told.assess().score == untold.assess().score
    assert told.assess().tier == untold.assess().tier


@pytest.mark.parametrize("fact", [{"remote_control": [ANYDESK]}, {"remote_logons": [LOGON]}])
def test_one_remote_signal_guards_a_session(scene, fact):
    scene.reports(binding=Binding.D3, **fact)

    assert scene.assess().tier is Tier.T1


def test_remote_control_and_a_remote_logon_together_hold_a_session(scene):
    scene.reports(remote_control=[ANYDESK], remote_logons=[LOGON])

    assessment = scene.assess()

    assert (assessment.tier, assessment.capped_by) == (Tier.T0, ("score",))
    assert assessment.score == 197


@pytest.mark.parametrize("fact", [{"remote_control": [ANYDESK]}, {"remote_logons": [LOGON]}])
def test_one_remote_signal_and_everything_else_bad_is_not_yet_a_hold(fact):
    scene = Scene()
    scene.arrives_from(HOME, tables=OneAnswer(hosting=True))
    scene.reports(**OPEN_DISK, **fact)

    assert scene.assess(now=NOON + timedelta(hours=1)).tier is Tier.T1


def test_a_report_stops_speaking_in_favour_after_three_minutes(scene):
    scene.reports()

    assert scene.assess(now=NOON + 3 * MINUTE - timedelta(microseconds=1)).tier is Tier.T2

    late = scene.assess(now=NOON + 3 * MINUTE)

    assert late.tier is Tier.T1
    assert late.attributes["posture_age"] == 180
    assert not {"disk_encrypted", "os", "binding"} & set(late.attributes)


def test_an_adverse_fact_outlives_its_report_and_its_session(scene):
    scene.reports(remote_control=[ANYDESK])
    scene.arrives_from(HOME, session="s2", at=NOON + 60 * MINUTE)

    for session in ("s1", "s2"):
        assessment = scene.assess(session=session, now=NOON + 90 * MINUTE)
        found = line(assessment, Kind.POSTURE_REMOTE_CONTROL)

        assert found.outcome is Outcome.AGAINST
        assert "in force until a report shows its end" in found.sentence
        assert assessment.attributes["remote_control"] is True


def test_a_later_clean_report_of_the_same_device_ends_it_in_every_session(scene):
    scene.reports(remote_control=[ANYDESK])
    scene.reports(session="s2", at=NOON + MINUTE)

    assert line(scene.assess(now=NOON + MINUTE), Kind.POSTURE_REMOTE_CONTROL).outcome is Outcome.MISSING
    assert scene.assess(session="s2", now=NOON + MINUTE).attributes["remote_control"] is False


@pytest.mark.parametrize(
    "clean",
    [
        {"device": "dev_2", "at": NOON + MINUTE},
        {"binding": Binding.D1, "at": NOON + MINUTE},
        {"binding": Binding.D2, "at": NOON},
        {"binding": Binding.D2, "at": NOON - MINUTE},
        {"binding": Binding.D2, "at": NOON + MINUTE, "remote_control": None},
    ],
    ids=["another device", "weaker binding", "same moment", "earlier", "silent on it"],
)
def test_what_does_not_prove_the_end_does_not_end_it(scene, clean):
    scene.reports(binding=Binding.D2, remote_control=[ANYDESK])
    scene.reports(**clean)

    found = line(scene.assess(now=NOON + MINUTE), Kind.POSTURE_REMOTE_CONTROL)

    assert (found.outcome, found.centibans) == (Outcome.AGAINST, 110)


def test_an_old_look_that_arrives_late_ends_nothing(scene):
    scene.reports(remote_control=[ANYDESK])
    scene.reports(at=NOON + MINUTE)
    old_look = [
        replace(o, observed_at=NOON - MINUTE) if o.received_at > NOON else o for o in scene.observations
    ]

    assessment = assess(
        old_look, session="s1", weights=DEFAULT_WEIGHTS, now=NOON + MINUTE, assessment_id="asm_1"
    )

    assert line(assessment, Kind.POSTURE_REMOTE_CONTROL).outcome is Outcome.AGAINST


def test_evidence_of_another_session_is_never_borrowed(scene):
    scene.reports()
    scene.arrives_from(HOME, session="s2")

    assert scene.assess(session="s1").tier is Tier.T2
    assert scene.assess(session="s2").tier is Tier.T1


def test_a_hosting_network_does_not_follow_into_a_session_from_elsewhere(scene):
    scene.arrives_from(HOME, session="vpn", tables=OneAnswer(hosting=True))

    assert line(scene.assess(session="vpn"), Kind.NETWORK_HOSTING).outcome is Outcome.AGAINST
    assert line(scene.assess(session="s1"), Kind.NETWORK_HOSTING).outcome is Outcome.FOR


def test_after_a_change_of_address_facts_of_the_old_one_are_not_mixed_in():
    scene = Scene()
    scene.arrives_from(HOME, networks=[NamedNetwork(ip_network("81.2.0.0/16"), "HQ", "corporate")])
    scene.arrives_from(ip_address("9.9.9.9"), at=NOON + MINUTE, tables=OneAnswer(country=None, asn=19281))

    attributes = scene.assess(now=NOON + MINUTE).attributes

    assert attributes["asn"] == 19281
    assert not {"country", "network"} & set(attributes)


def test_without_a_session_everything_is_missing_and_no_attribute_is_known(scene):
    scene.reports()

    assessment = scene.assess(session=None)

    assert assessment.tier is Tier.T1
    assert assessment.attributes == {}
    gaps = {kind for kind in Kind if kind.value.startswith(("network.", "posture."))}
    assert set(assessment.missing) == gaps - {Kind.NETWORK_NAMED}


def test_naming_no_session_does_not_shake_off_what_is_in_force(scene):
    scene.reports(remote_control=[ANYDESK], remote_logons=[LOGON])

    assert scene.assess(session=None).tier is Tier.T0


def test_what_was_received_after_now_does_not_help(scene):
    scene.reports(at=NOON + MINUTE)

    assert scene.assess(now=NOON).tier is Tier.T1


def test_low_quality_scales_a_fact_but_never_below_silence(scene):
    scene.reports(remote_control=[ANYDESK])
    vague = {
        quality: [
            replace(o, quality=quality) if o.kind is Kind.POSTURE_REMOTE_CONTROL else o
            for o in scene.observations
        ]
        for quality in (600, 0)
    }

    found = {
        quality: line(
            assess(seen, session="s1", weights=DEFAULT_WEIGHTS, now=NOON, assessment_id="asm_1"),
            Kind.POSTURE_REMOTE_CONTROL,
        )
        for quality, seen in vague.items()
    }

    assert (found[600].centibans, found[0].centibans) == (66, 10)
    assert "quality 600 of 1000" in found[600].sentence


def test_a_clean_laptop_does_not_meet_a_need_that_another_one_fails(scene):
    scene.reports()
    scene.reports(device="dev_2", binding=Binding.D0, remote_control=[ANYDESK])
    vague = [replace(o, quality=0) if o.adverse else o for o in scene.observations]

    assessment = assess(vague, session="s1", weights=DEFAULT_WEIGHTS, now=NOON, assessment_id="asm_1")

    assert (assessment.tier, assessment.score) == (Tier.T1, -13)
    assert assessment.capped_by == ("posture.remote-control",)


def test_caps_bound_what_one_family_can_add(scene):
    scene.reports(remote_control=[ANYDESK], remote_logons=[LOGON], **OPEN_DISK)

    lines = [c for c in scene.assess().contributions if c.kind.value.startswith("posture.")]

    assert sum(c.centibans for c in lines) == 250
    assert scene.assess().score == 200 - 3


def test_admins_read_what_was_seen(scene):
    scene.reports(remote_control=[ANYDESK], remote_logons=[LOGON])

    assessment = scene.assess()

    assert line(assessment, Kind.POSTURE_REMOTE_CONTROL).sentence == (
        "Remote-control software is running: AnyDesk (reported 2026-11-22 12:00 UTC by dev_1, D1)."
    )
    assert "u from 10.0.0.1" in line(assessment, Kind.POSTURE_REMOTE_LOGON).sentence
    assert line(assessment, Kind.NETWORK_ASN).sentence == "The address is in network 3320, Telekom."
    assert line(assessment, Kind.NETWORK_ASN).data_version == "2026-06-17+abc"


def test_the_input_digest_names_evidence_session_time_and_weights(scene):
    scene.reports()
    other_weights = replace(DEFAULT_WEIGHTS, hold_at=190)

    digests = {
        scene.assess().input_digest,
        scene.assess(session="s2").input_digest,
        scene.assess(now=NOON + MINUTE).input_digest,
        scene.assess(weights=other_weights).input_digest,
    }

    assert len(digests) == 4
    assert scene.assess().input_digest in digests


def test_a_time_without_a_zone_and_a_second_person_are_refused(scene):
    stranger = [replace(o, person="p2") for o in scene.observations]

    def of(observations, now):
        return assess(observations, session="s1", weights=DEFAULT_WEIGHTS, now=now, assessment_id="asm_1")

    with pytest.raises(ValueError, match="aware"):
        of(scene.observations, datetime(2026, 11, 22))  # noqa: DTZ001
    with pytest.raises(ValueError, match="one person"):
        of([*scene.observations, *stranger], NOON)
