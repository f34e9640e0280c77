"""The command line as a person meets it, and as a service manager does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.doorward_agent.main import main
from agent.doorward_agent.protocol import Device
from tests.agent.broker import Broker

DISTRIBUTION = Path(__file__).parents[2] / "agent"


def test_enrol_prints_the_thumbprint_for_the_admin(
    broker: Broker, state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--state", str(state_dir), "enrol", broker.url, "code-1", "--name", "laptop-7"])

    printed = capsys.readouterr().out
    assert status == 0
    assert f"laptop-7 is dev_1 at {broker.url}, state: pending" in printed
    assert Device.load(state_dir).thumbprint in printed


def test_a_failed_enrolment_can_be_tried_again_with_the_same_key(
    broker: Broker, state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = main(["--state", str(state_dir), "enrol", broker.url, "wrong"])
    kept = Device.load(state_dir).thumbprint
    second = main(["--state", str(state_dir), "enrol", broker.url, "code-1"])

    assert (first, second) == (1, 0)
    assert "(enrolment-code)" in capsys.readouterr().err
    assert Device.load(state_dir).thumbprint == kept


def test_a_code_is_not_sent_in_the_clear(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--state", str(state_dir), "enrol", "http://doorward.example", "code-1"])

    assert status == 1
    assert "use https" in capsys.readouterr().err


def test_once_reports_every_open_session(
    device: Device, broker: Broker, state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.open_session("aa" * 32)
    broker.open_session("bb" * 32)

    status = main(["--state", str(state_dir), "once"])

    assert status == 0
    assert len(broker.reports) == 2
    assert "session aaaaaaaa: accepted, binding D1" in capsys.readouterr().out


def test_show_prints_what_would_be_sent_and_sends_nothing(
    device: Device, broker: Broker, state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.open_session("aa")
    before = len(broker.requests)

    status = main(["--state", str(state_dir), "show"])

    shown = json.loads(capsys.readouterr().out)
    assert status == 0
    assert shown["to"] == broker.url
    assert shown["device"]["key_thumbprint"] == device.thumbprint
    assert {*shown["facts"], *shown["not_determined"]} == {
        "disk_encrypted",
        "os",
        "remote_control",
        "remote_logons",
    }
    assert len(broker.requests) == before


def test_show_works_before_enrolment(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--state", str(state_dir), "show"])

    assert status == 0
    assert json.loads(capsys.readouterr().out)["to"] is None
    assert not state_dir.exists()


@pytest.mark.parametrize("command", ["run", "once"])
def test_without_enrolment_there_is_nothing_to_report(
    state_dir: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--state", str(state_dir), command])

    assert status == 1
    assert "enrol first" in capsys.readouterr().err


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the agent under the name it has when installed, from its own folder alone."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "doorward_agent", *arguments],
        env={**os.environ, "PYTHONPATH": str(DISTRIBUTION), "PYTHONWARNINGS": "error"},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigterm_ends_the_loop_cleanly(device: Device, broker: Broker, state_dir: Path) -> None:
    broker.open_session("aa")

    with start("--state", str(state_dir), "run") as agent:
        reported = broker.reported.wait(20)
        agent.send_signal(signal.SIGTERM)
        _, said = agent.communicate(timeout=20)

    assert reported
    assert agent.returncode == 0
    assert "Traceback" not in said


def test_a_revoked_device_ends_the_loop_with_its_own_status(
    device: Device, broker: Broker, state_dir: Path
) -> None:
    broker.states[device.device_id] = "revoked"

    with start("--state", str(state_dir), "run") as agent:
        _, said = agent.communicate(timeout=20)

    assert agent.returncode == 3
    assert "device-revoked" in said


def test_the_agent_imports_nothing_of_the_broker() -> None:
    code = "import sys, doorward_agent.main; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    broker_packages = {
        "domain",
        "crypto",
        "models",
        "authn",
        "evidence",
        "policies",
        "tokens",
        "audit",
        "flows",
        "web",
    }

    printed = subprocess.check_output(
        [sys.executable, "-P", "-c", code], env={**os.environ, "PYTHONPATH": str(DISTRIBUTION)}, text=True
    )

    assert "doorward_agent" in printed.split()
    assert broker_packages.isdisjoint(printed.split())
