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
            "DOORWARD_DECISION_LOG": str(self.checkpoints) + ".decisions",
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

    def wait_working(self) -> None:
        """Return when a worker has done its first job and left the next."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if httpx.get(f"{self.url}/readyz", timeout=2).json()["checks"]["jobs"] == "ok":
                return
            time.sleep(0.2)
        pytest.fail("no worker worked within a minute")

    def worker(self, process: subprocess.Popen[str]) -> psutil.Process | None:
        """Return the worker that runs beside the server."""
        found = (child for child in self.descendants(process) if "worker" in child.cmdline()[1:3])
        return next(found, None)

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


FIRST = """
import os, signal, sys
import cli, launcher

os.getpid = lambda: 1
launcher.main = lambda: signal.raise_signal(signal.SIGTERM)
sys.argv = ["doorward", "serve"]
cli.main()
"""


def test_the_first_process_of_a_container_heeds_a_signal_before_it_serves() -> None:
    """The system drops what such a process has no handler for; it was killed, late."""
    ended = subprocess.run([sys.executable, "-c", FIRST], cwd=ROOT)

    assert ended.returncode == 128 + signal.SIGTERM


CAUGHT = """
import os, signal, subprocess, sys
import launcher

deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)"
popen = subprocess.Popen

def caught(*_command, **_options):
    child = popen([sys.executable, "-c", deaf], process_group=0, stdout=subprocess.PIPE)
    child.stdout.readline()
    os.kill(os.getpid(), signal.SIGTERM)
    return child

subprocess.Popen = caught
launcher.STOP_WITHIN_SECONDS = 0.5
launcher.main()
"""


def test_a_signal_while_the_server_is_begun_ends_it_though_it_does_not_listen(served: Served) -> None:
    command = [sys.executable, "-c", CAUGHT]

    done = subprocess.run(command, cwd=ROOT, env=served.environment, capture_output=True, timeout=60)

    assert done.returncode == 0, done.stderr


def test_one_worker_runs_beside_the_server_and_is_begun_anew_when_it_dies(served: Served) -> None:
    process = served.start()
    served.wait_ready()
    served.wait_working()
    worker = served.worker(process)
    assert worker is not None

    worker.kill()

    end = time.monotonic() + 30
    while (found := served.worker(process)) in {None, worker} and time.monotonic() < end:
        time.sleep(0.1)
    assert found is not None
    assert found != worker


def test_a_worker_ends_when_what_started_it_was_killed(served: Served) -> None:
    """It would go on with old code beside the next one."""
    process = served.start()
    served.wait_ready()
    served.wait_working()
    worker, children = served.worker(process), served.descendants(process)
    assert worker is not None

    process.kill()

    try:
        assert psutil.wait_procs([worker], timeout=10)[1] == []
    finally:
        for child in children:
            if child.is_running():
                child.kill()


def test_a_worker_by_itself_ends_at_a_signal(served: Served) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "cli", "worker"],
        cwd=ROOT, env=served.environment, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    served.running.append(worker)
    served.start()
    served.wait_ready()
    served.wait_working()

    worker.terminate()

    # On a loaded machine it may not have got as far as to heed signals; then the system ends it.
    assert worker.wait(timeout=30) in {0, -signal.SIGTERM}


def test_a_worker_without_a_database_says_so_in_a_sentence(served: Served) -> None:
    served.environment["DOORWARD_DATABASE_URL"] += ".missing"

    refused = served.run("worker")

    assert refused.returncode == 1
    assert "doorward db create" in refused.stderr
    assert "Traceback" not in refused.stderr


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
