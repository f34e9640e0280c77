"""How much each fact weighs, and what each tier needs.

Answers: by which numbers is evidence summed? Immutable, and named by the
digest of its content, so that an assessment says exactly which were used. The
numbers are starting points written by people, not measured on fraud cases;
their signs and order matter more than their digits. ``docs/evidence.md`` lists
them for admins; a test holds the two equal.

Unit: centibans, hundredths of the decimal logarithm of a likelihood ratio, as
integers. Positive counts against.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from crypto.digests import json_digest
from domain.evidence import Binding, Family, Kind, Tier

MOST_FAVOUR_OF_NETWORK = -10
"""Geography clears nobody: a laptop farm has a perfect domestic address for free."""


@dataclass(frozen=True, slots=True)
class KindWeight:
    """Centibans of one kind: adverse fact *present*, proven *absent*, or *missing*.

    *present* >= *missing* >= 0 >= *absent*: an answer against never counts
    less than silence, and silence never counts in favour.
    """

    present: int
    absent: int
    missing: int


@dataclass(frozen=True, slots=True)
class Cap:
    """How far one family may move the score: down to *favour*, up to *against*."""

    favour: int
    against: int


@dataclass(frozen=True, slots=True)
class TierRule:
    """What a tier asks for.

    A score of at most *max_score*, and for each set in *needs* a fact of one of
    its kinds that is fresh, of this session, bound by at least *binding*, and
    not adverse.
    """

    tier: Tier
    max_score: int
    binding: Binding
    needs: tuple[frozenset[Kind], ...]


@dataclass(frozen=True)
class Weights:
    """The numbers of an assessment.

    *hold_at*: a score from here on is T0. *tiers*: the rules of T2 and T3, in
    that order; a tier needs those below it, and T1 needs nothing. *favour_binding*:
    a fact that is bound less does not speak in favour of anything. Raises
    ValueError for numbers under which withholding could pay.
    """

    kinds: Mapping[Kind, KindWeight] = field(hash=False)
    caps: Mapping[Family, Cap] = field(hash=False)
    hold_at: int
    tiers: tuple[TierRule, ...]
    favour_binding: Binding

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", MappingProxyType(dict(self.kinds)))
        object.__setattr__(self, "caps", MappingProxyType(dict(self.caps)))
        if set(self.kinds) != set(Kind) or set(self.caps) != set(Family):
            raise ValueError("every kind needs a weight and every family a cap")
        for kind, weight in self.kinds.items():
            if not weight.present >= weight.missing >= 0 >= weight.absent:
                raise ValueError(f"weights of {kind.value} must keep present >= missing >= 0 >= absent")
        for family, cap in self.caps.items():
            if not cap.favour <= 0 <= cap.against:
                raise ValueError(f"caps of {family.value} must enclose 0")
        if self.caps[Family.NETWORK].favour < MOST_FAVOUR_OF_NETWORK:
            raise ValueError(f"a network earns at most {MOST_FAVOUR_OF_NETWORK} in favour")
        if tuple(rule.tier for rule in self.tiers) != (Tier.T2, Tier.T3):
            raise ValueError("the tiers must be T2 and T3")
        if self.favour_binding < Binding.D1:
            raise ValueError("an unbound report cannot speak in favour")

    @cached_property
    def version(self) -> str:
        """The digest of the content: equal weights have equal versions."""
        content: dict[str, Any] = {
            "kinds": {k.value: [w.present, w.absent, w.missing] for k, w in self.kinds.items()},
            "caps": {f.value: [c.favour, c.against] for f, c in self.caps.items()},
            "hold_at": self.hold_at,
            "favour_binding": int(self.favour_binding),
            "tiers": [
                [
                    int(r.tier),
                    r.max_score,
                    int(r.binding),
                    sorted(sorted(k.value for k in need) for need in r.needs),
                ]
                for r in self.tiers
            ],
        }
        return json_digest(content)


def family_of(kind: Kind) -> Family:
    """Return the family of *kind*: the part of its name before the dot."""
    return Family(kind.value.partition(".")[0])


_NO_WEIGHT = KindWeight(present=0, absent=0, missing=0)
_NO_CAP = Cap(favour=0, against=0)

_UNWEIGHED = tuple(
    kind for kind in Kind if kind.value.partition(".")[0] in {"ceremony", "company", "presence"}
)

_NEEDED = (
    frozenset({Kind.NETWORK_ASN, Kind.NETWORK_NAMED}),
    frozenset({Kind.POSTURE_OS_VERSION}),
    frozenset({Kind.POSTURE_REMOTE_CONTROL}),
    frozenset({Kind.POSTURE_REMOTE_LOGON}),
)

DEFAULT_WEIGHTS = Weights(
    kinds={
        Kind.NETWORK_COUNTRY: _NO_WEIGHT,
        Kind.NETWORK_ASN: _NO_WEIGHT,
        Kind.NETWORK_NAMED: _NO_WEIGHT,
        Kind.NETWORK_HOSTING: KindWeight(present=25, absent=-3, missing=0),
        # A disk that the agent cannot see counts like one that is open: not telling must not pay.
        Kind.POSTURE_DISK_ENCRYPTION: KindWeight(present=30, absent=-10, missing=30),
        Kind.POSTURE_OS_VERSION: _NO_WEIGHT,
        Kind.POSTURE_REMOTE_CONTROL: KindWeight(present=110, absent=-15, missing=10),
        Kind.POSTURE_REMOTE_LOGON: KindWeight(present=110, absent=-10, missing=10),
        # Kept and shown, not weighed yet: their numbers wait for a population to measure them on.
        **dict.fromkeys(_UNWEIGHED, _NO_WEIGHT),
    },
    caps={
        Family.NETWORK: Cap(favour=MOST_FAVOUR_OF_NETWORK, against=60),
        Family.POSTURE: Cap(favour=-200, against=200),
        Family.CEREMONY: _NO_CAP,
        Family.COMPANY: _NO_CAP,
        Family.PRESENCE: _NO_CAP,
    },
    hold_at=180,
    tiers=(
        TierRule(Tier.T2, max_score=59, binding=Binding.D1, needs=_NEEDED),
        TierRule(
            Tier.T3,
            max_score=0,
            binding=Binding.D2,
            needs=(
                *_NEEDED,
                frozenset({Kind.POSTURE_DISK_ENCRYPTION}),
                frozenset({Kind.NETWORK_HOSTING}),
            ),
        ),
    ),
    favour_binding=Binding.D1,
)
"""The numbers that ship with Doorward."""
