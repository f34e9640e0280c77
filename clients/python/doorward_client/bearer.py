"""Read the person's access token from a request, and whom it speaks of. Verifies neither.

That is safe for a check and for nothing else: the broker verifies the token,
and denies if its person is not the subject that is asked about. So `sub` may be
believed after a permit, and not before. Source: RFC 6750, section 2.1; RFC 9068.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .decision import Decision

_BEARER = re.compile(r"Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)", re.IGNORECASE)
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that came with a request, and the person whom it claims to be of."""

    token: str = field(repr=False)
    subject: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who was let in, and why: *subject* is the id of the person, verified by the broker."""

    subject: str
    decision: Decision


def presented(authorization: Sequence[str]) -> Presented | None:
    """Return what the `Authorization` fields of a request present; None if that is not one readable token."""
    found = _BEARER.fullmatch(authorization[0]) if len(authorization) == 1 else None
    if found is None or len(found[1]) > _LONGEST:
        return None
    payload = found[1].split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return Presented(found[1], subject) if isinstance(subject, str) and subject else None
