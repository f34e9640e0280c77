"""`doorward serve`: one parent that starts the server, prints the bootstrap link, writes checkpoints.

The link and the checkpoints are made here, once, and not by server processes.
With SQLite one background worker runs beside the server, and is begun anew
when it dies. SIGTERM and SIGINT go to both, which finish what is in flight;
then a last checkpoint is written.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from settings import Settings, SettingsInvalid, read_settings

if TYPE_CHECKING:
    from flows.parts import Parts

log = logging.getLogger("doorward.launcher")
CHECKPOINT_EVERY_SECONDS = 60.0
BLOCKING_THREADS = 8
STOP_WITHIN_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 60.0

Child = subprocess.Popen[bytes]


def main() -> int:
    """Serve by the environment's settings; return the exit status."""
    try:
        settings, _warnings = read_settings()
    except SettingsInvalid as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        return 2
    return run(settings)


def run(settings: Settings) -> int:
    """Serve until a signal comes or the server dies; return its exit status."""
    url = make_url(settings.database_url)
    embedded = url.get_backend_name() == "sqlite"
    if embedded and not Path(str(url.database)).exists():
        print("error: there is no database\nRun: doorward db create --organisation NAME", file=sys.stderr)
        return 1
    if (taken := _taken(settings)) is not None:
        print(f"error: {taken} is in use\nChoose another by DOORWARD_LISTEN.", file=sys.stderr)
        return 1
    stopping = threading.Event()
    children: list[Child] = []

    def stop(_signum: int, _frame: FrameType | None) -> None:
        stopping.set()
        _end(children)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # The server starts before we load: both need the same second of imports, each on its own core.
    # In a group of its own: a signal to ours must not reach its worker before its master.
    server = subprocess.Popen(_command(settings), env=dict(os.environ), process_group=0)  # noqa: S603 (ours)
    children.append(server)
    if stopping.is_set():
        _end(children)
    keeper = _accompany(settings, stopping)
    if keeper is None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        return 1
    companions = [keeper]
    if embedded:
        companions.append(threading.Thread(target=_keep_worker, args=(stopping, children), daemon=True))
        companions[-1].start()
    status = server.wait()
    stopping.set()
    _end(children)
    for companion in companions:
        companion.join(timeout=STOP_WITHIN_SECONDS)
    # All that was loaded would be looked over once more at the exit, for longer than the whole stop took.
    gc.freeze()
    return 0 if status in {0, -signal.SIGTERM, -signal.SIGINT} else status


def _accompany(settings: Settings, stopping: threading.Event) -> threading.Thread | None:
    """Print the bootstrap link, and keep checkpoints beside the server; None if it must not serve."""
    from app import build_parts, configure_logging
    from domain.errors import DoorwardError
    from flows.key_standing import reassess
    from flows.people import bootstrap_link

    configure_logging(settings.log_level)
    try:
        parts = build_parts(settings)
        link = bootstrap_link(parts)
        stopped = reassess(parts)
    except DoorwardError as error:
        print(f"error: {error.message}", error.remedy or "", sep="\n", file=sys.stderr)
        return None
    print(f"Doorward serves {settings.public_url}, listening on {settings.listen}", file=sys.stderr)
    if stopped:
        print(f"{len(stopped)} keys were suspended: their models are no longer accepted.", file=sys.stderr)
    if link is not None:
        print(f"\nNo admin exists yet. Open this within 30 minutes, once:\n\n  {link}\n", file=sys.stderr)
    if not parts.db.is_sqlite:
        print("Background work is done by `doorward worker`; run one beside this.", file=sys.stderr)
    keeper = threading.Thread(target=_keep_checkpoints, args=(parts, settings, stopping), daemon=True)
    keeper.start()
    return keeper


def _taken(settings: Settings) -> str | None:
    """Return the address to listen on if somebody listens there already.

    The server would share it in silence (SO_REUSEPORT), and requests would
    reach now one, now the other.
    """
    host, _, port = settings.listen.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), timeout=0.5):
            return settings.listen
    except OSError:
        return None


def _end(children: list[Child]) -> None:
    """Tell the children that are left to end, and see to it."""
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            threading.Thread(target=_kill_late, args=(child,), daemon=True).start()


def _kill_late(child: Child) -> None:
    """Kill a child and its group if they have not ended some seconds after the stop."""
    try:
        child.wait(timeout=STOP_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)


def _keep_worker(stopping: threading.Event, children: list[Child]) -> None:
    """Run one worker beside the server; when it dies begin it anew, later each time it dies young."""
    pause = 0.5
    while not stopping.is_set():
        begun = time.monotonic()
        command = [sys.executable, "-m", "worker", str(os.getpid())]
        worker = subprocess.Popen(command, env=dict(os.environ), process_group=0)  # noqa: S603 (ours)
        children[1:] = [worker]
        if stopping.is_set():
            _end(children)
        status = worker.wait()
        if not stopping.is_set():
            log.error("the worker ended by itself", extra={"status": status})
        old = time.monotonic() - begun > LONGEST_PAUSE_SECONDS
        pause = 1.0 if old else min(LONGEST_PAUSE_SECONDS, pause * 2)
        stopping.wait(pause)


def _command(settings: Settings) -> list[str]:
    host, _, port = settings.listen.rpartition(":")
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "app:create_app",
        "--host", host.strip("[]"), "--port", port, "--workers", str(settings.workers),
        "--blocking-threads", str(BLOCKING_THREADS), "--no-ws", "--log-level", "error",
        "--respawn-failed-workers",
    ]  # fmt: skip


def _keep_checkpoints(parts: Parts, settings: Settings, stopping: threading.Event) -> None:
    """Write a checkpoint each minute in which the chain grew, and one at the end."""
    from audit.checkpoint import last_sequence
    from domain.errors import DoorwardError
    from flows.chain import write_checkpoint

    last = last_sequence(settings.checkpoints)
    while True:
        ended = stopping.wait(CHECKPOINT_EVERY_SECONDS)
        try:
            last = write_checkpoint(parts, settings.checkpoints, after=last)
        except (DoorwardError, OSError):
            log.exception("no checkpoint could be written")
        if ended:
            return
