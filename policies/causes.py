"""Which reason does a rule give that stands in the way?

From the comparisons that failed to the closed codes of ``domain.reasons``,
with details for admins. A code that tells a person how to mend something is
given only if mending it would satisfy the comparison; otherwise the general
code stands (no rule, or a rule forbids).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from domain.attributes import Type
from domain.custody import CustodyLevel
from domain.decision import Reason
from domain.properties import CRITERION
from domain.reasons import ReasonCode, Standing
from policies import kleene, values
from policies.comparisons import Operator
from policies.conditions import Atom
from policies.kleene import Fault, holds
from policies.rules import Rule

# criterion: (ok, failed, unknown); no ok code where there is nothing to tell
_CODES: dict[str, tuple[ReasonCode | None, ReasonCode, ReasonCode]] = {
    "path": (None, ReasonCode.POLICY_NO_RULE, ReasonCode.POLICY_NO_RULE),
    CRITERION: (None, ReasonCode.POLICY_NO_RULE, ReasonCode.POLICY_NO_RULE),
    "tier": (ReasonCode.TIER_OK, ReasonCode.TIER_TOO_LOW, ReasonCode.EVIDENCE_UNKNOWN),
    "binding": (ReasonCode.BINDING_OK, ReasonCode.BINDING_TOO_LOW, ReasonCode.BINDING_TOO_LOW),
    "custody": (ReasonCode.CUSTODY_OK, ReasonCode.CUSTODY_TOO_LOW, ReasonCode.CUSTODY_TOO_LOW),
    "presence": (ReasonCode.PRESENCE_OK, ReasonCode.PRESENCE_MISSED, ReasonCode.EVIDENCE_UNKNOWN),
    "touch": (ReasonCode.TOUCH_OK, ReasonCode.TOUCH_STALE, ReasonCode.TOUCH_STALE),
    "posture": (ReasonCode.POSTURE_OK, ReasonCode.POSTURE_STALE, ReasonCode.POSTURE_MISSING),
    "disk": (ReasonCode.DISK_OK, ReasonCode.DISK_UNENCRYPTED, ReasonCode.POSTURE_MISSING),
    "remote-control": (
        ReasonCode.REMOTE_CONTROL_OK,
        ReasonCode.REMOTE_CONTROL_ACTIVE,
        ReasonCode.POSTURE_MISSING,
    ),
    "remote-logon": (
        ReasonCode.REMOTE_LOGON_OK,
        ReasonCode.REMOTE_LOGON_ACTIVE,
        ReasonCode.POSTURE_MISSING,
    ),
    "os": (ReasonCode.OS_OK, ReasonCode.OS_UNACCEPTABLE, ReasonCode.POSTURE_MISSING),
    "network": (ReasonCode.NETWORK_OK, ReasonCode.NETWORK_UNACCEPTABLE, ReasonCode.EVIDENCE_UNKNOWN),
    "time": (ReasonCode.TIME_OK, ReasonCode.TIME_OUTSIDE, ReasonCode.EVIDENCE_UNKNOWN),
}
# Said to contractors: the kind of fact, never what would have been detected.
_NEEDS = {
    "tier": "what we know of this session",
    "network": "the network you come from",
    "presence": "whether you touched your key when you were asked",
}
_MENDED: dict[str, Any] = {
    "disk_encrypted": True,
    "remote_control": False,
    "remote_logon": False,
    "touch_age": 0,
    "presence_missed": 0,
    "posture_age": 0,
}
_GRADED = ("tier", "binding", "custody")
DENYING = frozenset(
    {
        ReasonCode.POLICY_NO_RULE,
        ReasonCode.POLICY_FORBIDS,
        ReasonCode.TIER_HOLD,
        *(code for _, *codes in _CODES.values() for code in codes),
    }
)
"""Every reason that the rules of a bundle can deny for."""


def reasons_for(rule: Rule, faults: Sequence[Fault], general: ReasonCode) -> tuple[Reason, ...]:
    """Return why *rule* stands in the way: final reasons first, each code once.

    *general* is the code where no particular one is true, and for a rule
    without a condition.
    """
    times = [
        fault
        for fault in faults
        if fault.known and fault.atom.attribute.criterion == "time" and _mendable(fault)
    ]
    found = [_reason(rule, fault, general) for fault in faults if fault not in times]
    if times:
        found.append(Reason.of(ReasonCode.TIME_OUTSIDE, rule=rule.id, when=_when(times)))
    return ordered(found or [Reason.of(general, rule=rule.id)])


def ordered(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """Return *reasons*, final ones first, each code once: no cure is told that would not open the door."""
    if len(reasons) == 1:
        return tuple(reasons)
    once: dict[ReasonCode, Reason] = {}
    for reason in reasons:
        once.setdefault(reason.code, reason)
    return tuple(sorted(once.values(), key=lambda reason: reason.code.standing is not Standing.FINAL))


def effort(faults: tuple[Fault, ...]) -> tuple[int, ...]:
    """Rank what a rule lacks: what cannot be mended last, then as ``kleene.effort``."""
    return (not all(map(_mendable, faults)), *kleene.effort(faults))


def ok_code(atom: Atom, wanted: bool) -> ReasonCode | None:
    """Return the code to give when *atom* came out as *wanted*; None if its sentence would be untrue."""
    mended = _MENDED.get(atom.attribute.name)
    if atom.other is not None:
        return None
    if mended is not None and holds(atom, mended) is not wanted:
        return None
    return _CODES[atom.attribute.criterion][0]


def _reason(rule: Rule, fault: Fault, general: ReasonCode) -> Reason:
    attribute = fault.atom.attribute
    _, failed, unknown = _CODES[attribute.criterion]
    details: dict[str, object] = {"rule": rule.id, "fact": attribute.name, "needed": _needed(fault)}
    if attribute.name == "custody" and fault.atom.other is None:
        details |= _custody_words(fault)
    if not fault.known:
        if not _mendable(fault):
            return Reason.of(general, **details)
        return Reason.of(unknown, **details, needs=_NEEDS.get(attribute.criterion, attribute.name))
    details["have"] = _told(fault)
    if attribute.name == "tier" and fault.atom.other is None and fault.have == 0:
        return Reason.of(ReasonCode.TIER_HOLD, **details)
    return Reason.of(failed if _mendable(fault) else general, **details)


def _mendable(fault: Fault) -> bool:
    """Return whether the remedy of the criterion's code would satisfy the comparison."""
    if fault.atom.other is not None or fault.atom.attribute.criterion == CRITERION:
        return False
    name = fault.atom.attribute.name
    if name in _MENDED:
        return holds(fault.atom, _MENDED[name]) is fault.wanted
    if name == "path":
        return False
    if name in _GRADED:
        return _next_grade(fault) is not None
    return name != "now" or not fault.known or bool(_moment(fault))


