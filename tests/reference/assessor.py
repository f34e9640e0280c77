"""A second, obvious assessor, written from ``docs/evidence.md`` alone.

It imports nothing of the evidence room; the weights are handed in as data. It
answers score and tier only, and is slow on purpose.
"""

from domain.evidence import Tier


def in_force(bad, observations):
    """Is the adverse observation *bad* not yet shown to have ended?"""
    for o in observations:
        if (
            o.kind == bad.kind
            and o.device == bad.device
            and not o.adverse
            and o.received_at > bad.received_at
            and o.observed_at >= bad.observed_at
            and int(o.binding) >= int(bad.binding)
        ):
            return False
    return True


def judge(observations, *, session, weights, now):
    """Return (score, tier) of *session* at *now*."""
    known = []
    for o in observations:
        if o.kind.value.startswith("network.") and (session is None or o.session != session):
            continue  # a network belongs to its session
        if not o.adverse and o.received_at > now:
            continue  # not said yet
        known.append(o)

    sums = {family.value: 0 for family in weights.caps}
    best = {}
    for kind, weight in weights.kinds.items():
        bad = [o for o in known if o.kind == kind and o.adverse and in_force(o, known)]
        good = [
            o
            for o in known
            if o.kind == kind
            and not o.adverse
            and session is not None
            and o.session == session
            and o.expires_at > now
            and int(o.binding) >= 1
        ]
        if bad:
            points = max([weight.missing] + [weight.present * o.quality // 1000 for o in bad])
        elif good:
            points = min(-((-weight.absent) * o.quality // 1000) for o in good)
        else:
            points = weight.missing
        sums[kind.value.split(".")[0]] += points
        best[kind] = -1 if bad or not good else max(int(o.binding) for o in good)

    score = 0
    for family, cap in weights.caps.items():
        score += min(max(sums[family.value], cap.favour), cap.against)

    if score >= weights.hold_at:
        return score, Tier.T0
    reached = Tier.T1
    for rule in weights.tiers:
        needs_met = all(any(best[kind] >= int(rule.binding) for kind in need) for need in rule.needs)
        if score > rule.max_score or not needs_met:
            break
        reached = rule.tier
    return score, reached
