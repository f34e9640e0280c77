"""What a contractor reads: what is red, how to mend it, and nothing about detection."""

from ipaddress import ip_address

from domain.evidence import Binding
from evidence.sentences import red_for_contractor
from tests.evidence.scenes import ANYDESK, LOGON, MINUTE, NOON, OneAnswer, Scene


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
