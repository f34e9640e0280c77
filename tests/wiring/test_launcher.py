"""`doorward serve` starts once, stops when told, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from audit.checkpoint import last_sequence

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


class Served:
    """A deployment in a folder, and the processes that serve it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.checkpoints = folder / "checkpoints"
        self.url = f"http://localhost:{port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "DOORWARD_PUBLIC_URL": self.url,
            "DOORWARD_LISTEN": f"127.0.0.1:{port}",
            "DOORWARD_DATABASE_URL": f"sqlite:///{folder}/doorward.sqlite",
            "DOORWARD_CHECKPOINT_FILE": str(self.checkpoints),
        }
        self.running: list[subprocess.Popen[str]] = []

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli", *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "serve"],
            cwd=ROOT, env=self.environment, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        self.running.append(process)
        return process

    def wait_ready(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        pytest.fail("the server was not ready within a minute")

    def descendants(self, process: subprocess.Popen[str]) -> list[psutil.Process]:
        return psutil.Process(process.pid).children(recursive=True)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    deployment = Served(tmp_path)
    created = deployment.run("db", "create", "--organisation", "Test")
    assert created.returncode == 0, created.stderr
    yield deployment
    for process in deployment.running:
        if process.poll() is None:
            for child in deployment.descendants(process):
                child.kill()
            process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_ends_it_and_leaves_a_checkpoint(
    served: Served, number: signal.Signals
) -> None:
    """A terminal and a service manager signal the group; the worker must not die before its master."""
    process = served.start()
    served.wait_ready()
    children = served.descendants(process)

    os.killpg(process.pid, number)

    assert process.wait(timeout=40) == 0
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert last_sequence(served.checkpoints) >= 1


@pytest.mark.parametrize("after", [0.3, 1.0])
def test_a_signal_while_it_starts_leaves_no_orphan(served: Served, after: float) -> None:
    process = served.start()
    time.sleep(after)
    children = served.descendants(process)

    os.killpg(process.pid, signal.SIGINT)

    process.wait(timeout=40)
    _gone, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_a_taken_port_is_refused_in_a_sentence(served: Served) -> None:
    host, _, port = served.environment["DOORWARD_LISTEN"].rpartition(":")
    with socket.socket() as other:
        other.bind((host, int(port)))
        other.listen()

        refused = served.run("serve")

    assert refused.returncode == 1
    assert "is in use" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_missing_database_is_refused_in_a_sentence(served: Served) -> None:
    served.environment["DOORWARD_DATABASE_URL"] += ".missing"

    refused = served.run("serve")

    assert refused.returncode == 1
    assert "doorward db create" in refused.stderr
    assert "Traceback" not in refused.stderr
