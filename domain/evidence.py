"""Observed facts about a session and what they add up to.

An *observation* is raw and append-only: what was seen, by which means, how
strongly bound to the session. An *assessment* is the explained sum. Missing is
an outcome of its own, never a pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import Any


class Kind(Enum):
    """What was observed. The value is the stable name used in records and weights."""

    NETWORK_COUNTRY = "network.country"
    NETWORK_ASN = "network.asn"
    NETWORK_HOSTING = "network.hosting"
    NETWORK_NAMED = "network.named"
    POSTURE_DISK_ENCRYPTION = "posture.disk-encryption"
    POSTURE_OS_VERSION = "posture.os-version"
    POSTURE_REMOTE_CONTROL = "posture.remote-control"
    POSTURE_REMOTE_LOGON = "posture.remote-logon"
    CEREMONY_TOUCH = "ceremony.touch-latency"
    CEREMONY_COUNTER = "ceremony.counter-delta"
    CEREMONY_TRANSPORT = "ceremony.transport"
    CEREMONY_REDIRECTED = "ceremony.redirected"
    CEREMONY_FIRST_TAP = "ceremony.first-tap"
    COMPANY_DEVICE = "company.shared-device"
    COMPANY_NETWORK = "company.shared-network"
    COMPANY_ROUND = "company.round"
    PRESENCE_TOUCH = "presence.touch"
    PRESENCE_CONTENTION = "presence.contention"


class Family(Enum):
    """Observations of one family share a cap, so that one cause is not counted twice."""

    NETWORK = "network"
    POSTURE = "posture"
    CEREMONY = "ceremony"
    COMPANY = "company"
    PRESENCE = "presence"


class Binding(IntEnum):
    """How strongly a report is tied to the session it speaks for.

    D0 nothing; D1 signed by an approved device key with the session's nonce
    and seen from the same public address; D2 the device answers on the
    session's own channel; D3 D2 with an attested key.
    """

    D0 = 0
    D1 = 1
    D2 = 2
    D3 = 3


class Tier(IntEnum):
    """What the evidence allows: T0 hold, T1 guarded, T2 normal, T3 trusted."""

    T0 = 0
    T1 = 1
    T2 = 2
    T3 = 3

    @property
    def word(self) -> str:
        return ("hold", "guarded", "normal", "trusted")[self]


class Outcome(Enum):
    """How an observation of one kind came out for one session."""

    AGAINST = "against"
    FOR = "for"
    NEUTRAL = "neutral"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Observation:
    """One fact, as stored.

    *device* is what it was seen on: the laptop that reported, the key that was
    touched. *quality* is per mille (0 to 1000). *value* is JSON-compatible. *adverse*
    says whether the fact counts against the session; an adverse observation
    stays in force until a later one of the same kind, person and device with
    at least the same binding shows its end. *expires_at* bounds how long a
    fact in someone's favour may be used. Times are aware UTC.
    """

    id: str
    kind: Kind
    person: str
    session: str | None
    device: str | None
    source: str
    binding: Binding
    quality: int
    value: Any
    adverse: bool
    observed_at: datetime
    received_at: datetime
    expires_at: datetime
    data_version: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """One line of an assessment: which fact, how many centibans, and why.

    *centibans* is after quality scaling and before the family cap; positive
    counts against. *sentence* is for admins.
    """

    kind: Kind
    outcome: Outcome
    centibans: int
    sentence: str
    observation: str | None = None
    data_version: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The explained sum of the evidence of one session at one moment.

    *score* is in integer centibans, family caps applied, positive = against.
    *tier* is what the score and the missing observations allow; *capped_by*
    names what held it down. *attributes* are the typed facts that policy
    conditions may ask for; an absent key is unknown.
    """

    id: str
    session: str | None
    at: datetime
    score: int
    tier: Tier
    binding: Binding
    contributions: tuple[Contribution, ...]
    missing: tuple[Kind, ...]
    capped_by: tuple[str, ...]
    attributes: dict[str, Any] = field(hash=False)
    input_digest: str = ""
    weights_version: str = ""
    engine_version: str = ""

    @property
    def summary(self) -> str:
        """Say it in words: ``guarded, +42: 2 things count against, 1 for``."""
        against = sum(1 for c in self.contributions if c.centibans > 0)
        favour = sum(1 for c in self.contributions if c.centibans < 0)
        things = "thing counts" if against == 1 else "things count"
        return f"{self.tier.word}, {self.score:+d}: {against} {things} against, {favour} for"
