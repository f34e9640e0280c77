"""What a contractor may see of the evidence: what is red and how to mend it, never weights."""

from __future__ import annotations

from dataclasses import dataclass

from domain.evidence import Assessment, Tier
from evidence.sentences import red_for_contractor


@dataclass(frozen=True, slots=True)
class Known:
    """The box on My access: one word, one kind of state, and a list of (what, why, remedy)."""

    word: str
    state: str
    red: tuple[tuple[str, str, str], ...]


_WORDS = {
    Tier.T0: ("on hold", "alarm"),
    Tier.T1: ("guarded", "waiting"),
    Tier.T2: ("normal", "open"),
    Tier.T3: ("trusted", "open"),
}


def what_we_know(assessment: Assessment) -> Known:
    word, state = _WORDS[assessment.tier]
    red = tuple((r.topic, r.sentence, r.remedy) for r in red_for_contractor(assessment))
    return Known(word, state, red)
