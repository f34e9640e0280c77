"""Turn the outcome of an unannounced touch into an observation.

Answers: what does an asking tell about the session it was put to? Being
answered is no proof of who touched; being missed is no verdict: a person may
have been on the stairs. Both are kept, neither weighs anything by itself, and
a later answer ends what a missed one left.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain.evidence import Binding, Kind, Observation
from domain.ports import Ids

SOURCE = "presence-check"
LIFETIME = timedelta(hours=12)
"""How long an outcome speaks for its session: as long as a session can live."""
FULL_QUALITY = 1000
_KIND = {"presence": Kind.PRESENCE_TOUCH, "contention": Kind.PRESENCE_CONTENTION}


def answered(
    kind: str, *, person: str, session: str, since_opened: timedelta, since_shown: timedelta | None, ids: Ids,
    now: datetime,
) -> Observation:  # fmt: skip
    """Return what an answer in time tells: *kind* of the round, and how long it took."""
    value = {"outcome": "answered", "latency_ms": _ms(since_opened), "shown_ms": _ms(since_shown)}
    return _observation(kind, value, adverse=False, person=person, session=session, ids=ids, now=now)


def missed(
    kind: str, *, person: str, session: str, shown: bool, late: timedelta | None, ids: Ids, now: datetime
) -> Observation:
    """Return what a missed touch tells: whether a page had shown it, and how late a touch came, if any."""
    value = {"outcome": "missed", "shown": shown, "late_ms": _ms(late)}
    return _observation(kind, value, adverse=True, person=person, session=session, ids=ids, now=now)


def _observation(
    kind: str, value: dict[str, Any], *, adverse: bool, person: str, session: str, ids: Ids, now: datetime
) -> Observation:
    return Observation(
        id=ids.new("obs"),
        kind=_KIND[kind],
        person=person,
        session=session,
        device=None,
        source=SOURCE,
        binding=Binding.D2,
        quality=FULL_QUALITY,
        value=value,
        adverse=adverse,
        observed_at=now,
        received_at=now,
        expires_at=now + LIFETIME,
        data_version="",
    )


def _ms(length: timedelta | None) -> int | None:
    return None if length is None else length // timedelta(milliseconds=1)
