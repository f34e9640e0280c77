"""Sum the evidence of one session: score, tier, and every reason for them.

Answers: how much does what we know speak against this session, and which tier
does that leave? Pure: the same observations, weights and time give the same
assessment, byte for byte. Does not decide what the session may do (see
``policies``), and does not say where observations come from (``evidence.observe``).

The arithmetic is monotone by construction. Of one kind, in favour <= missing <=
adverse; families are sums, clipped; a tier is a threshold plus a list of
needs that only a fact in favour, or a neutral one, can meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crypto.canonical import canonical_json
from crypto.digests import json_digest
from domain.evidence import Assessment, Binding, Contribution, Family, Kind, Observation, Outcome, Tier
from evidence.facts import version_numbers
from evidence.sentences import explain
from evidence.standing import Standing, standing
from evidence.weights import TierRule, Weights, family_of

ENGINE_VERSION = "1"
"""Counts changes to the rules of this module, as the weights' digest names the numbers."""

_NO_GAP = frozenset(
    {
        Kind.NETWORK_NAMED,
        *(k for k in Kind if family_of(k) in {Family.CEREMONY, Family.COMPANY, Family.PRESENCE}),
    }
)
"""Nothing to observe is their usual case, not a gap: an address without a name, a key used alone."""


def assess(
    observations: Iterable[Observation],
    *,
    session: str | None,
    weights: Weights,
    now: datetime,
    assessment_id: str,
) -> Assessment:
    """Return the explained sum of *observations* for *session* at *now* (aware UTC).

    Give it the observations of one person: all of this session, and the
    adverse ones of every session together with what may have ended them. Order
    and duplicates do not matter. Without a *session* nothing speaks in favour,
    the tier is T1 at most, and no attribute is known; what is in force against
    the person's laptops still counts. Raises ValueError for a naive *now* or
    for observations of more than one person.
    """
    if now.utcoffset() is None:
        raise ValueError("now must be aware")
    case = _Case.of(observations, session=session, weights=weights, now=now)
    lines = (_contribution(kind, case) for kind in Kind)
    contributions = tuple(c for c in lines if c.outcome is not Outcome.MISSING or c.kind not in _NO_GAP)
    score = _score(contributions, weights)
    tier, capped_by = _tier(score, case)
    binding = _binding(case)
    return Assessment(
        id=assessment_id,
        session=session,
        at=now,
        score=score,
        tier=tier,
        binding=binding if binding is not None else Binding.D0,
        contributions=contributions,
        missing=tuple(c.kind for c in contributions if c.outcome is Outcome.MISSING),
        capped_by=capped_by,
        attributes=_attributes(case, tier, binding),
        input_digest=_digest(case),
        weights_version=weights.version,
        engine_version=ENGINE_VERSION,
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """The question: distinct observations in one order, and what stands of each kind."""

    observations: tuple[Observation, ...]
    standings: Mapping[Kind, Standing]
    session: str | None
    weights: Weights
    now: datetime

    @classmethod
    def of(
        cls, observations: Iterable[Observation], *, session: str | None, weights: Weights, now: datetime
    ) -> _Case:
        inputs = {canonical_json(as_json(o)): o for o in observations}
        distinct = tuple(inputs[key] for key in sorted(inputs))
        if len({o.person for o in distinct}) > 1:
            raise ValueError("an assessment is about one person")
        standings = {kind: standing(distinct, kind, session=session, now=now) for kind in Kind}
        return cls(distinct, standings, session, weights, now)

    def newest(self, kind: Kind) -> Observation | None:
        """Return the newest usable observation of *kind* that is bound well enough to be believed."""
        heard = self.heard(kind)
        return max(heard, key=lambda o: (o.received_at, o.binding, o.id), default=None)

    def heard(self, kind: Kind) -> list[Observation]:
        """Return the usable observations of *kind* that are bound well enough to be believed."""
        return [o for o in self.standings[kind].usable if o.binding >= self.weights.favour_binding]

    def last_received(self, family: Family) -> datetime | None:
        """Return when this session's last observation of *family* came in, whatever it said."""
        return _last_received(self.observations, family, self.session, self.now)


def next_change(observations: Iterable[Observation], now: datetime) -> datetime:
    """Return the first moment after *now* at which the same observations may add up to something else."""
    moments = (moment for o in observations for moment in (o.received_at, o.expires_at))
    return min((moment for moment in moments if moment > now), default=datetime.max.replace(tzinfo=UTC))


def reported_at(observations: Iterable[Observation], session: str | None, now: datetime) -> datetime | None:
    """Return when the laptop last reported for *session*: `posture_age` is the time since."""
    return _last_received(observations, Family.POSTURE, session, now) if session is not None else None


def _last_received(
    observations: Iterable[Observation], family: Family, session: str | None, now: datetime
) -> datetime | None:
    times = (
        o.received_at
        for o in observations
        if o.session == session and family_of(o.kind) is family and o.received_at <= now
    )
    return max(times, default=None)


def as_json(observation: Observation) -> dict[str, Any]:
    """Return *observation* as JSON: the form that is digested, exported and replayed."""
    return {
        "id": observation.id,
        "kind": observation.kind.value,
        "person": observation.person,
        "session": observation.session,
        "device": observation.device,
        "source": observation.source,
        "binding": int(observation.binding),
        "quality": observation.quality,
        "value": observation.value,
        "adverse": observation.adverse,
        "observed_at": _moment(observation.observed_at),
        "received_at": _moment(observation.received_at),
        "expires_at": _moment(observation.expires_at),
        "data_version": observation.data_version,
    }


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _digest(case: _Case) -> str:
    return json_digest(
        {
            "session": case.session,
            "at": _moment(case.now),
            "weights": case.weights.version,
            "engine": ENGINE_VERSION,
            "observations": [as_json(o) for o in case.observations],
        }
    )


def _contribution(kind: Kind, case: _Case) -> Contribution:
    """Return the one line that *kind* adds: many observations of it weigh like the heaviest."""
    weight, known = case.weights.kinds[kind], case.standings[kind]
    chosen: Observation | None = None
    if known.adverse:
        chosen = max(known.adverse, key=_rank)
        outcome = Outcome.AGAINST
        # However vague, an adverse fact never counts less than silence.
        centibans = max(weight.present * chosen.quality // 1000, weight.missing)
    elif heard := case.heard(kind):
        chosen = max(heard, key=_rank)
        outcome = Outcome.FOR if weight.absent else Outcome.NEUTRAL
        centibans = -(-weight.absent * chosen.quality // 1000)
    else:
        outcome, centibans = Outcome.MISSING, weight.missing
    return Contribution(
        kind=kind,
        outcome=outcome,
        centibans=centibans,
        sentence=explain(kind, outcome, chosen, known, session=case.session, now=case.now),
        observation=chosen.id if chosen else None,
        data_version=chosen.data_version if chosen else "",
    )


def _rank(observation: Observation) -> tuple[int, datetime, int, str]:
    """Order observations of one kind: the best known first, then the newest, then whatever is stable."""
    return observation.quality, observation.received_at, observation.binding, observation.id


def _score(contributions: Iterable[Contribution], weights: Weights) -> int:
    sums = dict.fromkeys(Family, 0)
    for line in contributions:
        sums[family_of(line.kind)] += line.centibans
    return sum(max(weights.caps[f].favour, min(weights.caps[f].against, total)) for f, total in sums.items())


def _tier(score: int, case: _Case) -> tuple[Tier, tuple[str, ...]]:
    """Return the tier, and what keeps it from the next one."""
    if score >= case.weights.hold_at:
        return Tier.T0, ("score",)
    tier = Tier.T1
    for rule in case.weights.tiers:
        unmet = _unmet(rule, score, case.standings)
        if unmet:
            return tier, unmet
        tier = rule.tier
    return tier, ()


def _unmet(rule: TierRule, score: int, standings: Mapping[Kind, Standing]) -> tuple[str, ...]:
    needs = [
        " or ".join(sorted(kind.value for kind in need))
        for need in rule.needs
        if not any(standings[kind].meets(rule.binding) for kind in need)
    ]
    return (*(["score"] if score > rule.max_score else []), *sorted(needs))


def _binding(case: _Case) -> Binding | None:
    """Return how strongly this session's laptop reports are bound; None if none is fresh."""
    posture = [s for kind, s in case.standings.items() if family_of(kind) is Family.POSTURE]
    return max((b for s in posture if (b := s.best_binding()) is not None), default=None)


def _attributes(case: _Case, tier: Tier, binding: Binding | None) -> dict[str, Any]:
    """Return the typed facts for policy conditions (``domain.attributes``); unknown ones are absent."""
    if case.session is None:
        return {}
    facts: dict[str, Any] = {"tier": int(tier)}
    if binding is not None:
        facts["binding"] = int(binding)
    if (reported := case.last_received(Family.POSTURE)) is not None:
        facts["posture_age"] = int((case.now - reported).total_seconds())
    for name, kind, adverse_is in _YES_OR_NO:
        if case.standings[kind].adverse:
            facts[name] = adverse_is
        elif case.newest(kind) is not None:
            facts[name] = not adverse_is
    located = case.last_received(Family.NETWORK)
    for kind, read in _READ.items():
        newest = case.newest(kind)
        # After a change of address the facts of the old one must not mix with the new.
        outdated = newest and family_of(kind) is Family.NETWORK and newest.received_at != located
        if newest is not None and not outdated:
            facts.update(read(newest.value))
    return facts


_YES_OR_NO = (
    ("disk_encrypted", Kind.POSTURE_DISK_ENCRYPTION, False),
    ("remote_control", Kind.POSTURE_REMOTE_CONTROL, True),
    ("remote_logon", Kind.POSTURE_REMOTE_LOGON, True),
    ("hosting", Kind.NETWORK_HOSTING, True),
)

_READ: dict[Kind, Callable[[Any], dict[str, Any]]] = {
    Kind.POSTURE_OS_VERSION: lambda v: {"os": v["id"], "os_version": version_numbers(v["version"])},
    Kind.NETWORK_COUNTRY: lambda v: {"country": v},
    Kind.NETWORK_ASN: lambda v: {"asn": v["asn"]},
    Kind.NETWORK_NAMED: lambda v: {"network": v["label"]},
}
