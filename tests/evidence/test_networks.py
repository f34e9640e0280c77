"""The operator's own word about networks."""

from ipaddress import ip_address, ip_network

import pytest

from domain.errors import Invalid
from evidence.networks import NamedNetwork, match, neighbourhood_key, same_place

OFFICE = NamedNetwork(ip_network("10.0.0.0/8"), "office", "corporate")
LAB = NamedNetwork(ip_network("10.9.0.0/16"), "lab", "corporate")
HOME = NamedNetwork(ip_network("2a02:1::/48"), "home", "residential", country="DE", asn=3320)


def test_the_longest_prefix_wins_in_any_order():
    assert match(ip_address("10.9.1.1"), [OFFICE, LAB]) == LAB
    assert match(ip_address("10.9.1.1"), [LAB, OFFICE]) == LAB
    assert match(ip_address("10.8.1.1"), [LAB, OFFICE]) == OFFICE


def test_of_two_names_for_one_network_the_same_one_wins_in_any_order():
    twin = NamedNetwork(LAB.cidr, "annex", "corporate")

    assert match(ip_address("10.9.1.1"), [LAB, twin]) == match(ip_address("10.9.1.1"), [twin, LAB]) == twin


def test_an_address_in_no_named_network_has_no_name():
    assert match(ip_address("11.0.0.1"), [OFFICE, HOME]) is None
    assert match(ip_address("2a02:2::1"), [OFFICE, HOME]) is None


def test_an_ipv4_address_in_ipv6_clothes_is_the_same_address():
    assert match(ip_address("::ffff:10.9.1.1"), [LAB]) == LAB


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"label": ""}, "network-label"),
        ({"label": "a\nb"}, "network-label"),
        ({"label": "x" * 65}, "network-label"),
        ({"kind": "cafe"}, "network-kind"),
        ({"country": "de"}, "network-country"),
        ({"country": "DEU"}, "network-country"),
        ({"asn": 0}, "network-asn"),
        ({"asn": 1 << 32}, "network-asn"),
    ],
)
def test_a_badly_described_network_is_refused(fields, code):
    with pytest.raises(Invalid) as refusal:
        NamedNetwork(**{"cidr": OFFICE.cidr, "label": "office", "kind": "corporate", **fields})

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("198.51.100.1", "198.51.100.200", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_a_place_is_an_address_a_64_or_a_companys_named_network(one: str, other: str, same: bool):
    """A rented network with a name is no place: its addresses belong to strangers."""
    named = (
        NamedNetwork(ip_network("198.51.100.0/24"), "office", "corporate"),
        NamedNetwork(ip_network("192.0.2.0/24"), "rented", "hosting"),
    )

    assert same_place(ip_address(one), ip_address(other), named) is same


@pytest.mark.parametrize(
    ("place", "around"),
    [("203.0.113.7", "203.0.113.0/24"), ("2001:db8:1:2::/64", "2001:db8:1::/56")],
)
def test_a_neighbourhood_is_the_24_or_56_around_a_place(place, around):
    assert neighbourhood_key(place) == around
