"""The laws of evidence, for any observations: above all, withholding never pays."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.evidence import Binding, Family, Kind, Observation, Outcome, Tier
from evidence.assess import assess
from evidence.observe import POSTURE_LIFETIME
from evidence.weights import DEFAULT_WEIGHTS, Cap, KindWeight, family_of
from tests.evidence.scenes import MINUTE, NOON
from tests.reference.assessor import judge

VALUES = {
    Kind.NETWORK_COUNTRY: "DE",
    Kind.NETWORK_ASN: {"asn": 3320, "name": "Telekom"},
    Kind.NETWORK_HOSTING: False,
    Kind.NETWORK_NAMED: {"label": "HQ", "kind": "corporate", "cidr": "10.0.0.0/8"},
    Kind.POSTURE_DISK_ENCRYPTION: True,
    Kind.POSTURE_OS_VERSION: {"id": "debian", "version": "12.7"},
    Kind.POSTURE_REMOTE_CONTROL: [],
    Kind.POSTURE_REMOTE_LOGON: [],
    Kind.CEREMONY_TOUCH: {"purpose": "login", "ms": 3000},
    Kind.CEREMONY_COUNTER: {"delta": 1},
    Kind.CEREMONY_TRANSPORT: {"attachment": "cross-platform", "seen": [], "registered": ["usb"]},
    Kind.CEREMONY_REDIRECTED: {"by": []},
    Kind.CEREMONY_FIRST_TAP: {"country": "DE", "asn": 3320, "hours": 20},
    Kind.COMPANY_DEVICE: {"people": 0, "since_days": 0, "ids": []},
    Kind.COMPANY_NETWORK: {"people": 0, "since_days": 0, "ids": [], "named": False},
    Kind.COMPANY_ROUND: {"people": 0, "days": 0, "ids": []},
    Kind.PRESENCE_TOUCH: {"outcome": "answered", "latency_ms": 4_200, "shown_ms": 3_100},
    Kind.PRESENCE_CONTENTION: {"outcome": "answered", "latency_ms": 6_000, "shown_ms": None},
}
TELLING = [
    Kind.NETWORK_HOSTING,
    Kind.POSTURE_DISK_ENCRYPTION,
    Kind.POSTURE_REMOTE_CONTROL,
    Kind.POSTURE_REMOTE_LOGON,
    Kind.CEREMONY_TRANSPORT,
    Kind.CEREMONY_REDIRECTED,
    Kind.COMPANY_DEVICE,
    Kind.COMPANY_NETWORK,
    Kind.COMPANY_ROUND,
]
WEIGHED = replace(
    DEFAULT_WEIGHTS,
    kinds={
        kind: KindWeight(present=40, absent=-5, missing=0)
        if family_of(kind) in {Family.CEREMONY, Family.COMPANY}
        else weight
        for kind, weight in DEFAULT_WEIGHTS.kinds.items()
    },
    caps={
        **DEFAULT_WEIGHTS.caps,
        Family.CEREMONY: Cap(favour=-10, against=60),
        Family.COMPANY: Cap(favour=-10, against=100),
    },
)
"""The laws must hold for touches and company before anybody gives them a weight."""

WEIGHTS = st.sampled_from([DEFAULT_WEIGHTS, WEIGHED])
MINUTES = 4
EITHER = st.booleans()
KINDS = st.sampled_from(Kind)


def is_posture(observation):
    return observation.kind.value.startswith("posture.")


@st.composite
def observations(draw, adverse=EITHER, kinds=KINDS):
    kind = draw(kinds)
    posture, ceremony = kind.value.startswith("posture."), kind.value.startswith("ceremony.")
    things = ["dev_1", "dev_1", "dev_2"] if posture else ["key_1", "key_2"] if ceremony else [None]
    received = NOON + draw(st.integers(0, MINUTES)) * MINUTE
    lifetime = POSTURE_LIFETIME if posture else timedelta(minutes=draw(st.sampled_from([4, 720])))
    return Observation(
        id=f"obs_{draw(st.integers(0, 10**6))}",
        kind=kind,
        person="p1",
        session=draw(st.sampled_from(["s1", "s1", "s2"])),
        device=draw(st.sampled_from(things)),
        source="any",
        binding=draw(st.sampled_from(Binding)),
        quality=draw(st.sampled_from([1000, 1000, 600, 0])),
        value=VALUES.get(kind),
        adverse=kind in TELLING and draw(adverse),
        observed_at=received - draw(st.integers(0, 1)) * MINUTE,
        received_at=received,
        expires_at=received + lifetime,
        data_version="",
    )


@st.composite
def histories(draw):
    """Return single observations and whole clean reports, so that high tiers are reached often."""
    history = draw(st.lists(observations(), max_size=draw(st.sampled_from([0, 3, 12]))))
    for _ in range(draw(st.sampled_from([0, 1, 2, 3]))):
        posture = draw(observations(st.just(False), st.just(Kind.POSTURE_OS_VERSION)))
        network = draw(observations(st.just(False), st.just(Kind.NETWORK_ASN)))
        if draw(st.booleans()):
            bound = {"session": "s1", "quality": 1000}
            posture = replace(posture, **bound, binding=draw(st.sampled_from([Binding.D1, Binding.D2])))
            network = replace(network, **bound, binding=Binding.D2, received_at=NOON)
        history += [
            replace(posture if kind.value.startswith("posture.") else network, kind=kind) for kind in Kind
        ]
    return [replace(o, value=_matching(o)) for o in history]


def _matching(observation):
    """Return the value that says what *adverse* says."""
    if not observation.adverse:
        return VALUES.get(observation.kind)
    return {
        Kind.NETWORK_HOSTING: True,
        Kind.POSTURE_DISK_ENCRYPTION: False,
        Kind.POSTURE_REMOTE_CONTROL: [{"name": "x", "process": "x", "pid": 1, "evidence": "process"}],
        Kind.POSTURE_REMOTE_LOGON: [{"user": "u", "from": "x", "since": 0}],
        Kind.CEREMONY_TRANSPORT: {"attachment": "platform", "seen": ["cross-platform"], "registered": []},
        Kind.CEREMONY_REDIRECTED: {"by": ["platform"]},
        Kind.COMPANY_DEVICE: {"people": 1, "since_days": 2, "ids": ["p2"]},
        Kind.COMPANY_NETWORK: {"people": 2, "since_days": 1, "ids": ["p2", "p3"], "named": False},
        Kind.COMPANY_ROUND: {"people": 3, "days": 2, "ids": ["p2", "p3"]},
    }.get(observation.kind)


moments = st.integers(0, MINUTES + 2).map(lambda minutes: NOON + minutes * MINUTE)
ADVERSE = observations(st.just(True), st.sampled_from(TELLING)).map(lambda o: replace(o, value=_matching(o)))


def judged(history, *, session="s1", now, weights=DEFAULT_WEIGHTS):
    return assess(history, session=session, weights=weights, now=now, assessment_id="asm_1")


@given(histories(), moments, st.randoms())
def test_order_and_duplicates_do_not_matter(history, now, random):
    shuffled = history + [o for o in history if random.random() < 0.3]
    random.shuffle(shuffled)

    assert judged(shuffled, now=now) == judged(history, now=now)
    assert judged(shuffled, now=now).attributes == judged(history, now=now).attributes


@given(histories(), moments, ADVERSE, WEIGHTS)
def test_adding_evidence_against_never_raises_a_tier_nor_lowers_the_score(history, now, bad, weights):
    before, after = (
        judged(history, now=now, weights=weights),
        judged([*history, bad], now=now, weights=weights),
    )

    assert after.tier <= before.tier
    assert after.score >= before.score


@given(histories(), moments, st.data(), WEIGHTS)
def test_removing_evidence_in_favour_never_raises_a_tier(history, now, data, weights):
    kept = [o for o in history if o.adverse or data.draw(st.booleans())]

    before, after = judged(history, now=now, weights=weights), judged(kept, now=now, weights=weights)

    assert after.tier <= before.tier
    assert after.score >= before.score


@given(histories(), moments, st.integers(0, 60), WEIGHTS)
def test_time_alone_never_raises_a_tier(history, now, minutes, weights):
    known = [o for o in history if o.received_at <= now]

    before, after = (
        judged(known, now=now, weights=weights),
        judged(known, now=now + minutes * MINUTE, weights=weights),
    )

    assert after.tier <= before.tier
    assert after.score >= before.score


@given(histories(), moments, st.integers(0, 60))
def test_killing_the_agent_never_raises_a_tier_and_soon_guards_the_session(history, killed_at, minutes):
    kept = [o for o in history if o.received_at <= killed_at]
    at_the_kill = judged(kept, now=killed_at)
    network_goes_on = [o for o in history if o.received_at <= killed_at or not is_posture(o)]
    later = killed_at + POSTURE_LIFETIME + minutes * MINUTE

    silent = judged(kept, now=later)

    assert silent.tier <= min(Tier.T1, at_the_kill.tier)
    assert judged(network_goes_on, now=later).tier <= Tier.T1
    assert not {"disk_encrypted", "remote_control", "remote_logon"} & {
        name for name, value in silent.attributes.items() if value is (name == "disk_encrypted")
    }


@given(histories(), moments)
def test_naming_no_session_never_pays(history, now):
    without, named = judged(history, session=None, now=now), judged(history, now=now)

    assert without.tier <= Tier.T1
    assert without.attributes == {}
    assert not [c for c in without.contributions if c.outcome in (Outcome.FOR, Outcome.NEUTRAL)]
    if all(is_posture(o) for o in history if o.adverse):
        assert without.tier <= named.tier


@given(histories(), moments)
def test_where_nothing_is_adverse_other_sessions_do_not_matter(history, now):
    clean = [o for o in history if not o.adverse]
    own = [o for o in clean if o.session == "s1"]

    together, alone = judged(clean, now=now), judged(own, now=now)

    assert (together.score, together.tier, together.attributes) == (alone.score, alone.tier, alone.attributes)
    assert together.contributions == alone.contributions


@given(histories(), moments)
def test_a_network_earns_at_most_ten_in_favour(history, now):
    network = [c for c in judged(history, now=now).contributions if family_of(c.kind).value == "network"]
    assert sum(c.centibans for c in network) >= -10


@given(histories(), moments)
def test_a_hold_needs_both_remote_signals(history, now):
    assessment = judged(history, now=now)
    against = {c.kind for c in assessment.contributions if c.outcome is Outcome.AGAINST}

    if assessment.tier is Tier.T0:
        assert {Kind.POSTURE_REMOTE_CONTROL, Kind.POSTURE_REMOTE_LOGON} <= against


@settings(max_examples=300)
@given(histories(), moments, st.sampled_from(["s1", "s2", None]), WEIGHTS)
def test_the_assessor_agrees_with_the_reference(history, now, session, weights):
    assessment = judged(history, session=session, now=now, weights=weights)

    assert (assessment.score, assessment.tier) == judge(history, session=session, weights=weights, now=now)
