"""Turn the first touch of a key into an observation: where, and how long after its delivery.

Does not judge: a courier's word may be noted late, and people travel. It
counts against nobody; it is there to be looked at beside the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from domain.evidence import Binding, Kind, Observation
from domain.ports import Ids
from evidence.ceremony import CEREMONY_LIFETIME, SIGNED_QUALITY

SOURCE_CUSTODY = "custody"


def from_first_tap(
    place: Iterable[Observation],
    *,
    person: str,
    session: str,
    key: str,
    delivered_at: datetime | None,
    ids: Ids,
    now: datetime,
) -> Observation:
    """Return what the first touch of *key* tells.

    *place* is what its address told (see ``evidence.observe.from_address``).
    Whole hours are counted; a delivery that nobody noted yet gives none.
    """
    seen: dict[Kind, Any] = {observation.kind: observation.value for observation in place}
    network = seen.get(Kind.NETWORK_ASN)
    hours = None if delivered_at is None else max(now - delivered_at, timedelta(0)) // timedelta(hours=1)
    value = {
        "country": seen.get(Kind.NETWORK_COUNTRY),
        "asn": network["asn"] if network else None,
        "hours": hours,
    }
    return Observation(
        id=ids.new("obs"),
        kind=Kind.CEREMONY_FIRST_TAP,
        person=person,
        session=session,
        device=key,
        source=SOURCE_CUSTODY,
        binding=Binding.D2,
        quality=SIGNED_QUALITY,
        value=value,
        adverse=False,
        observed_at=now,
        received_at=now,
        expires_at=now + CEREMONY_LIFETIME,
        data_version="",
    )
