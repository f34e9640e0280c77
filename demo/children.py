"""The demo's child processes: start, wait until they answer, stop all of them.

Answers: is everything that was started also gone at the end? Each child leads
a process group of its own, so that a signal reaches what it started in turn,
and Ctrl-C in the terminal reaches only us, who then stop them in order.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 15.0


class DemoError(Exception):
    """Something is in the way of the demo. The text is for the person at the terminal."""


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return our environment with *more*, without settings of another Doorward."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
    return {**own, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


def run(arguments: list[str], settings: Mapping[str, str]) -> str:
    """Run a Python module to its end and return what it printed. Raises DemoError with what it said."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise DemoError(f"`{' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout


class Children:
    """The processes that were started, in order."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._all: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, arguments: list[str], settings: Mapping[str, str]) -> None:
        """Start a Python module; what it prints goes to a log of its own."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("wb") as log:
            self._all[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def ended(self) -> str | None:
        """Return the name of a child that is gone, or None while all run."""
        return next((name for name, child in self._all.items() if child.poll() is not None), None)

    def wait_for(self, name: str, port: int, path: str) -> None:
        """Return when *path* on *port* answers 200. Raises DemoError with the child's last words."""
        deadline = time.monotonic() + PATIENCE_SECONDS * 4
        while time.monotonic() < deadline and self._all[name].poll() is None:
            if _answers(port, path):
                return
            time.sleep(0.03)
        raise DemoError(f"{name} did not start. Its last words:\n{self.last_words(name)}")

    def last_words(self, name: str) -> str:
        return self.log(name).read_text(encoding="utf-8", errors="replace")[-2000:]

    def stop(self) -> None:
        """End every child and what it started, the last one first; returns when all are gone."""
        for child in reversed(self._all.values()):
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        for child in self._all.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=max(0.1, deadline - time.monotonic()))
        for child in self._all.values():
            # Also for a child that has ended: what it left behind in its group must go.
            _signal(child, signal.SIGKILL)
            child.wait()
        self._all.clear()


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refuse_used_port(port: int, what: str) -> None:
    """Raise DemoError if somebody listens on *port* already."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with suppress(OSError), socket.socket(family) as probe:
            probe.settimeout(0.5)
            if probe.connect_ex((host, port)) == 0:
                raise DemoError(
                    f"port {port} ({what}) is in use by another program. "
                    "Stop that program, or choose another port: PORT=9000 make run"
                )
