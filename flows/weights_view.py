"""What evidence counts for: the weights in force, in words, for the page that admins read."""

from __future__ import annotations

from dataclasses import dataclass

from domain.evidence import Family, Kind, Tier
from evidence.weights import Cap, KindWeight, TierRule, family_of
from flows.parts import Parts

TOPICS = {
    Kind.NETWORK_COUNTRY: "the country of the address",
    Kind.NETWORK_ASN: "the network of the address",
    Kind.NETWORK_HOSTING: "a hosting or VPN operator's address",
    Kind.NETWORK_NAMED: "a network that an admin named",
    Kind.POSTURE_DISK_ENCRYPTION: "a disk that is not encrypted",
    Kind.POSTURE_OS_VERSION: "the system and its version",
    Kind.POSTURE_REMOTE_CONTROL: "remote-control software running",
    Kind.POSTURE_REMOTE_LOGON: "somebody logged on from elsewhere",
    Kind.CEREMONY_TOUCH: "how long a touch took",
    Kind.CEREMONY_COUNTER: "a key's counter that rose by more than one",
    Kind.CEREMONY_TRANSPORT: "a key that is connected otherwise than before",
    Kind.CEREMONY_REDIRECTED: "a key that was used from a phone or another computer",
    Kind.CEREMONY_FIRST_TAP: "where and how soon after its delivery a key was first touched",
    Kind.COMPANY_DEVICE: "keys of several people in one browser",
    Kind.COMPANY_NETWORK: "keys of several people on one network",
    Kind.COMPANY_ROUND: "keys of several people touched one after the other",
    Kind.PRESENCE_TOUCH: "an unannounced touch that was missed",
    Kind.PRESENCE_CONTENTION: "a touch asked of several people at once that was missed",
}


@dataclass(frozen=True, slots=True)
class KindLine:
    kind: Kind
    topic: str
    family: Family
    weight: KindWeight


@dataclass(frozen=True, slots=True)
class TierLine:
    """What a tier asks for; each of *needs* is a list of which one is enough."""

    tier: Tier
    rule: TierRule | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeightsPage:
    kinds: tuple[KindLine, ...]
    caps: tuple[tuple[Family, Cap], ...]
    tiers: tuple[TierLine, ...]
    hold_at: int
    version: str


def weights_page(parts: Parts) -> WeightsPage:
    weights = parts.weights
    kinds = tuple(
        KindLine(kind, TOPICS[kind], family_of(kind), weight) for kind, weight in weights.kinds.items()
    )
    ruled = {rule.tier: rule for rule in weights.tiers}
    tiers = tuple(TierLine(tier, ruled.get(tier), _needs(ruled.get(tier))) for tier in Tier)
    return WeightsPage(kinds, tuple(weights.caps.items()), tiers, weights.hold_at, weights.version)


def _needs(rule: TierRule | None) -> tuple[str, ...]:
    if rule is None:
        return ()
    return tuple(" or ".join(sorted(kind.value for kind in need)) for need in rule.needs)
