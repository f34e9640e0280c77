"""Real proxies in front of a small application, and the real broker that they ask.

Answers: is everything configured as the files that the documents show say, and
gone afterwards? Only names, ports and the secret in them are put in their place.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from demo.children import Children, free_port

EXAMPLES = Path(__file__).parents[2] / "examples" / "proxies"
PROXIES = ("nginx", "caddy", "apache")
_LUA = Path("/usr/share/lua/5.3/socket/http.lua")
_MODULES = Path("/usr/lib/apache2/modules")
_APACHE = ("mpm_event", "authz_core", "headers", "proxy", "proxy_http", "lua")
Header = tuple[str, str]


@dataclass(frozen=True)
class Answer:
    """What a client got, and what of it the application saw (nothing if it was not asked)."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def seen(self) -> dict[str, Any] | None:
        return json.loads(self.text) if self.headers.get("application") == "echo" else None

    @property
    def identity(self) -> list[str]:
        """Return every value that the application may take for the person's id."""
        assert self.seen is not None
        return [value for name, value in self.seen["headers"] if name.lower() == "doorwardsubject"]


class _Echo(BaseHTTPRequestHandler):
    """The application: it tells what it got."""

    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):
            super().handle_one_request()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = {
            "method": self.command, "path": self.path, "headers": list(self.headers.items()),
            "body": body.decode(),
        }  # fmt: skip
        page = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Application", "echo")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_TRACE = _answer

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Gate:
    """Three proxies, each with the site and, at *shut*, with one whose broker is down."""

    folder: Path
    broker_port: int
    secrets: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PROXIES})
    shut: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PROXIES})
    application: int = 0
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def origin(self, proxy: str) -> str:
        return f"http://{proxy}.localhost:{self.ports[proxy]}"

    def start(self) -> None:
        for proxy in PROXIES:
            sites = [self._site(proxy, self.ports[proxy], self.broker_port),
                     self._site(proxy, self.shut[proxy], free_port())]  # fmt: skip
            home = self.folder / proxy
            command = getattr(self, f"_{proxy}")(home, sites)
            with (home / "log").open("wb") as log:
                child = subprocess.Popen(
                    command, cwd=home, stdout=log, stderr=log, start_new_session=True,
                    env=os.environ | dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(home)),
                )  # fmt: skip
            self._running.append(child)
        for proxy in PROXIES:
            _until_it_listens(self.ports[proxy], self.folder / proxy / "log")
        _until_it_listens(self.broker_port, self.folder / "logs" / "broker.log", seconds=60)

    def stop(self) -> None:
        for child in self._running:
            child.terminate()
        for child in self._running:
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=10)
            child.kill()
            child.wait()

    def _site(self, proxy: str, port: int, broker: int) -> tuple[str, str]:
        """Return the configuration and the script of one site, as the example has them."""
        name = {"nginx": "nginx.conf", "caddy": "Caddyfile", "apache": "apache.conf"}[proxy]
        script = self.folder / proxy / f"{port}.lua"
        told, host = f"{proxy}.localhost:{port}", f"{proxy}.localhost"
        texts = [(EXAMPLES / each).read_text(encoding="utf-8") for each in (name, "doorward.lua")]
        for old, new in (
            ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
            ("server_name wiki.example.org", f"server_name {host}"),
            ("ServerName wiki.example.org", f"ServerName {host}"),
            ("<VirtualHost *:443>", f"<VirtualHost 127.0.0.1:{port}>"),
            ("    SSLEngine on\n", ""),
            ("\nwiki.example.org {", f"\nhttp://{host}:{port} {{\n\tbind 127.0.0.1"),
            ("wiki.example.org", told),
            ("DoorwardProto https", "DoorwardProto http"),
            ('DoorwardProto "https"', 'DoorwardProto "http"'),
            (f'"{told}", "https"', f'"{told}", "http"'),
            ("127.0.0.1:9000", f"127.0.0.1:{self.application}"),
            ("127.0.0.1:8080", f"127.0.0.1:{broker}"),
            ("doorward.example.org", f"localhost:{self.broker_port}"),
            ("dwp_secret", self.secrets[proxy]),
            ("/etc/apache2/doorward.lua", str(script)),
        ):
            texts = [text.replace(old, new) for text in texts]
        assert "example.org" not in "".join(
            line for line in texts[0].splitlines() if not line.startswith("#")
        )
        return texts[0], texts[1]

    def _nginx(self, home: Path, sites: list[tuple[str, str]]) -> list[str]:
        user = "user root;\n" if os.geteuid() == 0 else ""
        temporary = "".join(f"{kind}_temp_path {home}/{kind};\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
        home.mkdir()
        (home / "nginx.conf").write_text(
            f"daemon off;\nworker_processes 1;\n{user}pid {home}/pid;\nerror_log stderr;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{temporary}" + "".join(site for site, _ in sites) + "}\n"
        )
        return [_tool("nginx"), "-p", str(home), "-c", str(home / "nginx.conf")]

    def _caddy(self, home: Path, sites: list[tuple[str, str]]) -> list[str]:
        home.mkdir()
        (home / "Caddyfile").write_text(
            "{\n\tadmin off\n\tauto_https off\n}\n" + "".join(s for s, _ in sites)
        )
        return [_tool("caddy"), "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"]

    def _apache(self, home: Path, sites: list[tuple[str, str]]) -> list[str]:
        home.mkdir()
        user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
        modules = "".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n" for name in _APACHE)
        ports = "".join(f"Listen 127.0.0.1:{ports['apache']}\n" for ports in (self.ports, self.shut))
        for port, (_, script) in zip((self.ports["apache"], self.shut["apache"]), sites, strict=True):
            (home / f"{port}.lua").write_text(script)
        (home / "apache.conf").write_text(
            f"{modules}{user}ServerRoot {home}\nDefaultRuntimeDir {home}\nPidFile {home}/pid\n"
            f"ServerName localhost\nErrorLog {home}/error.log\n{ports}" + "".join(site for site, _ in sites)
        )
        return [_tool("apache2"), "-f", str(home / "apache.conf"), "-DFOREGROUND"]


@contextmanager
def serving(folder: Path, broker: dict[str, str], gate: Gate) -> Iterator[None]:
    """Run the broker of these settings and the application, and stop them and the proxies behind the block.

    The broker may still be starting when the block begins: ``Gate.start`` waits for it.
    """
    children = Children(folder / "logs")
    echo = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    gate.application = echo.server_address[1]
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    try:
        children.start("broker", ["cli", "serve"], broker)
        yield
    finally:
        gate.stop()
        children.stop()
        echo.shutdown()
        echo.server_close()


def require_proxies() -> None:
    """Skip, or in CI fail, where one of them is not installed."""
    missing = [name for name in ("nginx", "caddy", "apache2") if shutil.which(name, path=_path()) is None]
    missing += [] if _LUA.exists() else ["lua-socket"]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"required in CI: {', '.join(missing)} (make system)")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (make system)")


def send(
    port: int, host: str, path: str = "/docs/a", method: str = "GET", *headers: Header, body: str = ""
) -> Answer:
    """Send one request, with exactly these headers in this order, and the path as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in (
            ("Host", host),
            *headers,
            *([("Content-Length", str(len(body)))] if body else []),
        ):
            connection.putheader(name, value)
        connection.endheaders(body.encode() or None)
        got = connection.getresponse()
        told: dict[str, str] = {}
        for name, value in got.getheaders():
            told[name.lower()] = f"{told[name.lower()]}, {value}" if name.lower() in told else value
        return Answer(got.status, told, got.read().decode())
    finally:
        connection.close()


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def _tool(name: str) -> str:
    return str(shutil.which(name, path=_path()))


def _until_it_listens(port: int, log: Path, *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError):
            send(port, "nobody.localhost")
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text(errors="replace"))
