"""An admin looks at what addresses mean here: the named networks, and the tables behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast, get_args

from domain.errors import Invalid
from evidence.networks import NetworkKind
from evidence.observe import table_quality
from evidence.tables import TableInfo
from flows.parts import Parts
from models.evidence import Network, networks

KINDS: tuple[str, ...] = get_args(NetworkKind)


@dataclass(frozen=True, slots=True)
class Table:
    """One shipped table with its age; *quality* per mille falls as it ages, 0 is not used."""

    info: TableInfo
    days: int
    quality: int

    @property
    def attribution(self) -> bool:
        """Whether its licence asks for the name and address of its makers on the page."""
        return "CC BY" in self.info.licence


@dataclass(frozen=True, slots=True)
class NetworksPage:
    named: Sequence[Network]
    tables: tuple[Table, ...]


def networks_page(parts: Parts) -> NetworksPage:
    now = parts.clock.now()
    with parts.db.read() as session:
        named = networks(session)
    return NetworksPage(named, tuple(_table(info, now) for info in parts.tables.versions()))


def kind_named(word: str) -> NetworkKind:
    """Return the kind of network that *word* names. Raises Invalid."""
    if word not in KINDS:
        raise Invalid(f"`{word[:40]}` is not a kind of network", code="network-kind")
    return cast(NetworkKind, word)


def _table(info: TableInfo, now: datetime) -> Table:
    return Table(info, _age(info.date, now), table_quality(info.date, now))


def _age(made: date, now: datetime) -> int:
    return max(0, (now.date() - made).days)
