"""Turn an address, or a laptop's verified report, into observations.

Answers: which facts does this tell, for how long may they be used, and does
one count against the session? Does not weigh them (see ``evidence.assess``),
does not check a report's signature, nonce or age, and does not decide how
strongly it is bound: the caller hands in the *binding* it has proven.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from domain.evidence import Binding, Kind, Observation
from domain.ports import Ids
from evidence.facts import Report, parse
from evidence.networks import Address, NamedNetwork, match
from evidence.tables import AddressFacts

POSTURE_LIFETIME = timedelta(minutes=3)
"""How long a report speaks in someone's favour, from its receipt. Agents report every minute."""

NETWORK_LIFETIME = timedelta(hours=12)
"""How long an address speaks for its session: as long as a session can live."""

TABLE_FRESH = timedelta(days=180)
"""Age of the tables up to which their facts have full quality."""

TABLE_LIFETIME = timedelta(days=400)
"""Age of the tables beyond which they say nothing: stale is unknown, never a pass."""

FULL_QUALITY = 1000
AGED_QUALITY = 600
"""Quality, per mille, of facts from tables between those two ages."""

SOURCE_ADDRESS = "client-address"
SOURCE_REPORT = "agent-report"
BY_OPERATOR = "operator"
"""The data version of a fact that the operator's naming of a network gave."""


class AddressTables(Protocol):
    """What is asked of ``evidence.tables.Tables``."""

    def lookup(self, address: Address) -> AddressFacts: ...


def table_quality(table_date: date, now: datetime) -> int:
    """Return the quality, per mille, of facts from tables of *table_date*; 0 is unusable."""
    age = now.date() - table_date
    if age > TABLE_LIFETIME:
        return 0
    return FULL_QUALITY if age <= TABLE_FRESH else AGED_QUALITY


def from_address(
    address: Address,
    *,
    tables: AddressTables,
    networks: Sequence[NamedNetwork],
    person: str,
    session: str,
    ids: Ids,
    now: datetime,
) -> tuple[Observation, ...]:
    """Return what the session's address tells: named network, country, network number, hosting.

    The operator's naming wins over the tables, fact by fact. What neither
    knows is not observed. The address itself is not kept. The binding is D2:
    the broker sees the address on the session's own channel. Raises ValueError
    for a naive *now*.
    """
    _require_aware(now)
    return tuple(
        Observation(
            id=ids.new("obs"),
            kind=fact.kind,
            person=person,
            session=session,
            device=None,
            source=SOURCE_ADDRESS,
            binding=Binding.D2,
            quality=fact.quality,
            value=fact.value,
            adverse=fact.kind is Kind.NETWORK_HOSTING and fact.value is True,
            observed_at=now,
            received_at=now,
            expires_at=now + NETWORK_LIFETIME,
            data_version=fact.data_version,
        )
        for fact in _known_of(match(address, networks), tables.lookup(address), now)
    )


@dataclass(frozen=True, slots=True)
class _Fact:
    kind: Kind
    value: Any
    quality: int
    data_version: str


def _known_of(named: NamedNetwork | None, facts: AddressFacts, now: datetime) -> Iterator[_Fact]:
    """Yield each fact once: the operator's if there is one, else the tables' if they are not stale."""
    said: dict[Kind, Any] = {}
    if named is not None:
        said = {
            Kind.NETWORK_NAMED: {"label": named.label, "kind": named.kind, "cidr": str(named.cidr)},
            Kind.NETWORK_COUNTRY: named.country,
            Kind.NETWORK_ASN: None if named.asn is None else {"asn": named.asn, "name": None},
            Kind.NETWORK_HOSTING: named.hosting,
        }
    looked_up = {
        Kind.NETWORK_COUNTRY: facts.country,
        Kind.NETWORK_ASN: None if facts.asn is None else {"asn": facts.asn, "name": facts.as_name},
        Kind.NETWORK_HOSTING: facts.hosting,
    }
    quality = table_quality(facts.table_date, now)
    for kind in (Kind.NETWORK_NAMED, *looked_up):
        if said.get(kind) is not None:
            yield _Fact(kind, said[kind], FULL_QUALITY, BY_OPERATOR)
        elif looked_up.get(kind) is not None and quality:
            yield _Fact(kind, looked_up[kind], quality, facts.data_version)


def from_report(
    facts: Mapping[str, Any],
    *,
    person: str,
    session: str,
    device: str,
    binding: Binding,
    observed_at: datetime,
    received_at: datetime,
    ids: Ids,
) -> tuple[Observation, ...]:
    """Return what a laptop's report tells about disk, system, remote control and remote logons.

    *facts* is the member of that name of a report whose signature the caller
    has verified. An absent fact makes no observation. Raises Invalid
    (``report-malformed``) for facts that are unknown, mistyped or too many;
    then nothing of the report counts. Raises ValueError for naive times.
    """
    _require_aware(observed_at)
    _require_aware(received_at)
    report = parse(facts)
    return tuple(
        Observation(
            id=ids.new("obs"),
            kind=kind,
            person=person,
            session=session,
            device=device,
            source=SOURCE_REPORT,
            binding=binding,
            quality=FULL_QUALITY,
            value=value,
            adverse=adverse,
            observed_at=observed_at,
            received_at=received_at,
            expires_at=received_at + POSTURE_LIFETIME,
            data_version="",
        )
        for kind, value, adverse in _told_by(report)
    )


def _told_by(report: Report) -> list[tuple[Kind, Any, bool]]:
    told: list[tuple[Kind, Any, bool]] = []
    if report.disk_encrypted is not None:
        told.append((Kind.POSTURE_DISK_ENCRYPTION, report.disk_encrypted, not report.disk_encrypted))
    if report.os is not None:
        told.append((Kind.POSTURE_OS_VERSION, report.os, False))
    if report.remote_control is not None:
        told.append((Kind.POSTURE_REMOTE_CONTROL, report.remote_control, bool(report.remote_control)))
    if report.remote_logons is not None:
        told.append((Kind.POSTURE_REMOTE_LOGON, report.remote_logons, bool(report.remote_logons)))
    return told


def _require_aware(moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise ValueError("times must be aware")
