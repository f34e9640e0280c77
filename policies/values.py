"""How are durations, versions and times of day written, and how do they read?

Pure text; ``policies.conditions`` and ``policies.rules`` say where each is
allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WORDS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_DURATION = re.compile(r"([0-9]{1,8})([smhd])", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
YEARS = range(1, 9999)
"""Years of which moments are told: a second, or a week, may be added to each."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LONGEST = 366 * 86400
"""Longest duration that a rule may write, in seconds."""


def duration(text: str) -> int | None:
    """Return the seconds of ``90s``, ``15m``, ``8h`` or ``30d``; None for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    seconds = int(match[1]) * _SECONDS[match[2]]
    return seconds if seconds <= LONGEST else None


def version(text: str) -> tuple[int, ...] | None:
    """Return the numbers of ``12`` or ``12.5.1``; None for anything else."""
    return tuple(int(part) for part in text.split(".")) if _VERSION.fullmatch(text) else None


def minutes(text: str) -> int | None:
    """Return the minutes after midnight of ``HH:MM``; None for anything else."""
    match = _TIME.fullmatch(text)
    return int(match[1]) * 60 + int(match[2]) if match else None


def moment(text: str) -> datetime | None:
    """Return the moment, UTC, of ``2026-12-01T09:00:00``; None for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def address(text: str) -> str | None:
    """Return *text* if it is an IP address; None for anything else."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def clock_words(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def duration_words(seconds: int) -> str:
    """Say a duration in its largest whole unit: ``15 minutes``, ``1 hour``."""
    for word, size in _WORDS:
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {word}" if count == 1 else f"{count} {word}s"
    return "0 seconds"


def day_words(days: Sequence[str]) -> str:
    """Say weekdays in the order of the week: ``Monday, Tuesday or Friday``."""
    return either(name for day, name in zip(WEEKDAYS, _DAY_NAMES, strict=True) if day in days)


def either(words: Iterable[object]) -> str:
    """Join words by commas and a last ``or``."""
    items = [str(word) for word in words]
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " or " + items[-1]
