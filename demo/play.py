"""`make demo`: the whole journey without a person, on a fresh deployment of its own.

Exits with 1 and a diff at the first step that goes otherwise than written. It
uses free ports and a folder of its own, so it runs beside `make run`.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import httpx

from demo.broker import Broker, Ports
from demo.browser import Refused
from demo.children import DemoError, free_port
from demo.company import ORGANISATION
from demo.journey import Journey
from demo.stage import Stage
from demo.telling import Different, Telling


class Stopped(Exception):
    """A signal asked us to stop."""


def main() -> int:
    """Play once; return 0 if every step went as written."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    with tempfile.TemporaryDirectory(prefix="doorward-demo-") as folder:
        stage = Stage(Broker(Path(folder) / "demo", Ports(*(free_port() for _ in range(4)))))
        try:
            return _play(stage)
        except Stopped:
            print("Stopped.")
            return 130
        finally:
            stage.close()


def _play(stage: Stage) -> int:
    tell = Telling()
    journey: Journey | None = None
    try:
        tell.step(f"{ORGANISATION} is founded on a fresh deployment at {stage.origin}.")
        stage.open(tell.say)
        journey = Journey(stage, tell)
        journey.play()
    except (Different, DemoError, LookupError, Refused, httpx.HTTPError) as error:
        print(f"\nNOT AS WRITTEN, {error}", file=sys.stderr)
        return 1
    finally:
        if journey is not None:
            journey.close()
    print(f"\n{tell.steps} steps, {tell.refusals} refusals, all as written ({tell.seconds:.0f} s).")
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
