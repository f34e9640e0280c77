"""The demo as a person starts it: the whole journey, and what is said when something is in the way."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from demo.children import ROOT, Children, DemoError, environment, free_port, refuse_used_port
from demo.telling import Different, Telling


def demo(module: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.slow
def test_the_whole_journey_goes_as_written():
    played = demo("demo.play")

    assert played.returncode == 0, played.stdout + played.stderr
    assert "all as written" in played.stdout


def test_a_step_that_goes_otherwise_is_shown_as_a_difference():
    tell = Telling()
    tell.step("Imani opens a door.")

    with pytest.raises(Different) as raised:
        tell.expect("the door", {"word": "Closed", "status": 200}, {"word": "Open", "status": 200})

    assert str(raised.value).splitlines() == [
        "step 1, the door: expected (-) and got (+)",
        "- word: Open",
        "+ word: Closed",
        "  status: 200",
    ]


def test_a_port_in_use_is_told_in_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]

        with pytest.raises(DemoError, match=f"port {port} .* is in use by another program"):
            refuse_used_port(port, "the demo")


@pytest.mark.parametrize("port", ["eighty", "80", "99999"])
def test_a_port_that_cannot_be_is_told_and_nothing_is_started(port):
    said = demo("demo.run", PORT=port)

    assert (said.returncode, said.stdout) == (1, "")
    assert f"PORT is `{port}`; choose a number from 1024 to 65533" in said.stderr


def test_stopping_leaves_no_grandchild_behind(tmp_path, monkeypatch):
    (tmp_path / "parent.py").write_text(
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path(sys.argv[1]).write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    note = tmp_path / "pid"
    children = Children(tmp_path / "logs")
    monkeypatch.setattr("demo.children.ROOT", tmp_path)
    children.start("parent", ["parent", str(note)], {})
    _until(lambda: note.exists() and note.read_text() != "")

    children.stop()

    _until(lambda: not _runs(int(note.read_text())))


def test_a_child_that_dies_at_once_is_told_with_its_last_words(tmp_path):
    children = Children(tmp_path)
    children.start("broker", ["there_is_no_such_module"], {})

    with pytest.raises(DemoError, match=r"broker did not start.*\n.*there_is_no_such_module"):
        children.wait_for("broker", free_port(), "/readyz")

    children.stop()


def test_settings_of_another_deployment_do_not_reach_the_demo(monkeypatch):
    monkeypatch.setenv("DOORWARD_DATABASE_URL", "postgresql://production/doorward")

    given = environment({"DOORWARD_LISTEN": "127.0.0.1:1"})

    assert {name for name in given if name.startswith("DOORWARD_")} == {"DOORWARD_LISTEN"}


@pytest.mark.slow
def test_a_signal_during_the_first_start_leaves_nothing():
    port = free_port()
    folder = ROOT / ".run" / f"demo-{port}"
    started = subprocess.Popen(
        [sys.executable, "-m", "demo.run"],
        cwd=ROOT,
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert started.stdout is not None
    started.stdout.readline()
    started.send_signal(signal.SIGTERM)

    said, _ = started.communicate(timeout=30)

    assert started.returncode == 0, said
    assert not (folder / "founded.json").exists()
    shutil.rmtree(folder, ignore_errors=True)  # a signal before anything was made leaves none


def _runs(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _until(happened) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        time.sleep(0.05)
