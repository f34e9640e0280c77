"""What a contractor may see of the evidence: what is red and keeps doors closed, never weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.decision import Decision
from domain.evidence import Assessment, Tier
from domain.reasons import ReasonCode, Standing
from evidence.sentences import Red, red_for_contractor


@dataclass(frozen=True, slots=True)
class Mend:
    """The box on My access: what is red, and how many *doors* it keeps closed. *hold*: nothing else opens."""

    red: tuple[Red, ...]
    doors: int
    hold: bool


_LAPTOP = {ReasonCode.POSTURE_MISSING, ReasonCode.POSTURE_STALE, ReasonCode.BINDING_TOO_LOW}
_CLOSES = {
    "network": {ReasonCode.NETWORK_UNACCEPTABLE},
    "disk": {ReasonCode.DISK_UNENCRYPTED},
    "remote-control": {ReasonCode.REMOTE_CONTROL_ACTIVE},
    "remote-logon": {ReasonCode.REMOTE_LOGON_ACTIVE},
    "posture": _LAPTOP,
    "binding": _LAPTOP,
}
_BY_TIER = {ReasonCode.TIER_TOO_LOW, ReasonCode.TIER_HOLD}


def to_mend(assessment: Assessment, closed: Iterable[Decision]) -> Mend:
    """Return what of this session's evidence keeps doors closed that mending it could open.

    *closed* are the decisions of the doors that the page shows as closed. A
    door that waits for somebody else, or for good, is left out; so is what is
    red and closes none of them.
    """
    given = [{reason.code for reason in decision.reasons} for decision in closed]
    given = [codes for codes in given if not any(_stays(code) for code in codes)]
    red = tuple(
        found
        for found in red_for_contractor(assessment)
        if any(codes & (_CLOSES[found.topic] | _BY_TIER) for codes in given)
    )
    causes = _BY_TIER.union(*(_CLOSES[found.topic] for found in red))
    return Mend(red, sum(bool(codes & causes) for codes in given) if red else 0, assessment.tier is Tier.T0)


def _stays(code: ReasonCode) -> bool:
    """Whether mending the session's evidence cannot open a door that is closed for *code*."""
    return code is ReasonCode.DEVICE_PENDING or (
        code.standing is Standing.FINAL and code is not ReasonCode.TIER_HOLD
    )
