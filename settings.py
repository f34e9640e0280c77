"""What an operator may set, declared once: name, type, unit, meaning, default.

Every setting is an environment variable `DOORWARD_…`. Unknown names are
refused (a misspelt one would silently do nothing), and all problems are
reported at once. Durations are ISO 8601, for example PT5M. Documented in
``docs/settings.md``; a test holds the two equal.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from domain.key_rules import Level, Protection

PREFIX = "DOORWARD_"
_KUBERNETES = re.compile(r"DOORWARD_(PORT|SERVICE_HOST|SERVICE_PORT|PORT_\d+_(TCP|UDP).*|SERVICE_PORT_.*)\Z")
COSE = {"ES256": -7, "EdDSA": -8, "ES512": -36, "RS256": -257}
"""The signatures that keys may be admitted with, by their COSE numbers (RFC 9053, RFC 8812)."""
_KUBERNETES_VALUE = re.compile(r"(tcp|udp)://|\d+\Z|[0-9a-fA-F:.]+\Z|(tcp|udp)\Z")


class SettingsInvalid(Exception):
    """One or more settings cannot be used; *problems* lists all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Settings(BaseModel):
    """All settings of one process."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public_url: str = "http://localhost:8080"
    """The one address of this deployment: token issuer, WebAuthn origin and accepted Host.

    https, or http on localhost.
    """

    rp_id: str = ""
    """WebAuthn relying party id. Empty: the host of the public URL. Fixed when the database is created."""

    database_url: str = "sqlite:///doorward.sqlite"
    """Where the state lives: sqlite:///FILE or postgresql://USER@HOST/NAME."""

    root_key_file: Path | None = None
    """File with the root key, mode 0600.

    Default on SQLite: beside the database, made at first start. Required on PostgreSQL.
    """

    checkpoint_file: Path | None = None
    """File that signed audit checkpoints are appended to.

    Default on SQLite: beside the database. Required on PostgreSQL.
    """

    decision_log: Path | None = None
    """Folder of this machine in which its processes keep what they answered until a worker imports it.

    Default on SQLite: beside the database. Required on PostgreSQL.
    """

    listen: str = "127.0.0.1:8080"
    """Address and port that `doorward serve` listens on."""

    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Number of worker processes."""

    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks whose proxies are believed about the client's address, parted by commas. Empty: nobody is."""

    proxy_header: Literal["x-forwarded-for", "x-real-ip", "doorwardclient"] = "x-forwarded-for"
    """The one header in which trusted proxies name the client. All others are ignored."""

    metrics_from: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    """Networks that may read /metrics, parted by commas. The socket's peer counts, never a header."""

    token_lifetime: timedelta = timedelta(minutes=5)
    """Longest life of an access token."""

    grant_lifetime: timedelta = timedelta(hours=1)
    """Longest life of a grant whose rule names no maximum."""

    session_idle: timedelta = timedelta(minutes=15)
    """A browser session ends after this long without a request."""

    session_lifetime: timedelta = timedelta(hours=12)
    """A browser session ends after this long, whatever happens."""

    key_formats: tuple[Literal["packed", "tpm"], ...] = ("packed",)
    """Formats of attestation that new keys may come with, parted by commas."""

    key_algorithms: tuple[str, ...] = ("ES256", "EdDSA")
    """Signatures that keys may make, parted by commas: ES256, EdDSA, ES512, RS256."""

    key_level: Level = Level.L1
    """Least certification by FIDO that a key model must have: L1, L1plus, L2, L2plus, L3 or L3plus."""

    key_protection: Protection = Protection.SECURE_ELEMENT
    """Where a key's private half must live: secure-element, or hardware for any protected hardware."""

    key_pin_length: Annotated[int, Field(ge=0, le=63)] = 0
    """Least PIN length that a new key must report. 0: none is asked for; few keys report one."""

    key_cred_protect: Annotated[int, Field(ge=0, le=3)] = 0
    """Least credProtect level that a new key must report. 0: none is asked for."""

    enterprise_attestation: bool = False
    """Ask new keys for their serial number. Works with keys whose maker burned our name into them."""

    key_inventory: bool = False
    """Only keys of the inventory, known by their serial number, may be registered."""

    metadata_url: str = ""
    """Where the worker fetches authenticator metadata from each day (https), for example FIDO's
    `https://mds3.fidoalliance.org/`. Empty: nothing is fetched."""

    metadata_grace: timedelta = timedelta(days=30)
    """How long authenticator metadata counts for new keys after the day on which it should be renewed."""

    reissue_cool_down: timedelta = timedelta(hours=24)
    """How long a new key waits after both touches for it, when somebody lost theirs."""

    presence_window: timedelta = timedelta(seconds=90)
    """How long a person has to answer an unannounced touch."""

    max_clock_difference: timedelta = timedelta(seconds=2)
    """Above this difference to the database's clock, /readyz fails and nothing is issued."""

    max_staleness: timedelta = timedelta(milliseconds=100)
    """How old the state may be by which PostgreSQL's brokers answer, and how long an end takes to return.

    Zero: the database is asked each time. On SQLite it always is."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity of what is logged. Logs hold no personal data at any level."""

    @field_validator("trusted_proxies", "metrics_from", "key_formats", "key_algorithms", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("key_algorithms")
    @classmethod
    def _algorithms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name == "ES384":
                raise ValueError("cannot hold ES384: the library that checks signatures lacks it")
            if name not in COSE:
                raise ValueError(f"holds `{name}`, which is none of {', '.join(COSE)}")
        if not value:
            raise ValueError("must name at least one")
        return value

    @field_validator("metadata_url")
    @classmethod
    def _metadata_url(cls, value: str) -> str:
        parts = urlsplit(value)
        local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}
        if value and not (parts.hostname and (parts.scheme == "https" or local)):
            raise ValueError("must be an https address")
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        local = parts.hostname in {"localhost", "127.0.0.1"}
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ValueError("must be an http or https address")
        if parts.scheme == "http" and not local:
            raise ValueError("must be https (http is accepted on localhost only)")
        if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
            raise ValueError("must be scheme, host and port only")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        try:
            backend = make_url(value).get_backend_name()
        except ArgumentError as error:
            raise ValueError("is not a database address") from error
        if backend not in {"sqlite", "postgresql"}:
            raise ValueError("must be sqlite or postgresql")
        if backend == "sqlite" and make_url(value).database in {None, "", ":memory:"}:
            raise ValueError("must name a file")
        return value

    @field_validator("listen")
    @classmethod
    def _listen(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError("must be HOST:PORT")
        return value

    @field_validator(
        "token_lifetime",
        "grant_lifetime",
        "session_idle",
        "session_lifetime",
        "metadata_grace",
        "reissue_cool_down",
        "presence_window",
        "max_clock_difference",
    )
    @classmethod
    def _positive(cls, value: timedelta) -> timedelta:
        if value <= timedelta(0):
            raise ValueError("must be longer than zero")
        return value

    @field_validator("max_staleness")
    @classmethod
    def _bound(cls, value: timedelta) -> timedelta:
        if not timedelta(0) <= value <= timedelta(seconds=5):
            raise ValueError("must be from zero to five seconds")
        return value

    @model_validator(mode="after")
    def _files(self) -> Settings:
        if make_url(self.database_url).get_backend_name() == "postgresql":
            for name in ("root_key_file", "checkpoint_file", "decision_log"):
                if getattr(self, name) is None:
                    raise ValueError(f"{PREFIX}{name.upper()} is required with PostgreSQL")
        return self

    @property
    def root_key(self) -> Path:
        return self.root_key_file or self._beside(".key")

    @property
    def checkpoints(self) -> Path:
        return self.checkpoint_file or self._beside(".checkpoints")

    @property
    def decisions(self) -> Path:
        return self.decision_log or self._beside(".decisions")

    @property
    def relying_party_id(self) -> str:
        return self.rp_id or str(urlsplit(self.public_url).hostname)

    def _beside(self, suffix: str) -> Path:
        return Path(str(make_url(self.database_url).database) + suffix)


def read_settings(environ: Mapping[str, str] = os.environ) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings and warnings. Raises SettingsInvalid with every problem at once.

    Kubernetes injects variables such as DOORWARD_PORT=tcp://… for a service
    named "doorward": those are ignored with a warning.
    """
    known = set(Settings.model_fields)
    values: dict[str, Any] = {}
    problems: list[str] = []
    warnings: list[str] = []
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable == "DOORWARD_TEST_VECTORS":
            continue
        name = variable[len(PREFIX) :].lower()
        if name in known and variable == variable.upper():
            values[name] = value
        elif _KUBERNETES.match(variable) and _KUBERNETES_VALUE.match(value):
            warnings.append(f"{variable} looks injected by Kubernetes and is ignored")
        else:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {PREFIX}{close[0].upper()}?" if close else ""
            problems.append(f"{variable} is not a setting{hint}")
    settings: Settings | None = None
    try:
        settings = Settings(**values)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            field = "".join(PREFIX + str(part).upper() + " " for part in found["loc"][:1])
            problems.append(field + found["msg"].removeprefix("Value error, "))
    if problems or settings is None:
        raise SettingsInvalid(problems)
    return settings, tuple(warnings)
