"""The compose file, brought up: broker, worker, PostgreSQL and nginx, each hardened."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.image.conftest import IMAGE
from tests.image.machine import FOLDER, ROOT, Done, Machine, documented

SERVICES = ("postgres", "broker", "worker", "nginx")
NGINX, BROKER, STRANGER = "172.29.57.2", "172.29.57.3", "172.29.57.77"
PROJECT = "image-test"
ASK = """
import json, sys
from http.client import HTTPConnection

host, address, forged = sys.argv[1:]
caller = HTTPConnection(address, 8080, timeout=20)
caller.request("GET", "/login", headers={"Host": host})
page = caller.getresponse()
cookie, text = page.headers["Set-Cookie"].partition(";")[0], page.read().decode()
token = text.partition('name="csrf-token" content="')[2].partition('"')[0]
caller.close()
names = ("X-Forwarded-For", "X_Forwarded_For", "X-Real-IP", "DoorwardClient")
caller.request("POST", "/login/options", json.dumps({"login_name": "nobody"}), {
    "Host": host, "Content-Type": "application/json", "Cookie": cookie, "X-CSRF-Token": token,
    "Origin": "http://" + host, **dict.fromkeys(names, forged),
})
print(caller.getresponse().status)
"""
"""Begin a login at an address, with every header that could name another client."""
AS_JSON = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Deployment:
    """What the compose file makes of a copy of docker/, so that nobody's own secrets are touched."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.folder = FOLDER / "compose" / "docker"
        shutil.rmtree(self.folder.parent, ignore_errors=True)
        shutil.copytree(ROOT / "docker", self.folder, ignore=shutil.ignore_patterns("secrets"))
        self.port, self.tls_port, self.redirect_port = free_port(), free_port(), free_port()
        self.host = f"localhost:{self.port}"
        machine.environment |= {
            "PORT": str(self.port), "TLS_PORT": str(self.tls_port), "REDIRECT_PORT": str(self.redirect_port),
            "DOORWARD_PUBLIC_URL": f"http://{self.host}",
        }  # fmt: skip
        machine.as_root("./make-secrets", cwd=self.folder)

    def compose(self, *words: str, files: tuple[str, ...] = ("compose.yaml",)) -> Done:
        options = [part for file in files for part in ("-f", file)]
        return self.machine.call("podman-compose", "-p", PROJECT, *options, *words, cwd=self.folder)

    def inside(self, service: str, *words: str, check: bool = True) -> Done:
        return self.machine.podman("exec", f"{PROJECT}_{service}_1", *words, check=check)

    def sql(self, statement: str) -> str:
        return self.inside(
            "postgres", "psql", "--host=/tmp", "--username=postgres", "-Atc", statement, "doorward"
        ).stdout.strip()

    def call_from_beside(self, address: str, forged: str) -> str:
        """Begin a login from a container of the proxy's network that is neither nginx nor the broker."""
        return self.machine.podman(
            "run", "--rm", "--read-only", "--cap-drop=all", f"--network={PROJECT}_front", f"--ip={STRANGER}",
            "--entrypoint=python", IMAGE, "-c", ASK, self.host, address, forged,
        ).stdout.strip()  # fmt: skip

    def wait_for(self, url: str, verify: ssl.SSLContext | bool = True) -> httpx.Response:
        """Return the first answer that is no error of nginx's or ours."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                answer = httpx.get(url, timeout=5, verify=verify)
                if answer.status_code < 500:
                    return answer
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        pytest.fail(f"{url} did not answer: " + "".join(self.logs(name) for name in SERVICES))

    def logs(self, service: str) -> str:
        done = self.machine.podman("logs", f"{PROJECT}_{service}_1", check=False)
        return f"\n{service}: {(done.stdout + done.stderr)[-2000:]}"


@pytest.fixture(scope="module")
def deployment(machine: Machine) -> Iterator[Deployment]:
    made = Deployment(machine)
    try:
        made.compose("run", "--rm", "broker", "db", "create", "--organisation", "Test")
        made.compose("up", "-d")
        made.wait_for(f"http://{made.host}/login")
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "5")
        machine.as_root("rm", "-rf", str(made.folder.parent), cwd=ROOT)


def test_every_service_is_hardened_and_no_secret_stands_in_the_file(deployment: Deployment) -> None:
    deployment.compose("config")
    services = json.loads(deployment.machine.call("python", "-c", AS_JSON, "docker/compose.yaml").stdout)[
        "services"
    ]

    assert set(services) == set(SERVICES)
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges"], name
        assert service["pids_limit"], name
        assert service["mem_limit"], name
        assert "privileged" not in service, name
        assert "cap_add" not in service, name
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_process_is_without_any_right(deployment: Deployment, service: str) -> None:
    status = deployment.inside(service, "cat", "/proc/1/status").stdout
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    written = deployment.inside(service, "touch", "/etc/x", check=False)

    assert "0" not in told["Uid"].split()
    assert {told["CapEff"], told["CapPrm"], told["CapBnd"]} == {"0" * 16}
    assert told["NoNewPrivs"] == "1"
    assert "Read-only file system" in written.stderr


def test_pages_come_through_nginx_and_the_worker_works(deployment: Deployment) -> None:
    login = httpx.get(f"http://{deployment.host}/login")
    metrics = httpx.get(f"http://{deployment.host}/metrics")
    end = time.monotonic() + 60
    while (checks := httpx.get(f"http://{deployment.host}/readyz").json()["checks"])["jobs"] != "ok":
        assert time.monotonic() < end, checks

    assert (login.status_code, metrics.status_code) == (200, 404)
    assert "<form" in login.text
    assert checks["database"] == "ok"


@pytest.mark.parametrize("service", ["postgres", "broker", "nginx"])
def test_the_health_checks_pass(deployment: Deployment, service: str) -> None:
    assert (
        deployment.machine.podman("healthcheck", "run", f"{PROJECT}_{service}_1", check=False).returncode == 0
    )


@pytest.mark.parametrize(
    ("way", "forged"), [(NGINX, "203.0.113.9"), (BROKER, "203.0.113.10")], ids=["by", "around"]
)
def test_a_client_is_known_by_its_address_whatever_it_says(
    deployment: Deployment, way: str, forged: str
) -> None:
    """By nginx, and by whoever reaches the broker around it from the same network."""
    deployment.sql("DELETE FROM rate_counters")

    status = deployment.call_from_beside(way, forged)

    counted = deployment.sql("SELECT key FROM rate_counters").splitlines()
    assert status == "200"
    assert f"begin:{STRANGER}" in counted
    assert not any(forged in key for key in counted)


def test_secrets_are_files_and_stand_nowhere_else(deployment: Deployment) -> None:
    names = ("root.key", "database.password")
    secrets = [
        deployment.machine.as_root("cat", f"secrets/{name}", cwd=deployment.folder).stdout for name in names
    ]

    for service in SERVICES:
        container = f"{PROJECT}_{service}_1"
        told = deployment.machine.podman("inspect", container).stdout + deployment.logs(service)
        assert not any(secret in told for secret in secrets), service
    assert deployment.inside("nginx", "ls", "/run/secrets", check=False).returncode != 0
    assert deployment.inside("postgres", "ls", "/run/secrets").stdout.split() == ["database.password"]


def test_the_back_up_of_the_page_is_a_whole_dump(deployment: Deployment) -> None:
    words = documented("docker compose exec -T postgres").partition(" > ")[0].split()[5:]

    dump = deployment.inside("postgres", *words).stdout

    assert "COPY public.instance " in dump
    assert "PostgreSQL database dump complete" in dump


def test_with_tls_the_same_deployment_goes_on(deployment: Deployment) -> None:
    """The database is what it was, the page comes by TLS, and plain HTTP leads there."""
    secrets = deployment.folder / "secrets"
    deployment.machine.call(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        "-keyout", f"{FOLDER}/compose/tls.key", "-out", f"{FOLDER}/compose/tls.crt",
    )  # fmt: skip
    for name in ("tls.crt", "tls.key"):
        deployment.machine.as_root(
            "install", "-o", "10003", "-m", "0400", f"../{name}", str(secrets / name), cwd=deployment.folder
        )
    trusted = ssl.create_default_context(cafile=f"{FOLDER}/compose/tls.crt")
    url = f"https://localhost:{deployment.tls_port}"
    deployment.machine.environment["DOORWARD_PUBLIC_URL"] = url

    deployment.compose("up", "-d", files=("compose.yaml", "compose.tls.yaml"))

    page = deployment.wait_for(f"{url}/login", trusted)
    plain = httpx.get(f"http://localhost:{deployment.redirect_port}/login")
    assert page.status_code == 200
    assert "max-age" in page.headers["Strict-Transport-Security"]
    assert (plain.status_code, plain.headers["Location"]) == (301, "https://localhost/login")


def test_all_stop_when_told_and_leave_a_checkpoint(deployment: Deployment) -> None:
    deployment.compose("stop")

    inspected = json.loads(
        deployment.machine.podman("inspect", *(f"{PROJECT}_{name}_1" for name in SERVICES)).stdout
    )
    checkpoints = deployment.machine.podman(
        "run",
        "--rm",
        f"--volume={PROJECT}_state:/state:ro",
        "--entrypoint=cat",
        IMAGE,
        "/state/checkpoints.jws",
    )
    assert [(one["Name"], one["State"]["ExitCode"]) for one in inspected] == [
        (f"{PROJECT}_{name}_1", 0) for name in SERVICES
    ]
    assert checkpoints.stdout.count("\n") >= 1
