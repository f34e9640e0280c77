"""What an address and a report tell, and what they do not."""

from datetime import date, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest

from domain.errors import Invalid
from domain.evidence import Binding, Kind
from evidence.networks import NamedNetwork
from evidence.observe import NETWORK_LIFETIME, POSTURE_LIFETIME, from_address, from_report
from tests.evidence.scenes import ANYDESK, CLEAN, LOGON, NOON, CountingIds, OneAnswer

CLOUD = ip_address("3.5.1.1")


def look(tables=None, networks=(), now=NOON):
    seen = from_address(
        CLOUD,
        tables=tables or OneAnswer(),
        networks=networks,
        person="p1",
        session="s1",
        ids=CountingIds(),
        now=now,
    )
    return {o.kind: o for o in seen}


def report(facts, **changes):
    arguments = {
        "person": "p1",
        "session": "s1",
        "device": "dev_1",
        "binding": Binding.D1,
        "observed_at": NOON,
        "received_at": NOON,
        "ids": CountingIds(),
        **changes,
    }
    return {o.kind: o for o in from_report(facts, **arguments)}


def named(kind, **more):
    return [NamedNetwork(ip_network("3.5.0.0/16"), "Company VPN", kind, **more)]


def test_an_address_tells_country_network_number_and_hosting():
    seen = look(OneAnswer(country="US", asn=16509, as_name="Amazon", hosting=True))

    assert seen[Kind.NETWORK_COUNTRY].value == "US"
    assert seen[Kind.NETWORK_ASN].value == {"asn": 16509, "name": "Amazon"}
    assert seen[Kind.NETWORK_HOSTING].adverse
    assert all(o.binding is Binding.D2 and o.session == "s1" and o.device is None for o in seen.values())
    assert all(o.expires_at - o.received_at == NETWORK_LIFETIME for o in seen.values())


def test_what_the_tables_do_not_know_is_not_observed():
    assert look(OneAnswer(country=None, asn=None, as_name=None, hosting=None)) == {}


@pytest.mark.parametrize("kind", ["corporate", "residential"])
def test_a_cloud_network_named_by_the_operator_is_not_hosting(kind):
    seen = look(OneAnswer(asn=16509, hosting=True), named(kind, country="DE", asn=64512))

    assert seen[Kind.NETWORK_HOSTING].value is False
    assert not seen[Kind.NETWORK_HOSTING].adverse
    assert seen[Kind.NETWORK_COUNTRY].value == "DE"
    assert seen[Kind.NETWORK_ASN].value == {"asn": 64512, "name": None}
    assert {o.data_version for o in seen.values()} == {"operator"}


@pytest.mark.parametrize("kind", ["hosting", "vpn"])
def test_a_network_that_the_operator_calls_a_vpn_is_hosting_whatever_the_tables_say(kind):
    assert look(OneAnswer(hosting=False), named(kind))[Kind.NETWORK_HOSTING].adverse


def test_a_network_of_another_kind_leaves_hosting_to_the_tables():
    seen = look(OneAnswer(hosting=True), named("other"))

    assert seen[Kind.NETWORK_HOSTING].adverse
    assert seen[Kind.NETWORK_NAMED].value["label"] == "Company VPN"


@pytest.mark.parametrize(("age", "quality"), [(0, 1000), (180, 1000), (181, 600), (400, 600)])
def test_facts_of_aging_tables_lose_quality(age, quality):
    tables = OneAnswer(table_date=NOON.date() - timedelta(days=age))

    assert look(tables)[Kind.NETWORK_COUNTRY].quality == quality


def test_stale_tables_say_nothing_but_the_operator_still_does():
    seen = look(OneAnswer(table_date=date(2025, 1, 1)), named("corporate"))

    assert set(seen) == {Kind.NETWORK_NAMED, Kind.NETWORK_HOSTING}


def test_a_clean_report_tells_four_facts_and_none_against():
    seen = report(CLEAN)

    assert set(seen) == {k for k in Kind if k.value.startswith("posture.")}
    assert not any(o.adverse for o in seen.values())
    assert {o.expires_at - o.received_at for o in seen.values()} == {POSTURE_LIFETIME}


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"disk_encrypted": False}, Kind.POSTURE_DISK_ENCRYPTION),
        ({"remote_control": [ANYDESK]}, Kind.POSTURE_REMOTE_CONTROL),
        ({"remote_logons": [LOGON]}, Kind.POSTURE_REMOTE_LOGON),
    ],
)
def test_what_counts_against_a_laptop_is_marked_adverse(facts, kind):
    seen = report(facts)

    assert set(seen) == {kind}
    assert seen[kind].adverse


def test_an_absent_fact_makes_no_observation_and_an_empty_list_makes_a_clean_one():
    assert report({}) == {}
    assert not report({"remote_control": []})[Kind.POSTURE_REMOTE_CONTROL].adverse


@pytest.mark.parametrize(
    "facts",
    [
        [],
        None,
        {"disk_encrypted": 1},
        {"disk_encrypted": None},
        {"disc_encrypted": True},
        {1: True},
        {"os": {"id": "debian"}},
        {"os": {"id": "Debian", "version": "12"}},
        {"os": {"id": "debian", "version": "12", "name": "x"}},
        {"os": {"id": "debian", "version": 12}},
        {"os": {"id": "debian", "version": "12."}},
        {"os": {"id": "debian", "version": "12\n"}},
        {"os": {"id": "debian", "version": "١٢"}},
        {"os": "debian"},
        {"remote_control": ANYDESK},
        {"remote_control": [ANYDESK] * 65},
        {"remote_control": [{**ANYDESK, "pid": True}]},
        {"remote_control": [{**ANYDESK, "pid": -1}]},
        {"remote_control": [{**ANYDESK, "evidence": "guess"}]},
        {"remote_control": [{**ANYDESK, "evidence": []}]},
        {"remote_control": [{**ANYDESK, "name": ""}]},
        {"remote_control": [{**ANYDESK, "name": "x" * 256}]},
        {"remote_control": [{**ANYDESK, "name": "a\x00b"}]},
        {"remote_control": [{"name": "AnyDesk"}]},
        {"remote_logons": [{**LOGON, "since": 1.5}]},
        {"remote_logons": [{**LOGON, "since": 1 << 53}]},
        {"remote_logons": [{**LOGON, "host": "x"}]},
        {"remote_logons": ["u"]},
    ],
)
def test_a_report_of_another_shape_is_refused_whole(facts):
    with pytest.raises(Invalid) as refusal:
        report(facts if not isinstance(facts, dict) else {"os": CLEAN["os"], **facts})

    assert refusal.value.code == "report-malformed"


def test_times_without_a_zone_are_refused():
    naive = datetime(2026, 11, 22)  # noqa: DTZ001

    with pytest.raises(ValueError, match="aware"):
        report(CLEAN, observed_at=naive)
    with pytest.raises(ValueError, match="aware"):
        report(CLEAN, received_at=naive)
    with pytest.raises(ValueError, match="aware"):
        look(now=naive)
