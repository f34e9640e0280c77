"""A real deployment for browsers to visit: the command line, the server, the example portal and its API.

Answers: is everything started as an operator would start it, and is everything
gone afterwards? Nothing in here reaches into the broker: it is other
processes, spoken to by `doorward` commands and over HTTP.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from demo.children import Children, free_port, run
from demo.softkey import AttestationAuthority

AAGUID = "d0042a2d-0000-4000-8000-00000000b0b0"
KEY_MODEL = "Test key (software)"
ORGANISATION = "Northlight Robotics"
LOGS, PORTAL, API = "data:customer-logs", "support-portal", "customer-logs"
RULES = """\
# Everybody in support may look at the status board.
p, board-read, role:support, read, svc:status-board, -, max 10m, allow
# The night shift reads customer logs.
p, logs-night, role:night-shift, read, data:customer-logs, -, max 10m, allow
# Telemetry asks for a laptop that reports and that nobody else drives.
p, telemetry-read, role:support, read, svc:telemetry, tier >= 2, max 10m, allow
"""
_POLICY = """
policy = '''
{rules}'''
"""
_DOCUMENT = """
[[networks]]
cidr = "127.0.0.0/8"
label = "office"
kind = "corporate"
country = "DE"
asn = 64501

[[services]]
name = "{api}"
title = "Customer logs"
audience = "{api_url}"
home_url = "{portal_url}"
prefixes = ["{logs}"]
actions = ["read"]

[[services]]
name = "{portal}"
title = "Support portal"
audience = "{portal_url}"
home_url = "{portal_url}"
redirect_uris = ["{portal_url}/callback"]

[[resources]]
id = "{logs}"
title = "Customer logs"
description = "What the grippers of customers wrote in the last 30 days."
actions = ["read"]
service = "{api}"

[[resources]]
id = "svc:status-board"
title = "Status board"
actions = ["read"]

[[resources]]
id = "svc:telemetry"
title = "Telemetry"
description = "What the robots in the hall measure."
actions = ["read"]
"""
_PERSON = """
[[people]]
login_name = {login}
display_name = {name}
roles = {roles}
"""
_ENGAGEMENT = """\
[people.engagement]
vendor = {vendor}
sponsor = "Asha Raman"
project = "Gripper"
starts = {starts}
ends = {ends}
"""
_BOOTSTRAP = re.compile(r"http://\S+/register/dwb_\S+")


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody whom the operator enters by `doorward load`."""

    login: str
    name: str
    roles: tuple[str, ...] = ("role:support",)
    vendor: str = "Brightside Staffing"
    """Empty for staff: no engagement then."""
    days: int = 40

    def toml(self) -> str:
        person = {"login": self.login, "name": self.name, "roles": list(self.roles)}
        text = _PERSON.format(**{key: json.dumps(value, ensure_ascii=False) for key, value in person.items()})
        if not self.vendor:
            return text
        now = datetime.now(UTC)
        return text + _ENGAGEMENT.format(
            vendor=json.dumps(self.vendor, ensure_ascii=False),
            starts=(now - timedelta(days=30)).isoformat(),
            ends=(now + timedelta(days=self.days)).isoformat(),
        )


@dataclass
class House:
    """One deployment in *folder*; *lifetime* is the longest of a token, *window* the time for a touch."""

    folder: Path
    lifetime: str = "PT5M"
    window: str = "PT90S"
    secrets: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    """What activates keys, by the link they are registered with."""

    def __post_init__(self) -> None:
        self.port, self.portal_port, self.api_port = free_port(), free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        self.portal_url = f"http://localhost:{self.portal_port}"
        self.api_url = f"http://localhost:{self.api_port}"
        self.children = Children(self.folder / "logs")
        self.authority = AttestationAuthority.create(now=datetime.now(UTC))

    @property
    def settings(self) -> dict[str, str]:
        """The environment that an operator would set."""
        return {
            "DOORWARD_PUBLIC_URL": self.url,
            "DOORWARD_DATABASE_URL": f"sqlite:///{self.folder / 'doorward.sqlite'}",
            "DOORWARD_LISTEN": f"127.0.0.1:{self.port}",
            "DOORWARD_TOKEN_LIFETIME": self.lifetime,
            "DOORWARD_PRESENCE_WINDOW": self.window,
        }

    def command(self, *words: str) -> str:
        """Run a `doorward` command to its end and return what it printed."""
        return run(["cli", *words], self.settings)

    def found(self) -> None:
        """Create the database and trust the maker of the soft keys."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.command("db", "create", "--organisation", ORGANISATION)
        anchor = self.folder / "maker.pem"
        anchor.write_text(self.authority.certificate_pem, encoding="ascii")
        self.command("keys", "trust", "add", AAGUID, str(anchor), "--label", KEY_MODEL)

    def load(self, *guests: Guest, rules: str = RULES, more: str = "") -> dict[str, str]:
        """Load the company and *guests*; return the invites by login name. Empty *rules* leave them alone."""
        text = (_POLICY.format(rules=rules) if rules else "") + _DOCUMENT.format(
            logs=LOGS, portal=PORTAL, api=API, portal_url=self.portal_url, api_url=self.api_url
        )
        document = self.folder / "company.toml"
        document.write_text(text + more + "".join(guest.toml() for guest in guests), encoding="utf-8")
        loaded: dict[str, Any] = json.loads(self.command("load", str(document), "--invites", "--json"))
        self.secrets |= loaded["secrets"]
        self.codes |= {link: loaded["codes"][login] for login, link in loaded["invites"].items()}
        return dict(loaded["invites"])

    def serve(self) -> None:
        """Start the broker and return when it is ready."""
        self.children.start("broker", ["cli", "serve"], self.settings)
        self.children.wait_for("broker", self.port, "/readyz")

    def serve_examples(self) -> None:
        """Start the portal and its API as their READMEs say."""
        common = ["--issuer", self.url, "--resource", LOGS]
        api = ["--audience", self.api_url, "--secret", self.secrets[API], "--port", str(self.api_port)]
        portal = ["--client-id", PORTAL, "--client-secret", self.secrets[PORTAL], "--api", self.api_url]
        self.children.start("api", ["examples.api", *common, *api], {})
        self.children.start(
            "portal", ["examples.webapp", *common, *portal, "--port", str(self.portal_port)], {}
        )
        self.children.wait_for("portal", self.portal_port, "/status")

    def bootstrap_link(self) -> str:
        """Return the link that the launcher prints on its standard error."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = _BOOTSTRAP.search(self.children.log("broker").read_text(encoding="utf-8"))
            if found is not None:
                return found[0]
            time.sleep(0.05)
        raise LookupError(f"no bootstrap link: {self.children.last_words('broker')}")

    def close(self) -> None:
        """Stop every process that was started."""
        self.children.stop()
