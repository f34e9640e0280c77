"""The operator's own word about networks: offices, corporate VPNs, known homes.

Answers: which named network is this address in? It wins over the shipped
tables (see ``evidence.observe``): a corporate VPN inside a cloud operator's
network is not "hosting" once the operator has named it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, get_args

from domain.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
NetworkKind = Literal["residential", "corporate", "hosting", "vpn", "other"]

LABEL_LENGTH = 64
"""Longest label of a named network, in characters."""


@dataclass(frozen=True, slots=True)
class NamedNetwork:
    """One network with the name that the operator gave it.

    *kind* residential and corporate say that it is not hosting, hosting and
    vpn that it is; other leaves that to the tables. *country* (two capitals)
    and *asn*, if given, replace what the tables say.
    """

    cidr: Network
    label: str
    kind: NetworkKind
    country: str | None = None
    asn: int | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.label) <= LABEL_LENGTH or not self.label.isprintable():
            raise Invalid(
                f"a network's label has 1 to {LABEL_LENGTH} printable characters", code="network-label"
            )
        if self.kind not in get_args(NetworkKind):
            raise Invalid(f"`{self.kind}` is not a kind of network", code="network-kind")
        country = self.country
        if country is not None and not (len(country) == 2 and country.isascii() and country.isupper()):
            raise Invalid(f"`{country}` is not a country, write two capitals", code="network-country")
        if self.asn is not None and not 0 < self.asn < 1 << 32:
            raise Invalid(f"`{self.asn}` is not a network number", code="network-asn")

    @property
    def hosting(self) -> bool | None:
        """Whether the operator says this is hosting; None leaves it to the tables."""
        if self.kind == "other":
            return None
        return self.kind in ("hosting", "vpn")


def unmapped(address: Address) -> Address:
    """Return the IPv4 address inside an IPv4-mapped one (``::ffff:0:0/96``), else *address*."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address


def match(address: Address, networks: Iterable[NamedNetwork]) -> NamedNetwork | None:
    """Return the named network with the longest prefix that holds *address*.

    Of two with the same prefix the one with the smaller label wins, so that
    the order of the settings does not matter.
    """
    plain = unmapped(address)
    holding = [network for network in networks if plain in network.cidr]
    return min(holding, key=lambda network: (-network.cidr.prefixlen, network.label), default=None)


def same_place(one: Address, other: Address, networks: Iterable[NamedNetwork]) -> bool:
    """Whether two addresses are one place: equal (IPv6: the same /64), or of one named corporate network.

    A company's egress has many addresses; anything else that moves is somewhere else.
    """
    here, there = unmapped(one), unmapped(other)
    if here == there or _same_64(here, there):
        return True
    named = tuple(networks)
    home = match(here, named)
    return home is not None and home.kind == "corporate" and match(there, named) == home


def _same_64(one: Address, other: Address) -> bool:
    """Whether two IPv6 addresses share their first 64 bits: one household, one office."""
    return one.version == other.version == 6 and int(one) >> 64 == int(other) >> 64


def place_key(address: str) -> str:
    """Return what limits are counted by: the IPv4 address, or the /64 of an IPv6 one."""
    plain = unmapped(ip_address(address))
    return str(ip_network((int(plain) >> 64 << 64, 64))) if isinstance(plain, IPv6Address) else str(plain)


def neighbourhood_key(place: str) -> str:
    """Return what many addresses of one hand share: the /24 or /56 around a place.

    A provider gives one home a /56; its neighbours, in the same /48, are other people.
    """
    around = ip_network(place)
    return str(around.supernet(new_prefix=24 if around.version == 4 else 56))
