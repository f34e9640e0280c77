"""What the pure core asks of the outside: time, identifiers, randomness.

They are parameters everywhere (never globals), so that a test can hold the
clock and a replay can repeat the past. Real ones are wired in ``app.py``.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. A flow reads it once and passes ``now`` on."""

    def now(self) -> datetime:
        """Return aware UTC."""


class Ids(Protocol):
    """Makes opaque identifiers with a type prefix, for example ``grt_…``."""

    def new(self, prefix: str) -> str: ...


class Randomness(Protocol):
    """Gives unpredictable bytes: challenges, codes, session cookies."""

    def bytes(self, length: int) -> bytes: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class TimeOrderedIds:
    """Identifiers that sort roughly by creation: 48 bits of milliseconds, 80 random bits.

    The layout is that of UUID version 7 (RFC 9562, section 5.7), written as 32
    hexadecimal digits after the prefix.
    """

    def new(self, prefix: str) -> str:
        milliseconds = time.time_ns() // 1_000_000
        value = (milliseconds & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return f"{prefix}_{value:032x}"


class SystemRandomness:
    """The operating system's generator."""

    def bytes(self, length: int) -> bytes:
        return secrets.token_bytes(length)
