"""`doorward serve`: one parent that starts the server, prints the bootstrap link, writes checkpoints.

The link and the checkpoints are made here, once, and not by worker processes.
SIGTERM and SIGINT go to the server, which finishes what is in flight; then a
last checkpoint is written.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
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
    embedded = make_url(settings.database_url)
    if embedded.get_backend_name() == "sqlite" and not Path(str(embedded.database)).exists():
        print("error: there is no database\nRun: doorward db create --organisation NAME", file=sys.stderr)
        return 1
    if (taken := _taken(settings)) is not None:
        print(f"error: {taken} is in use\nChoose another by DOORWARD_LISTEN.", file=sys.stderr)
        return 1
    stopping = threading.Event()
    servers: list[subprocess.Popen[bytes]] = []

    def stop(_signum: int, _frame: FrameType | None) -> None:
        stopping.set()
        for server in servers:
            server.send_signal(signal.SIGTERM)
            threading.Thread(target=_kill_late, args=(server,), daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # The server starts before we load: both need the same second of imports, each on its own core.
    # In a group of its own: a signal to ours must not reach its worker before its master.
    server = subprocess.Popen(_command(settings), env=dict(os.environ), process_group=0)  # noqa: S603 (ours)
    servers.append(server)
    if stopping.is_set():
        server.send_signal(signal.SIGTERM)
    keeper = _accompany(settings, stopping)
    if keeper is None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        return 1
    status = server.wait()
    stopping.set()
    keeper.join(timeout=STOP_WITHIN_SECONDS)
    return 0 if status in {0, -signal.SIGTERM, -signal.SIGINT} else status


def _accompany(settings: Settings, stopping: threading.Event) -> threading.Thread | None:
    """Print the bootstrap link, and keep checkpoints beside the server; None if it must not serve."""
    from app import build_parts, configure_logging
    from domain.errors import DoorwardError
    from flows.people import bootstrap_link

    configure_logging(settings.log_level)
    try:
        parts = build_parts(settings)
        link = bootstrap_link(parts)
    except DoorwardError as error:
        print(f"error: {error.message}", error.remedy or "", sep="\n", file=sys.stderr)
        return None
    print(f"Doorward serves {settings.public_url}, listening on {settings.listen}", file=sys.stderr)
    if link is not None:
        print(f"\nNo admin exists yet. Open this within 30 minutes, once:\n\n  {link}\n", file=sys.stderr)
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


def _kill_late(server: subprocess.Popen[bytes]) -> None:
    """Kill the server and its workers if they have not ended some seconds after the stop."""
    try:
        server.wait(timeout=STOP_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)


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
    from flows.upkeep import forget

    last = last_sequence(settings.checkpoints)
    while True:
        ended = stopping.wait(CHECKPOINT_EVERY_SECONDS)
        try:
            last = write_checkpoint(parts, settings.checkpoints, after=last)
            forget(parts)
        except (DoorwardError, OSError):
            log.exception("no checkpoint could be written")
        if ended:
            return
