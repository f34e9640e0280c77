"""A device and what it may say to its broker: enrol, poll, report.

Answers: which sessions want a report, and was mine accepted? Takes facts as a
value, so a simulation can send facts of its own through the same door. Does
not collect (``collect``) and does not repeat (``loop``).
Source: ``docs/agent.md``, wire protocol; JWS compact serialisation, RFC 7515.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
from joserfc import jws
from joserfc.jwk import ECKey

from . import __version__, state
from .errors import BrokerUnreachable, StateError
from .transport import broker_address, call, new_client

POLL_LIFETIME_SECONDS = 60
REPORT_LIFETIME_SECONDS = 120

POLL_TYPE = "doorward-poll+jwt"
REPORT_TYPE = "doorward-posture+jwt"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One open session of this device's person, and the nonce of its next report."""

    session: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Poll:
    """The open sessions, when to ask again and how long a report counts (seconds)."""

    sessions: tuple[OpenSession, ...]
    poll_after: float
    report_after: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """The broker took a report. *binding* is ``D1`` (same address as the session) or ``D0``."""

    binding: str
    next_nonce: str


class Device:
    """A key, a name and, once enrolled, the broker that knows them.

    *client* and *headers* can be given, for a simulation or a proxy of one's
    own; the headers go with every request. *clock* returns Unix seconds.
    """

    def __init__(
        self,
        state_dir: Path,
        key: ECKey,
        record: state.Record,
        *,
        client: httpx.Client | None = None,
        headers: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.state_dir = state_dir
        self._key = key
        self._record = record
        self._client = client
        self._headers = dict(headers or {})
        self._clock = clock

    @classmethod
    def create(cls, state_dir: Path, name: str, **injected: Any) -> Self:
        """Make a new device key in *state_dir*. Raises StateError if one is there."""
        record = state.Record(name=name)
        return cls(state_dir, state.create(state_dir, record), record, **injected)

    @classmethod
    def load(cls, state_dir: Path, **injected: Any) -> Self:
        """Open the device kept in *state_dir*. Raises StateError if it cannot be trusted."""
        key, record = state.load(state_dir)
        return cls(state_dir, key, record, **injected)

    @property
    def name(self) -> str:
        return self._record.name

    @property
    def broker(self) -> str:
        """The address this device reports to, empty until enrolment."""
        return self._record.broker

    @property
    def device_id(self) -> str:
        """What the broker calls this device, empty until enrolment."""
        return self._record.device_id

    @property
    def thumbprint(self) -> str:
        """The key's RFC 7638 thumbprint, to be compared by whoever approves the device."""
        return self._key.thumbprint()

    def public_jwk(self) -> dict[str, Any]:
        """Return the public key and nothing else."""
        jwk = self._key.as_dict(private=False)
        return {member: jwk[member] for member in ("kty", "crv", "x", "y")}

    def enrol(self, base_url: str, code: str, platform: Mapping[str, str] | None = None) -> str:
        """Hand the public key to the broker with a one-time code; return the state it is in.

        Refuses a broker that names itself otherwise than *base_url*: reports
        carry that name as audience, and a broker that could choose another's
        name could pass our signatures on.
        """
        if self.device_id:
            raise StateError(f"already enrolled with {self.broker} as {self.device_id}")
        broker = broker_address(base_url)
        body = {"code": code, "jwk": self.public_jwk(), "name": self.name, "platform": dict(platform or {})}
        answer = self._call(
            broker, "POST", "/agent/v1/enrolments", _json(body), {"Content-Type": "application/json"}
        )
        device_id, issuer = _text(answer, "device_id"), _text(answer, "issuer")
        if issuer.rstrip("/") != broker:
            raise StateError(f"the broker at {broker} calls itself {issuer}: enrol with that address")
        record = state.Record(name=self.name, broker=broker, device_id=device_id)
        state.save(self.state_dir, record)
        self._record = record
        return _text(answer, "state")

    def sessions(self) -> Poll:
        """Ask which sessions want a report. Raises BrokerRefused, e.g. ``device-pending``."""
        issued = int(self._clock())
        bearer = self._sign(
            POLL_TYPE,
            {"iat": issued, "exp": issued + POLL_LIFETIME_SECONDS, "jti": secrets.token_urlsafe(16)},
        )
        answer = self._call(
            self._enrolled(), "GET", "/agent/v1/sessions", None, {"Authorization": f"Bearer {bearer}"}
        )
        listed = answer.get("sessions")
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
            raise BrokerUnreachable("the broker's answer lacks a list of `sessions`")
        return Poll(
            sessions=tuple(OpenSession(_text(item, "session"), _text(item, "nonce")) for item in listed),
            poll_after=_seconds(answer, "poll_after", least=5),
            report_after=_seconds(answer, "report_after", least=10),
        )

    def report(self, session: str, nonce: str, facts: Mapping[str, Any]) -> Receipt:
        """Sign *facts* for one session and nonce and send them.

        An absent fact means that it could not be determined. Raises
        BrokerRefused, e.g. ``report-replayed`` when the nonce was used before.
        """
        issued = int(self._clock())
        claims = {
            "iat": issued,
            "exp": issued + REPORT_LIFETIME_SECONDS,
            "nonce": nonce,
            "sid": session,
            "facts": dict(facts),
        }
        answer = self._call(
            self._enrolled(),
            "POST",
            "/agent/v1/reports",
            self._sign(REPORT_TYPE, claims).encode("ascii"),
            {"Content-Type": "application/jwt"},
        )
        if answer.get("accepted") is not True:
            raise BrokerUnreachable("the broker neither accepted nor refused the report")
        return Receipt(binding=_text(answer, "binding"), next_nonce=_text(answer, "next_nonce"))

    def close(self) -> None:
        """Close the HTTP client, whoever made it."""
        if self._client is not None:
            self._client.close()

    def _enrolled(self) -> str:
        if not self.device_id:
            raise StateError("this device is not enrolled yet")
        return self.broker

    def _sign(self, kind: str, claims: Mapping[str, Any]) -> str:
        self._enrolled()
        payload = {"iss": self.device_id, "aud": self.broker, **claims}
        header = {"alg": "ES256", "kid": self.device_id, "typ": kind}
        return jws.serialize_compact(header, _json(payload), self._key, algorithms=["ES256"])

    def _call(
        self, broker: str, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        if self._client is None:
            self._client = new_client(broker)
        sent = {
            "Accept": "application/json",
            "User-Agent": f"doorward-agent/{__version__}",
            **self._headers,
            **headers,
        }
        return call(self._client, method, broker + path, headers=sent, content=content)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _text(answer: Mapping[str, Any], member: str) -> str:
    value = answer.get(member)
    if not isinstance(value, str) or not value:
        raise BrokerUnreachable(f"the broker's answer lacks `{member}`")
    return value


def _seconds(answer: Mapping[str, Any], member: str, *, least: int) -> float:
    """Read a number of seconds, held between *least* and an hour: a typo must not make us hammer or sleep."""
    value = answer.get(member)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value == value:
        raise BrokerUnreachable(f"the broker's answer lacks `{member}`")
    return float(min(max(value, least), 3600))
