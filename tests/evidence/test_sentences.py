"""What a contractor reads: what is red, how to mend it, and nothing about detection."""

from ipaddress import ip_address

from domain.evidence import Binding, Kind
from evidence.assess import assess
from evidence.ceremony import Ceremony, from_ceremony
from evidence.key_sentences import AGAINST, CLEAN
from evidence.sentences import red_for_contractor
from evidence.weights import DEFAULT_WEIGHTS
from tests.evidence.scenes import ANYDESK, LOGON, MINUTE, NOON, CountingIds, OneAnswer, Scene


def topics(assessment):
    return [red.topic for red in red_for_contractor(assessment)]


def test_nothing_is_red_in_a_clean_session(scene):
    scene.reports()

    assert red_for_contractor(scene.assess()) == ()


def test_each_red_thing_says_what_is_wrong_and_how_to_mend_it():
    scene = Scene()
    scene.arrives_from(ip_address("3.5.1.1"), tables=OneAnswer(hosting=True))
    scene.reports(disk_encrypted=False, remote_control=[ANYDESK], remote_logons=[LOGON])

    reds = red_for_contractor(scene.assess())

    assert [red.topic for red in reds] == ["network", "disk", "remote-control", "remote-logon"]
    assert all(red.sentence.endswith(".") and red.remedy.endswith(".") for red in reds)


def test_a_contractor_reads_no_names_of_tools_people_or_weights(scene):
    scene.reports(remote_control=[ANYDESK], remote_logons=[LOGON])

    text = " ".join(red.sentence + red.remedy for red in red_for_contractor(scene.assess()))

    assert not any(detail in text for detail in ("AnyDesk", "anydesk", "10.0.0.1", "110", "197"))


def test_a_laptop_that_never_reported_and_one_that_fell_silent_are_told_apart(scene):
    assert red_for_contractor(scene.assess())[0].sentence == "Your laptop has not reported for this session."

    scene.reports()

    late = red_for_contractor(scene.assess(now=NOON + 3 * MINUTE))
    assert [red.sentence for red in late] == ["Your laptop's last report is too old."]


def test_a_report_from_another_address_is_told_apart(scene):
    scene.reports(binding=Binding.D0)

    assert topics(scene.assess()) == ["binding"]


def test_what_the_agent_could_not_tell_is_named(scene):
    scene.reports(disk_encrypted=None)

    reds = red_for_contractor(scene.assess())

    assert [red.sentence for red in reds] == ["Your laptop could not tell whether the disk is encrypted."]


def test_what_touches_and_company_showed_is_read_aloud_without_names():
    def line(kind, value):
        return (AGAINST if kind in AGAINST else CLEAN)[kind](value)

    assert line(Kind.COMPANY_DEVICE, {"people": 1, "since_days": 1, "ids": ["prs_2"]}) == (
        "1 other person's key was used in the same browser, first 1 day ago"
    )
    assert line(Kind.COMPANY_ROUND, {"people": 4, "days": 2, "ids": ["prs_2"]}) == (
        "The keys of 4 people were touched one after the other at one place, on 2 days"
    )
    moved = {"attachment": "platform", "seen": ["cross-platform"], "registered": ["usb"]}
    assert line(Kind.CEREMONY_TRANSPORT, moved) == (
        "The browser says that the key is connected as part of the computer; before, as a separate key"
    )
    assert line(Kind.CEREMONY_TRANSPORT, {**moved, "seen": ["platform"]}) == (
        "The browser says that the key is connected as part of the computer; it was registered by usb"
    )
    assert line(Kind.CEREMONY_REDIRECTED, {"by": ["platform", "remote"]}) == (
        "The browser's answer is not that of a security key in this computer: "
        "it is part of the computer; it speaks of a remote desktop"
    )


def test_an_adverse_touch_names_the_key_and_what_would_end_it():
    ceremony = Ceremony(
        "login", "key_1", NOON, NOON, 0, 0, ("usb",), frozenset(), attachment="platform", remote=False
    )
    observed = from_ceremony(ceremony, person="p1", session="s1", ids=CountingIds())

    lines = assess(
        observed, session="s2", weights=DEFAULT_WEIGHTS, now=NOON, assessment_id="asm_1"
    ).contributions

    redirected = next(each.sentence for each in lines if each.kind is Kind.CEREMONY_REDIRECTED)
    assert "(seen 2026-11-22 12:00 UTC with key_1, D2; " in redirected
    assert redirected.endswith("; in force until a touch shows its end).")