def _next_grade(fault: Fault) -> int | None:
    """Return the lowest grade above the one at hand that would do."""
    low = fault.have + 1 if fault.known else 0
    grades = [int(value) for value in fault.atom.attribute.values]
    return next((g for g in grades if g >= low and holds(fault.atom, g) is fault.wanted), None)


def _needed(fault: Fault) -> str:
    if (
        fault.atom.other is None
        and fault.atom.attribute.name in _GRADED
        and (grade := _next_grade(fault)) is not None
    ):
        return str(grade)
    return fault.atom.text if fault.wanted else f"not {fault.atom.text}"


def _custody_words(fault: Fault) -> dict[str, str]:
    """Say which key would do and which one is used, for the person who reads it."""
    grade = _next_grade(fault)
    if grade is None:  # no key would do: the general code stands, without these words
        return {}
    have = CustodyLevel(max(fault.have, 0) if fault.known else 0)
    return {"needed_words": CustodyLevel(grade).told, "have_words": have.told}


def _told(fault: Fault) -> str:
    atom, have = fault.atom, fault.have
    if atom.other is not None:
        return "the same value" if (atom.operator is Operator.EQ) is not fault.wanted else "another value"
    if atom.attribute.type is Type.BOOL:
        return "yes" if have else "no"
    if atom.attribute.type is Type.DURATION:
        return values.duration_words(have)
    if atom.attribute.type is Type.VERSION:
        return ".".join(str(part) for part in have)
    return str(have)


def _when(faults: Sequence[Fault]) -> str:
    """Say when to come back: ``on Monday or Tuesday between 09:00 and 17:30 UTC``."""
    days = [_days(fault) for fault in faults if fault.atom.attribute.name == "weekday"]
    hours = [_hours(fault) for fault in faults if fault.atom.attribute.name == "time"]
    moments = [_moment(fault) for fault in faults if fault.atom.attribute.name == "now"]
    return " ".join(days + hours + moments)


def _moment(fault: Fault) -> str:
    """Say after which moment it would do; nothing if that does not come."""
    start, end = str(fault.atom.value).split("/")
    now = fault.have.astimezone(UTC).isoformat()
    ahead = start if start != "_" and start > now else ""
    coming = ahead if fault.wanted else end
    return f"after {coming.replace('T', ' ')} UTC" if coming not in ("", "_") else ""


def _days(fault: Fault) -> str:
    open_days = [day for day in values.WEEKDAYS if holds(fault.atom, day) is fault.wanted]
    return f"on {values.day_words(open_days)}" if open_days else "on another day"


def _hours(fault: Fault) -> str:
    start, end = (values.clock_words(minute) for minute in fault.atom.value)  # type: ignore[union-attr, arg-type]
    return f"between {start} and {end} UTC" if fault.wanted else f"at {end} UTC"
