"""`doorward worker`: one process that does what is due, until it is told to stop.

Wiring: the one place that knows every kind of job. Any number of workers may
run on one database. SIGTERM and SIGINT let the job in hand end and no other
begin.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import threading
import time
from types import FrameType

from domain.errors import DoorwardError
from flows import metadata_jobs, presence, upkeep
from flows.decision_import import import_decisions
from flows.jobs import Kinds, Work, ensure_recurring, run_next
from flows.parts import Parts
from flows.presence_hours import ASK
from settings import Settings, SettingsInvalid, read_settings

log = logging.getLogger("doorward.worker")

KINDS: Kinds = {
    "upkeep": Work(upkeep.forget, every=upkeep.EVERY),
    "keys.reassess": metadata_jobs.REASSESS,
    ASK: Work(presence.ask),
    presence.CLOSE: Work(presence.close),
}
"""Every kind of job that needs no setting, and how it is done."""

IDLE_SECONDS = 1.0
TROUBLE_SECONDS = 5.0
ENSURE_EVERY_SECONDS = 600.0
IMPORT_EVERY_SECONDS = 5.0
"""How long what was answered waits in this machine's segments, unless a page asks for it before."""


def main(parent: int | None = None) -> int:
    """Work by the environment's settings; return the exit status. *parent*: end when that process has."""
    try:
        settings, _warnings = read_settings()
    except SettingsInvalid as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        return 2
    return run(settings, parent)


def run(settings: Settings, parent: int | None = None) -> int:
    """Open the deployment and work until a signal comes."""
    from app import build_parts, configure_logging

    configure_logging(settings.log_level)
    try:
        parts = build_parts(settings)
    except DoorwardError as error:
        print(f"error: {error.message}", error.remedy or "", sep="\n", file=sys.stderr)
        return 1
    stopping = threading.Event()

    def stop(_signum: int, _frame: FrameType | None) -> None:
        stopping.set()

    # Not earlier: nothing was in hand before, and a signal ended it at once.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    work(parts, kinds_of(settings), stopping, parent=parent)
    parts.close()
    return 0


def kinds_of(settings: Settings) -> Kinds:
    """Return every kind of job that *settings* ask for."""
    url = settings.metadata_url
    return {**KINDS, "metadata.fetch": metadata_jobs.fetching(url) if url else metadata_jobs.NOT_FETCHING}


def work(parts: Parts, kinds: Kinds, stopping: threading.Event, *, parent: int | None = None) -> None:
    """Do what is due until *stopping* is set or *parent* is gone; sleep a little when nothing is.

    What was answered on this machine is no job: only whoever sees its files can take it over.
    """
    ensured = imported = -ENSURE_EVERY_SECONDS
    while not stopping.is_set():
        if parent is not None and os.getppid() != parent:
            log.warning("the server that started this worker is gone")
            return
        try:
            if time.monotonic() - ensured >= ENSURE_EVERY_SECONDS:
                # Again and again: a clock that jumped may have put the next period far away.
                ensure_recurring(parts, kinds)
                ensured = time.monotonic()
            if time.monotonic() - imported >= IMPORT_EVERY_SECONDS:
                imported = time.monotonic()  # before it: where it fails, jobs are done all the same
                import_decisions(parts)
            pause = 0.0 if run_next(parts, kinds) else IDLE_SECONDS
        except Exception:
            # The database is away, or the clocks differ; what is due stays due.
            log.exception("the worker cannot work")
            pause = TROUBLE_SECONDS
        # Jitter, so that many workers do not ask in step.
        stopping.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311 (no secret)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else None))
