"""The broker as the demo knows it: a folder, ports, settings, a command line.

Answers: is it founded, and how is it started? Imports little on purpose: a
start takes as long as the broker needs to import itself, so it is started
before the demo's own libraries are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demo.children import Children, run


@dataclass(frozen=True, slots=True)
class Ports:
    """Where things listen: the door that people use, the broker behind it, the example portal, its API."""

    door: int
    broker: int
    portal: int
    api: int


class Broker:
    """The broker of one demo, with everything of its in *folder*."""

    name = "broker"

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.folder = folder.resolve()
        self.ports = ports
        self.origin = f"http://localhost:{ports.door}"
        self.database = self.folder / "doorward.sqlite"
        self.founded = self.folder / "founded.json"
        self.children = Children(self.folder / "logs")

    @property
    def settings(self) -> dict[str, str]:
        """The broker's settings."""
        return {
            "DOORWARD_PUBLIC_URL": self.origin,
            "DOORWARD_DATABASE_URL": f"sqlite:///{self.database}",
            "DOORWARD_LISTEN": f"127.0.0.1:{self.ports.broker}",
            "DOORWARD_TRUSTED_PROXIES": "127.0.0.1/32",
            "DOORWARD_PROXY_HEADER": "x-forwarded-for",
        }

    def start(self) -> None:
        """Start it, and do not wait."""
        self.children.start(self.name, ["cli", "serve"], self.settings)

    def wait(self) -> None:
        """Return when it is ready. Raises DemoError with its last words."""
        self.children.wait_for(self.name, self.ports.broker, "/readyz")

    def command(self, *words: str, **settings: str) -> str:
        """Run a `doorward` command on the broker's database and return what it prints. Raises DemoError."""
        return run(["cli", *words], {**self.settings, **settings})
