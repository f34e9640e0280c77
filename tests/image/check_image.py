"""The broker's image: what is in it, how it runs hardened, how it stops."""

from __future__ import annotations

import json
import re
import signal
import socket
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.image.callers import Callers
from tests.image.conftest import IMAGE
from tests.image.machine import ROOT, Done, Machine, documented

HARDENED = (
    "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--tmpfs=/tmp:noexec",
    "--pids-limit=128", "--memory=512m",
)  # fmt: skip
UNWANTED = re.compile(
    r"(usr/)?s?bin/(gcc|g\+\+|cc|c\+\+|cpp|ld|as|make|rustc|go|pip\d?|uv|git|curl|wget|gdb)(-[\d.]+)?\Z"
    r"|.*/(site|dist)-packages/(pip|setuptools|uv|pytest|_pytest|demo|tests|agent|bench|examples)/"
    r"|(root|home/\w+)/\.cache/.+|var/lib/apt/lists/.*Packages|.*\.(sqlite|key|pem\.key)\Z|.*/\.git/"
    r"|run/secrets/.+"
)
GRACE_SECONDS = 10


class Broker:
    """A container of the image on a volume of its own."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://localhost:{self.port}"
        self.options = (
            *HARDENED, "--volume=image-test-state:/var/lib/doorward", "--network=bridge",
            f"--publish=127.0.0.1:{self.port}:8080", f"--env=DOORWARD_PUBLIC_URL={self.url}",
        )  # fmt: skip
        created = self.run("db", "create", "--organisation", "Test")
        assert created.returncode == 0, created.stderr
        machine.podman("create", "--name=image-test", *self.options, IMAGE)

    def run(self, *words: str, options: tuple[str, ...] = ()) -> Done:
        """Run one command in a container of its own."""
        unpublished = tuple(option for option in self.options if not option.startswith("--publish"))
        return self.machine.podman("run", "--rm", *unpublished, *options, IMAGE, *words, check=False)

    def sql(self, statement: str, file: str = "doorward.sqlite") -> str:
        """Run one statement on the state, and return the first column of its first row."""
        code = (
            "import sqlite3, sys;"
            "c = sqlite3.connect('/var/lib/doorward/' + sys.argv[2], isolation_level=None);"
            "print(*(c.execute(sys.argv[1]).fetchone() or ['']))"
        )
        done = self.run("-c", code, statement, file, options=("--entrypoint=python",))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> int:
        """Begin, and return the process's number on this machine."""
        self.machine.podman("start", "image-test")
        return int(self.machine.inspect("image-test", "{{.State.Pid}}"))

    def wait_ready(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        pytest.fail("the container was not ready within a minute: " + self.logs())

    def stop(self) -> tuple[int, float]:
        """Stop as an orchestrator does; return the exit status (137: it had to be killed) and the seconds."""
        begun = time.monotonic()
        self.machine.podman("stop", f"--time={GRACE_SECONDS}", "image-test")
        return int(self.machine.inspect("image-test", "{{.State.ExitCode}}")), time.monotonic() - begun

    def logs(self) -> str:
        done = self.machine.podman("logs", "image-test")
        return done.stdout + done.stderr

    def status(self, name: str) -> str:
        """Return one line of the first process's /proc/1/status."""
        text = self.machine.podman("exec", "image-test", "cat", "/proc/1/status").stdout
        return next(
            line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith(name + ":")
        )


@pytest.fixture(scope="module")
def broker(machine: Machine) -> Iterator[Broker]:
    yield Broker(machine)
    machine.podman("rm", "--force", "--time=0", "image-test")
    machine.podman("volume", "rm", "image-test-state")


@pytest.fixture
def running(broker: Broker) -> Broker:
    broker.start()
    broker.wait_ready()
    return broker


@pytest.fixture(scope="module")
def files(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> list[tarfile.TarInfo]:
    """Every file of the image."""
    exported = tmp_path_factory.mktemp("image") / "image.tar"
    container = machine.podman("create", IMAGE).stdout.strip()
    machine.podman("export", "--output", str(exported), container)
    machine.podman("rm", container)
    with tarfile.open(exported) as archive:
        return archive.getmembers()


def test_hadolint_finds_nothing(machine: Machine) -> None:
    for file in sorted((ROOT / "docker").rglob("Dockerfile")):
        found = machine.call("hadolint", "--failure-threshold", "style", str(file), check=False)

        assert found.returncode == 0, f"{file}: {found.stdout}"


def test_nothing_in_the_image_makes_other_programs_or_raises_rights(files: list[tarfile.TarInfo]) -> None:
    assert [file.name for file in files if file.isfile() and file.mode & 0o6000] == []
    assert [file.name for file in files if UNWANTED.match(file.name)] == []


def test_the_broker_cannot_write_what_it_runs(files: list[tarfile.TarInfo]) -> None:
    kept = [file for file in files if file.isfile() or file.isdir()]
    writable = [f.name for f in kept if f.uid == 10001 or (f.mode & 0o002 and not f.mode & 0o1000)]

    assert set(writable) == {"var/lib/doorward", "var/lib/doorward/decisions"}


def test_the_image_says_what_it_is_and_nothing_of_this_machine(machine: Machine, broker: Broker) -> None:
    (image,) = json.loads(machine.podman("image", "inspect", IMAGE).stdout)
    version = broker.run("--version").stdout.split()[-1]

    config, labels = image["Config"], image["Labels"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] + config["Cmd"] == ["doorward", "serve"]
    assert config["StopSignal"] in {"SIGTERM", "15"}
    assert {line.partition("=")[0] for line in config["Env"]} == {
        "PATH", "DOORWARD_DATABASE_URL", "DOORWARD_LISTEN"
    }  # fmt: skip
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_it_serves_with_a_root_that_cannot_be_written_and_without_any_right(running: Broker) -> None:
    login = httpx.get(f"{running.url}/login")
    health = running.machine.podman("healthcheck", "run", "image-test", check=False)
    written = running.machine.podman("exec", "image-test", "touch", "/opt/doorward/x", check=False)

    assert login.status_code == 200
    assert "<form" in login.text
    assert health.returncode == 0
    assert set(running.status("Uid").split()) == {"10001"}
    assert {running.status(kind) for kind in ("CapEff", "CapPrm", "CapBnd")} == {"0" * 16}
    assert running.status("NoNewPrivs") == "1"
    assert "Read-only file system" in written.stderr


@pytest.mark.parametrize("keep", [False, True], ids=["new connections", "kept connections"])
def test_a_stop_under_load_answers_every_request_it_took(running: Broker, keep: bool) -> None:
    before = running.logs().count('"route": "/login"')
    with Callers(running.port, "/login", f"localhost:{running.port}", keep=keep) as callers:
        callers.wait_for(200)

        status, seconds = running.stop()

    print(f"stopped within {seconds:.2f} s under load: {dict(callers.answered)}, {dict(callers.outcomes)}")
    assert status == 0
    assert set(callers.answered) == {200}
    assert callers.outcomes["lost"] == 0
    assert callers.answered.total() == running.logs().count('"route": "/login"') - before


def test_the_back_up_of_the_page_is_a_whole_database(running: Broker) -> None:
    line = documented("docker exec --workdir").replace(" doorward python", " image-test python")

    running.machine.call("bash", "-c", line.replace("docker", "podman", 1))

    assert running.sql("PRAGMA integrity_check", "copy.sqlite") == "ok"
    assert running.sql("SELECT organisation FROM instance", "copy.sqlite") == "Test"


def test_a_stop_while_it_begins_needs_no_kill(broker: Broker) -> None:
    process = Path(f"/proc/{broker.start()}/status")
    handled = 1 << (signal.SIGTERM - 1)
    end = time.monotonic() + 30
    while not int(re.findall(r"SigCgt:\s+(\w+)", process.read_text())[0], 16) & handled:
        assert time.monotonic() < end

    status, _seconds = broker.stop()

    assert status in {0, 128 + signal.SIGTERM}


@pytest.mark.parametrize(
    ("options", "said", "status"),
    [
        (("--env=DOORWARD_WORKERZ=2",), "did you mean DOORWARD_WORKERS?", 2),
        (("--env=DOORWARD_PUBLIC_URL=https://other.example",), "every key would be orphaned", 1),
        (("--env=DOORWARD_DATABASE_URL=sqlite:////var/lib/doorward/none.sqlite",), "doorward db create", 1),
    ],
    ids=["unknown setting", "another name", "empty volume"],
)
def test_what_cannot_be_served_is_refused_in_a_sentence(
    broker: Broker, options: tuple[str, ...], said: str, status: int
) -> None:
    refused = broker.run(options=options)

    assert refused.returncode == status
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_another_schema_is_refused_and_left_as_it_is(broker: Broker) -> None:
    newest = broker.sql("SELECT version_num FROM alembic_version")
    broker.sql("UPDATE alembic_version SET version_num = '0001'")

    refused = broker.run()

    left = broker.sql("SELECT version_num FROM alembic_version")
    broker.sql(f"UPDATE alembic_version SET version_num = '{newest}'")
    assert refused.returncode == 1
    assert "Run: doorward db upgrade" in refused.stderr
    assert left == "0001"
