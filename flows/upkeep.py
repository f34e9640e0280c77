"""The worker forgets what has no use any more: counters, unanswered challenges, touches, finished jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from evidence.company import WINDOW
from flows.jobs import Task
from flows.parts import Event, Parts
from models.changes import forget_old_changes
from models.jobs import forget_finished
from models.keys import forget_old_challenges
from models.sessions import forget_old_counters
from models.sites import forget_old_site_sessions
from models.touches import forget_old_touches

EVERY = timedelta(minutes=10)
KEEP_COUNTERS = timedelta(days=1)
KEEP_JOBS = timedelta(days=7)
"""Longer than any kind's period: until then a finished job's key cannot be used again."""


def forget(session: Session, _parts: Parts, task: Task) -> Sequence[Event]:
    """Delete counters older than a day (every window is shorter), dead challenges, old touches and jobs."""
    forget_old_counters(session, task.now - KEEP_COUNTERS)
    forget_old_challenges(session, task.now)
    forget_old_site_sessions(session, task.now)
    forget_old_touches(session, task.now - WINDOW)
    forget_finished(session, task.now - KEEP_JOBS)
    forget_old_changes(session)
    return ()
