"""A worker that is killed: each job leaves a mark, and adds the next of its chain.

Usage: python -m tests.stories.job_worker SETTINGS_JSON LENGTH
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import build_parts
from flows.jobs import Kinds, Task, Work, schedule
from flows.parts import Event, EventKind, Parts
from models.sessions import count_try
from settings import Settings
from worker import work

FAR = timedelta(days=3650)


def prepare(_parts: Parts, payload: Mapping[str, Any]) -> int:
    """Take a while outside the transaction, so that some die here."""
    time.sleep(0.005)
    return int(payload["step"])


def kinds(length: int) -> Kinds:
    def step(session: Session, parts: Parts, task: Task) -> Sequence[Event]:
        chain, number = task.payload["chain"], task.prepared
        count_try(session, f"mark:{chain}:{number}", task.now, FAR)
        time.sleep(0.005)
        if number + 1 < length:
            schedule(
                session, parts, "step", key=f"{chain}:{number + 1}",
                payload={"chain": chain, "step": number + 1}, due_at=task.now, now=task.now,
            )  # fmt: skip
        return (Event(EventKind.DOCUMENT_LOADED, "-", "-", {"mark": f"{chain}:{number}"}),)

    return {"step": Work(step, prepare=prepare, lease=timedelta(seconds=1))}


def main(settings: str, length: str) -> None:
    parts = build_parts(Settings(**json.loads(settings)))
    print("ready", flush=True)
    work(parts, kinds(int(length)), threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
