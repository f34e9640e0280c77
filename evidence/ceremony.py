"""Turn one accepted touch of a key into observations.

Answers: how long did it take, by how much did the key's counter rise, how was
the key connected, and does the browser speak of another computer? Does not
verify the touch (see ``authn``) and does not weigh it (see
``evidence.assess``). Time and counter never speak against anybody by
themselves: slow hands and keys with one counter for every site are honest.

Shapes of the values: ``docs/evidence.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.evidence import Binding, Kind, Observation
from domain.ports import Ids

CEREMONY_LIFETIME = timedelta(hours=12)
"""How long a clean touch speaks for its session: as long as a session can live."""

SOURCE_CEREMONY = "ceremony"
SIGNED_QUALITY = 1000
HINT_QUALITY = 500
"""Quality, per mille, of what the browser says and nobody signed."""

QUANTILES = (50, 90, 99)

_ROAMING = frozenset({"usb", "nfc", "ble", "smart-card"})


@dataclass(frozen=True, slots=True)
class Ceremony:
    """The facts of one accepted touch.

    *key* is our id of it, *registered* the transports that were told at its
    registration, *seen* how it hung on browsers in the last month, *attachment*
    how it does now (None: not told), *remote* whether the answer speaks of
    another computer. The counters are as stored before and as signed now.
    """

    purpose: str
    key: str
    asked_at: datetime
    answered_at: datetime
    count_before: int
    count_now: int
    registered: tuple[str, ...]
    seen: frozenset[str]
    attachment: str | None
    remote: bool


def from_ceremony(
    ceremony: Ceremony, *, person: str, session: str | None, ids: Ids
) -> tuple[Observation, ...]:
    """Return what one touch tells. *device* of each observation is the key.

    The binding is D2: the broker sees it on the session's own channel. A
    counter that stays zero, and a browser that does not say how the key is
    connected, make no observation.
    """
    now = ceremony.answered_at
    return tuple(
        Observation(
            id=ids.new("obs"),
            kind=kind,
            person=person,
            session=session,
            device=ceremony.key,
            source=SOURCE_CEREMONY,
            binding=Binding.D2,
            quality=quality,
            value=value,
            adverse=adverse,
            observed_at=now,
            received_at=now,
            expires_at=now + CEREMONY_LIFETIME,
            data_version="",
        )
        for kind, value, adverse, quality in _told_by(ceremony)
    )


def _told_by(ceremony: Ceremony) -> Iterator[tuple[Kind, dict[str, Any], bool, int]]:
    took = max(ceremony.answered_at - ceremony.asked_at, timedelta(0))
    touch = {"purpose": ceremony.purpose, "ms": took // timedelta(milliseconds=1)}
    yield Kind.CEREMONY_TOUCH, touch, False, SIGNED_QUALITY
    if ceremony.count_before or ceremony.count_now:
        counter = {"delta": ceremony.count_now - ceremony.count_before}
        yield Kind.CEREMONY_COUNTER, counter, False, SIGNED_QUALITY
    if ceremony.attachment is not None:
        transport = {
            "attachment": ceremony.attachment,
            "seen": sorted(ceremony.seen),
            "registered": sorted(ceremony.registered),
        }
        yield Kind.CEREMONY_TRANSPORT, transport, _moved(ceremony), HINT_QUALITY
    marks = _redirected_by(ceremony)
    if marks or ceremony.attachment is not None:
        yield Kind.CEREMONY_REDIRECTED, {"by": list(marks)}, bool(marks), HINT_QUALITY


def _moved(ceremony: Ceremony) -> bool:
    """Whether the key hangs otherwise than it was seen to, or than its transports allow."""
    roams = bool(ceremony.registered) and _ROAMING.issuperset(ceremony.registered)
    return bool(ceremony.seen - {ceremony.attachment}) or (roams and ceremony.attachment == "platform")


def _redirected_by(ceremony: Ceremony) -> tuple[str, ...]:
    """Return what says that the key is not a security key in this computer."""
    marks = {
        "platform": ceremony.attachment == "platform",
        "hybrid": "hybrid" in ceremony.registered,
        "remote": ceremony.remote,
    }
    return tuple(mark for mark, seen in marks.items() if seen)


@dataclass(frozen=True, slots=True)
class TouchTimes:
    """How long touches of one purpose took: 50, 90 and 99 of 100 did not take longer, in milliseconds."""

    purpose: str
    touches: int
    ms_50: int
    ms_90: int
    ms_99: int


def touch_times(values: Iterable[Mapping[str, Any]]) -> tuple[TouchTimes, ...]:
    """Return the times in *values* of ``ceremony.touch-latency``, by purpose.

    Nearest rank: every answer is a time that was seen.
    """
    by_purpose: dict[str, list[int]] = {}
    for value in values:
        by_purpose.setdefault(value["purpose"], []).append(value["ms"])
    return tuple(
        TouchTimes(purpose, len(seen), *(sorted(seen)[-(-len(seen) * q // 100) - 1] for q in QUANTILES))
        for purpose, seen in sorted(by_purpose.items())
    )
