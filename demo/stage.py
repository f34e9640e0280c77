"""Everything that a demo needs, started and stopped together.

Answers: what runs beside the broker, and what must happen once? The broker is a
program of its own here, reached by its command line and over HTTP only.
"""

from __future__ import annotations

import errno
import json
import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from demo import company, services
from demo.broker import Broker
from demo.children import PATIENCE_SECONDS, DemoError
from demo.drawer import KeyDrawer, write_private
from demo.founding import bootstrap_path, found
from demo.kit import Kit
from demo.laptops import Laptop
from demo.proxy import DemoServer


class Stage:
    """One demo around *broker*, which may have been started already.

    Use :meth:`open` and, whatever happens, :meth:`close`.
    """

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.folder, self.ports, self.origin = broker.folder, broker.ports, broker.origin
        self.portal_url = services.address(broker.ports.portal)
        self.api_url = services.address(broker.ports.api)
        self.laptops: dict[str, Laptop] = {}
        self._servers: list[DemoServer] = []

    def open(self, say: Callable[[str], None]) -> None:
        """Start everything else; on the first start found the company. Raises DemoError."""
        first = not self.broker.founded.exists()
        loaded = self._create(say) if first else {}
        if first:
            self.broker.start()
        self.drawer = KeyDrawer(self.folder)
        kit = Kit(self.origin, self.drawer, services.links(self.ports.portal))
        self._listen(kit)
        self.laptops = {login: Laptop(login, self.folder / "laptops" / login) for login in company.CAST}
        # Not before: on a small machine every other start makes the broker's longer.
        self.broker.wait()
        programs = services.programs(self.origin, self.ports.portal, self.ports.api, self.secrets())
        for name, arguments in programs.items():
            self.broker.children.start(name, arguments, {})
        if first:
            found(
                self.origin,
                self.drawer,
                self.laptops,
                bootstrap=self._bootstrap(),
                invites=loaded["invites"],
                codes=loaded["codes"],
                say=say,
            )
            write_private(self.broker.founded, json.dumps({"port": self.ports.door}))
        kit.laptops.update(self.laptops)
        for laptop in self.laptops.values():
            laptop.start()

    def _bootstrap(self) -> str:
        """Return the path of the bootstrap link, once it is printed: the server may be ready before that."""
        log = self.broker.children.log(self.broker.name)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return bootstrap_path(log.read_text(encoding="utf-8"))
            except LookupError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def close(self) -> None:
        """Stop everything that was started."""
        for laptop in self.laptops.values():
            laptop.stop()
        self.broker.children.stop()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def secrets(self) -> dict[str, str]:
        """Return the services' secrets by their names."""
        saved: dict[str, str] = json.loads((self.folder / "services.json").read_text(encoding="utf-8"))
        return saved

    def _create(self, say: Callable[[str], None]) -> dict[str, Any]:
        """Make the database and load the company. What an interrupted first start left is thrown away."""
        say("First start: the demo company is being founded. This takes some seconds.")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        drawer = KeyDrawer(self.folder)
        document = self.folder / "company.toml"
        document.write_text(
            company.document(
                certificate=drawer.authority.certificate_pem,
                services=services.document(self.ports.portal, self.ports.api),
                now=datetime.now(UTC),
            ),
            encoding="utf-8",
        )
        self.broker.command("db", "create", "--demo", "--organisation", company.ORGANISATION)
        loaded: dict[str, Any] = json.loads(self.broker.command("load", str(document), "--invites", "--json"))
        write_private(self.folder / "services.json", json.dumps(loaded["secrets"]))
        return loaded

    def _listen(self, kit: Kit) -> None:
        """Listen on both loopback addresses: browsers take `localhost` for either."""
        for host in ("127.0.0.1", "::1"):
            try:
                server = DemoServer(host, self.ports.door, broker_port=self.ports.broker, kit=kit)
            except OSError as error:
                if error.errno in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                    continue  # a machine without IPv6
                raise DemoError(f"port {self.ports.door} cannot be used: {error.strerror}") from error
            self._servers.append(server)
            threading.Thread(target=server.serve_forever, name=f"door-{host}", daemon=True).start()
