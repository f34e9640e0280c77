"""Buildah and Podman with a store of their own, under build/image.

Where there is no systemd they get the settings that work without it. What this
machine's pip and apt are told (an index, a certificate, a proxy) is mounted
into the build, so that nothing of it stays in an image.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "image"
BASE = "debian:bookworm-slim"
WITHOUT_SYSTEMD = """
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
"""
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "timeout", "proxy")

Done = subprocess.CompletedProcess[str]


class Machine:
    """What builds and runs images here."""

    def __init__(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        systemd = Path("/run/systemd/system").exists()
        settings = "" if systemd else WITHOUT_SYSTEMD
        networks = f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{FOLDER}/networks"\n'
        (FOLDER / "containers.conf").write_text(settings + networks)
        (FOLDER / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\nrunroot = "{FOLDER}/run"\ngraphroot = "{FOLDER}/store"\n'
        )
        self.environment = {
            **os.environ,
            "PATH": f"{FOLDER}/venv/bin:{os.environ['PATH']}",
            "CONTAINERS_CONF": str(FOLDER / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(FOLDER / "storage.conf"),
            **({} if systemd else {"BUILDAH_ISOLATION": "chroot"}),
        }

    def call(self, *words: str, check: bool = True, cwd: Path = ROOT, timeout: float = 900) -> Done:
        """Run a command; raise with what it said if it fails."""
        done = subprocess.run(
            words, cwd=cwd, env=self.environment, capture_output=True, text=True, timeout=timeout
        )
        if check and done.returncode:
            said = (done.stdout + done.stderr)[-4000:]
            raise AssertionError(f"{' '.join(words)} ended with {done.returncode}\n{said}")
        return done

    def podman(self, *words: str, check: bool = True) -> Done:
        return self.call("podman", *words, check=check)

    def inspect(self, name: str, what: str) -> str:
        return self.podman("inspect", "--format", what, name).stdout.strip()

    def as_root(self, *words: str, cwd: Path) -> Done:
        """Run a command as root of the containers' users: really, or in our user namespace."""
        return self.call(*(() if os.geteuid() == 0 else ("podman", "unshare")), *words, cwd=cwd)

    def build(self, tag: str, file: str, context: str, *options: str) -> None:
        """Build an image from the base that is here."""
        command = [
            "buildah",
            "bud",
            "--layers",
            "--pull-never",
            "--format",
            "docker",
            *_told_here(),
            *options,
        ]
        self.call(*command, "--tag", tag, "--file", file, context)

    def need_base(self) -> None:
        """Have the base image: the published one, or a stand-in made of the same distribution's packages."""
        if not self.podman("image", "exists", BASE, check=False).returncode:
            return
        if not self.podman("pull", "--quiet", BASE, check=False).returncode:
            return
        if os.geteuid() != 0 or shutil.which("debootstrap") is None:
            pytest.skip(f"{BASE} cannot be pulled, and a stand-in needs root and debootstrap")
        rootfs = FOLDER / "rootfs"
        shutil.rmtree(rootfs, ignore_errors=True)
        sources = _debian_sources()
        mirror = [line.split()[1] for line in sources if line.split()[2] == "bookworm"][:1]
        self.call("debootstrap", "--variant=minbase", "bookworm", str(rootfs), *mirror)
        if sources:
            (rootfs / "etc/apt/sources.list").write_text("\n".join(sources) + "\n")
        self.call("tar", "--create", "--file", f"{FOLDER}/base.tar", "--directory", str(rootfs), ".")
        self.podman("import", "--quiet", f"{FOLDER}/base.tar", f"localhost/{BASE}")
        shutil.rmtree(rootfs)
        (FOLDER / "base.tar").unlink()


def documented(begin: str) -> str:
    """Return the one line of docs/container.md that begins so."""
    lines = (ROOT / "docs" / "container.md").read_text(encoding="utf-8").splitlines()
    (found,) = [line for line in lines if line.startswith(begin)]
    return found


def _debian_sources() -> list[str]:
    """Return this machine's lines of Debian bookworm for sources.list; none on another system."""
    if shutil.which("apt-get") is None:
        return []
    line = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", line, "Created-By: Packages", "Origin: Debian"],
        capture_output=True, text=True,
    )  # fmt: skip
    return sorted({line for line in listed.stdout.splitlines() if line.split()[2].startswith("bookworm")})


def _told_here() -> list[str]:
    """Return the mounts that tell the build what pip and apt are told on this machine."""
    mounts = []
    pip = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    told = dict(line.partition("=")[::2] for line in sorted(pip.stdout.splitlines(), reverse=True))
    told = {name.rpartition(".")[2]: ast.literal_eval(value) for name, value in told.items()}
    lines = [f"{name} = {told[name]}" for name in PIP_SETTINGS if name in told]
    certificates = told.get("cert") or os.environ.get("SSL_CERT_FILE")
    if certificates:
        mounts += ["--volume", f"{Path(certificates).resolve()}:/etc/pip-ca.pem:ro"]
        lines.append("cert = /etc/pip-ca.pem")
    if lines:
        (FOLDER / "pip.conf").write_text("\n".join(["[global]", *lines]) + "\n")
        mounts += ["--volume", f"{FOLDER}/pip.conf:/etc/pip.conf:ro"]
    if shutil.which("apt-config"):
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
        kept = [line for line in dump.splitlines() if line.startswith(("Acquire::http", "Acquire::Check-"))]
        (FOLDER / "apt.conf").write_text("\n".join(kept) + "\n")
        mounts += ["--volume", f"{FOLDER}/apt.conf:/etc/apt/apt.conf.d/99here:ro"]
    return mounts
