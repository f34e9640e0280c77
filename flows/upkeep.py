"""The launcher forgets what has no use any more: old counters and unanswered challenges."""

from __future__ import annotations

from datetime import timedelta

from flows.parts import Parts
from models.keys import forget_old_challenges
from models.sessions import forget_old_counters

KEEP_COUNTERS = timedelta(days=1)


def forget(parts: Parts) -> None:
    """Delete counters older than a day (every window is shorter) and challenges that ran out."""
    now = parts.clock.now()
    with parts.db.write() as session:
        forget_old_counters(session, now - KEEP_COUNTERS)
        forget_old_challenges(session, now)
        parts.commit(session)
