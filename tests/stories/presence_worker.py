"""The worker as it runs, on the settings of a test.

Usage: python -m tests.stories.presence_worker SETTINGS_JSON
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import replace
from datetime import timedelta

from app import build_parts
from settings import Settings
from worker import KINDS, work


def main(settings: str) -> None:
    parts = build_parts(Settings(**json.loads(settings)))
    print("ready", flush=True)
    quick = {kind: replace(done, lease=timedelta(seconds=1)) for kind, done in KINDS.items()}
    work(parts, quick, threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
