"""`make run`: serve the demo company until Ctrl-C.

Answers: where do I click, and what will happen? The first start founds the
company in `.run/demo`; later starts find it as it was left. Another PORT is
another company, because addresses are part of keys, laptops and services.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from demo.broker import Broker, Ports
from demo.children import ROOT, DemoError, free_port, refuse_used_port
from demo.company import CAST, ORGANISATION

DEFAULT_PORT = 8080
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """A signal asked us to stop."""


def main() -> int:
    """Run until a signal comes or a child dies; return the exit status."""
    for number in _SIGNALS:
        signal.signal(number, _stop)
    try:
        port = _port(os.environ.get("PORT", ""))
        for used, what in ((port, "the demo"), (port + 1, "the example portal"), (port + 2, "its API")):
            refuse_used_port(used, what)
        return _serve(Broker(_folder(port), Ports(port, free_port(), port + 1, port + 2)))
    except DemoError as error:
        print(f"The demo cannot go on: {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 0


def _serve(broker: Broker) -> int:
    begun = time.monotonic()
    close = broker.children.stop
    try:
        if broker.founded.exists():
            broker.start()
        # Imported here because it takes a while: the broker is starting meanwhile.
        from demo.stage import Stage

        stage = Stage(broker)
        close = stage.close
        stage.open(_say)
        _say(_welcome(broker, stage.portal_url, time.monotonic() - begun))
        _watch(broker)
    except Stopped:
        _say("Stopping. `make run` goes on where you left.")
        return 0
    finally:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        close()


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isdigit() or not 1024 <= int(text) <= 65533:
        raise DemoError(f"PORT is `{text}`; choose a number from 1024 to 65533")
    return int(text)


def _folder(port: int) -> Path:
    return ROOT / ".run" / ("demo" if port == DEFAULT_PORT else f"demo-{port}")


def _watch(broker: Broker) -> NoReturn:
    while True:
        ended = broker.children.ended()
        if ended is not None:
            words = broker.children.last_words(ended)
            raise DemoError(f"{ended} ended by itself. Its last words:\n{words}")
        time.sleep(0.5)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _say(text: str) -> None:
    print(text, flush=True)


def _welcome(broker: Broker, portal_url: str, seconds: float) -> str:
    people = "\n".join(f"  {m.name:<14}{m.story}" for m in CAST.values())
    return f"""
{ORGANISATION} is open (after {seconds:.1f} s):

  {broker.origin}

Choose in the striped band at the top who you want to be, then "Log in as …":

{people}

Then switch From in the same band. Open Customer logs in the support portal ({portal_url}),
say "I'm done" on My access, and watch its two doors.
State: {broker.folder}. Stop with Ctrl-C. Begin anew: delete that folder.
"""


if __name__ == "__main__":
    sys.exit(main())
