"""A PostgreSQL server of the tests' own: initdb and pg_ctl as a user who is not root."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


@dataclass(frozen=True)
class Server:
    """A running server; *url* is for its `postgres` database, as superuser."""

    folder: Path
    port: int

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, name: str, template: str = "template1") -> str:
        engine = create_engine(self._driver(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        engine.dispose()
        return self.url(name)

    def drop(self, name: str) -> None:
        engine = create_engine(self._driver(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        engine.dispose()

    def _driver(self) -> str:
        return self.url().replace("postgresql://", "postgresql+psycopg://")

    def stop(self, mode: str = "fast") -> None:
        _as_owner([_tool("pg_ctl"), "-D", str(self.folder / "data"), "-m", mode, "-w", "stop"])

    def start(self, options: str = OPTIONS) -> None:
        _as_owner(
            [
                _tool("pg_ctl"), "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"),
                "-o", f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' {options}",
                "start",
            ]
        )  # fmt: skip


def available() -> str | None:
    """Return why no server can be started here, or None."""
    if _tool("initdb") is None:
        return "PostgreSQL is not installed"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "runuser is needed to start PostgreSQL as another user than root"
    return None


@contextmanager
def serving(options: str = OPTIONS) -> Iterator[Server]:
    """Run a new, empty server until the block ends."""
    reason = available()
    if reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"required in CI: {reason}")
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="doorward-pg-"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    _as_owner(
        [
            _tool("initdb"),
            "-D",
            str(folder / "data"),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
    )
    server = Server(folder, _free_port())
    server.start(options)
    try:
        yield server
    finally:
        subprocess.run(
            _owned([str(_tool("pg_ctl")), "-D", str(folder / "data"), "-m", "immediate", "stop"]),
            capture_output=True,
        )
        shutil.rmtree(folder, ignore_errors=True)


def _tool(name: str) -> str | None:
    debian = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    homebrew = Path("/opt/homebrew/opt").glob(f"postgresql*/bin/{name}")
    found = sorted(str(path) for path in (*homebrew, *debian))
    return found[-1] if found else shutil.which(name)


def _owned(command: list[str]) -> list[str]:
    if os.geteuid() == 0:
        return ["runuser", "-u", "postgres", "--", *command]
    return command


def _as_owner(command: list[str | None]) -> None:
    plain = [part for part in command if part is not None]
    done = subprocess.run(_owned(plain), capture_output=True, text=True, cwd="/", timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{plain[0]} failed for {getpass.getuser()}: {done.stderr or done.stdout}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = 10) -> None:
    """Wait until the server answers at *url*."""
    end = time.monotonic() + seconds
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    while True:
        try:
            engine.connect().close()
            break
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
    engine.dispose()
