"""What makers and FIDO say about models of authenticators.

Answers: which facts does an entry of the metadata hold, and may the whole
still be relied on today? Reading, signatures and judging are ``authn``'s.
Source: FIDO Metadata Service 3.0, section 3.1; FIDO Metadata Statement 3.0,
section 4. Words (status codes, algorithms, protections) are kept as they
stand there; what a word means here is decided in ``authn.metadata.rules``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum


class Freshness(Enum):
    """How old metadata is. Fresh and grace count for new keys, stale does not."""

    FRESH = "fresh"
    GRACE = "grace"
    STALE = "stale"

    @classmethod
    def of(cls, next_update: datetime, now: datetime, grace: timedelta) -> Freshness:
        """Return how old metadata is at *now* (aware) if a newer one was due at *next_update*."""
        if now < next_update:
            return cls.FRESH
        return cls.GRACE if now < next_update + grace else cls.STALE


@dataclass(frozen=True, slots=True)
class StatusReport:
    """One status of a model.

    *effective* is the day on which it begins, None if it holds while it is
    listed. *certificate* (DER) is the one certificate that it is about.
    """

    status: str
    effective: date | None = None
    certificate: bytes | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether the status has begun; *now* is aware UTC."""
        return self.effective is None or self.effective <= now.date()


@dataclass(frozen=True, slots=True)
class Model:
    """One model of authenticator, as its entry describes it.

    *anchors* (DER) are roots, intermediates or leaves, each an end of a path
    for this model only. *restricted* is False only if the entry says so.
    *verification* holds the ways to verify the user, each a set of methods
    that are used together. *broken* says why the entry cannot be relied on,
    empty if it can; a broken model keeps what could be read, its statuses
    above all.
    """

    aaguid: str
    description: str
    statuses: tuple[StatusReport, ...] = ()
    anchors: tuple[bytes, ...] = ()
    key_protection: tuple[str, ...] = ()
    restricted: bool = True
    attachment: tuple[str, ...] = ()
    multi_device: str = ""
    attestation_types: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()
    verification: tuple[tuple[str, ...], ...] = ()
    matcher_protection: tuple[str, ...] = ()
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """All models of one import.

    *number* is the BLOB's ``no``. *next_update* is the first moment after the
    day on which a newer one was due (aware UTC). *signed*: a pinned root
    vouched for it. *id* names the import, empty if it is not stored.
    """

    id: str
    number: int
    next_update: datetime
    signed: bool
    models: Mapping[str, Model]

    def freshness(self, now: datetime, grace: timedelta) -> Freshness:
        """Return how far the metadata may be relied on at *now* (aware)."""
        return Freshness.of(self.next_update, now, grace)


def due_day(next_update: datetime) -> date:
    """Return the day that FIDO gives as ``nextUpdate``; *next_update* is the first moment after it."""
    return (next_update - timedelta(days=1)).date()


@dataclass(frozen=True, slots=True)
class Denials:
    """What the operator denies whatever metadata says.

    *models* are AAGUIDs, *certificates* and *keys* SHA-256 (lower-case hex) of
    attestation certificates and of their public keys (SPKI).
    """

    models: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
