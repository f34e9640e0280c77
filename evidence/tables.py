"""Address to country, network number and kind of operator, offline.

Answers: what do the shipped tables say about this address, and how old are
they? Does not weigh it and does not know the operator's own networks: see
``evidence.observe`` and ``evidence.networks``. Where the tables come from, and
whom to thank, stands in ``evidence/data/SOURCES.md``; their format in
``evidence/data/build_tables.py``.

They are sorted arrays searched by bisection rather than a MaxMind file: a
third of the size, and a lookup takes about ten microseconds.
"""

from __future__ import annotations

import json
import lzma
import sys
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cache
from ipaddress import IPv6Address, ip_network
from pathlib import Path
from typing import Any, cast

from crypto.digests import sha256_hex
from evidence.networks import Address, unmapped

_FORMAT = 1
_PACKAGED = Path(__file__).parent / "data"
_V6_UNIT_BITS = 64

# Addresses that lead to a relay, whatever a table says about the relay: 6to4 and NAT64.
_RELAYED = (ip_network("2002::/16"), ip_network("64:ff9b::/96"))


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """What the tables say about one address. None is unknown, never a pass.

    *country*: ISO 3166-1 alpha-2. *hosting*: the network is run by a hosting,
    VPN or Tor operator; known only when *asn* is. *data_version* names the
    exact tables, *table_date* the day of the oldest data among them.
    """

    country: str | None
    asn: int | None
    as_name: str | None
    hosting: bool | None
    data_version: str
    table_date: date


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table for the page and the documentation. *entries* counts its lines."""

    name: str
    date: date
    licence: str
    source: str
    entries: int


@dataclass(frozen=True, slots=True)
class _Table:
    """One file, unpacked: its header, its columns by name, and the bytes after them."""

    header: dict[str, Any]
    columns: dict[str, array[int]]
    blob: bytes

    def value(self, unit: int) -> int:
        """Return the value of the range that holds *unit*; 0 is unknown."""
        place = bisect_right(self.columns["starts"], unit)
        return self.columns["values"][place - 1] if place else 0

    @property
    def date(self) -> date:
        return date.fromisoformat(self.header["date"])


_COUNTRY_SOURCE = (
    "CC0 1.0 / CC BY 4.0",
    "ip-location-db geo-whois-asn-country, from data of the NRO",
)
_ASN_SOURCE = ("CC BY 4.0", "ip-location-db asn, from RouteViews, DB-IP.com and the NRO")
_SOURCES = {
    "country-ipv4": _COUNTRY_SOURCE,
    "country-ipv6": _COUNTRY_SOURCE,
    "asn-ipv4": _ASN_SOURCE,
    "asn-ipv6": _ASN_SOURCE,
    "as-names": _ASN_SOURCE,
}
_HOSTING_SOURCE = "X4BNet/lists_vpn and brianhama/bad-asn-list"


class Tables:
    """The tables, in memory (about 25 MB). Make one where the application is wired.

    Loading takes about a quarter of a second. Read-only afterwards, so threads
    may share it.
    """

    def __init__(self, directory: Path) -> None:
        """Read the tables in *directory*. Raises OSError or ValueError if one is absent or not readable."""
        packed = {name: (directory / f"{name}.xz").read_bytes() for name in _SOURCES}
        hosting = (directory / "hosting-asn.json").read_bytes()
        self._tables = {name: _unpack(name, content) for name, content in packed.items()}
        self._names = self._tables["as-names"].blob.decode().split("\n")
        self._hosting_header = json.loads(hosting)
        self._hosting = frozenset(self._hosting_header["asn"])
        self._date = min(table.date for table in self._tables.values())
        digest = sha256_hex(b"".join([*packed.values(), hosting]))
        self._version = f"{self._date.isoformat()}+{digest[:12]}"

    @classmethod
    @cache
    def packaged(cls) -> Tables:
        """Return the tables that ship with Doorward: one instance for the whole process."""
        return cls(_PACKAGED)

    def lookup(self, address: Address) -> AddressFacts:
        """Return what is known about *address*; private and special addresses are unknown."""
        address = unmapped(address)
        country, asn = self._country_and_asn(address)
        return AddressFacts(
            country=country,
            asn=asn,
            as_name=self._name(asn) if asn else None,
            hosting=asn in self._hosting if asn else None,
            data_version=self._version,
            table_date=self._date,
        )

    def versions(self) -> tuple[TableInfo, ...]:
        """Return name, date, licence, source and size of every table."""
        infos = [
            TableInfo(name, table.date, *_SOURCES[name], entries=len(next(iter(table.columns.values()))))
            for name, table in self._tables.items()
        ]
        made = date.fromisoformat(self._hosting_header["date"])
        infos.append(TableInfo("hosting-asn", made, "MIT", _HOSTING_SOURCE, entries=len(self._hosting)))
        return tuple(infos)

    def _country_and_asn(self, address: Address) -> tuple[str | None, int | None]:
        relayed = any(address in network for network in _RELAYED)
        if not address.is_global or address.is_multicast or relayed:
            return None, None
        unit = int(address) >> _V6_UNIT_BITS if isinstance(address, IPv6Address) else int(address)
        countries = self._tables[f"country-ipv{address.version}"]
        country = cast(str, countries.header["words"][countries.value(unit)])
        return country or None, self._tables[f"asn-ipv{address.version}"].value(unit) or None

    def _name(self, asn: int) -> str | None:
        numbers = self._tables["as-names"].columns["numbers"]
        place = bisect_right(numbers, asn) - 1
        return self._names[place] or None if place >= 0 and numbers[place] == asn else None


def _unpack(name: str, content: bytes) -> _Table:
    """Return the table in *content*. Raises ValueError unless it is *name* in a format we know."""
    try:
        raw = lzma.decompress(content)
    except lzma.LZMAError as error:
        raise ValueError(f"table `{name}` cannot be unpacked") from error
    line, _, rest = raw.partition(b"\n")
    header = json.loads(line)
    if header.get("format") != _FORMAT or header.get("table") != name:
        raise ValueError(f"`{name}` is not a table of this format")
    columns: dict[str, array[int]] = {}
    for column_name, code, length in header["columns"]:
        column: array[int] = array(code)
        size = column.itemsize * length
        column.frombytes(rest[:size])
        if len(column) != length:
            raise ValueError(f"table `{name}` ends too early")
        if sys.byteorder == "big":
            column.byteswap()
        columns[column_name] = column
        rest = rest[size:]
    return _Table(header, columns, rest)
