"""Programs that ask: the example portal, and a service that speaks to the broker by itself.

Answers what a service gets, for the played journey to compare.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from demo.services import API, PORTAL, RESOURCE, address


@dataclass(frozen=True, slots=True)
class Errand:
    """One authorization request of the portal: where to go, and the secret half of PKCE."""

    path: str
    verifier: str
    redirect_uri: str

    @classmethod
    def prepare(cls, portal_port: int) -> Errand:
        """Return a request to read the resource."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        redirect_uri = address(portal_port) + "/callback"
        fields = {
            "response_type": "code",
            "client_id": PORTAL,
            "redirect_uri": redirect_uri,
            "scope": "read",
            "resource": RESOURCE,
            "state": secrets.token_urlsafe(8),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return cls("/oauth/authorize?" + urlencode(fields), verifier, redirect_uri)

    def code(self, url: str) -> str:
        """Return the code that the broker sent along to *url*. Raises LookupError."""
        told = parse_qs(urlsplit(url).query)
        if not url.startswith(self.redirect_uri + "?") or "code" not in told:
            raise LookupError(f"the broker sent no code, but to {url}")
        return told["code"][0]


class Program:
    """Requests without a browser. *secrets_* are the services' secrets by name."""

    def __init__(self, origin: str, secrets_: Mapping[str, str]) -> None:
        self._origin = origin
        self._secrets = secrets_
        self._http = httpx.Client(timeout=20, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def exchange(self, errand: Errand, code: str) -> tuple[int, dict[str, Any]]:
        """Exchange *code* for a token, as the portal."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": errand.redirect_uri,
            "code_verifier": errand.verifier,
        }
        answer = self._http.post(
            self._origin + "/oauth/token", data=fields, auth=(PORTAL, self._secrets[PORTAL])
        )
        return answer.status_code, dict(answer.json())

    def evaluate(self, person: str, **context: str) -> tuple[int, dict[str, Any]]:
        """Ask the decision point as the example API; print-ready by :meth:`as_curl`."""
        answer = self._http.post(
            self._origin + "/access/v1/evaluation",
            json=_question(person, context),
            headers={"Authorization": f"Bearer {self._secrets[API]}"},
        )
        return answer.status_code, dict(answer.json())

    def as_curl(self, person: str, **context: str) -> str:
        """Return the same question for a terminal."""
        body = json.dumps(_question(person, context))
        return (
            f"curl {self._origin}/access/v1/evaluation -H 'Authorization: Bearer SECRET' "
            f"-H 'Content-Type: application/json' -d '{body}'"
        )

    def status(self, url: str, **headers: str) -> int:
        """Return the status that *url* answers with."""
        return self._http.get(url, headers=headers).status_code


class Portal:
    """The example portal, as one browser sees it."""

    def __init__(self, port: int) -> None:
        self._http = httpx.Client(base_url=address(port), timeout=20, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def start(self) -> str:
        """Ask for the logs; return where the portal sends the browser."""
        return self._http.get("/start").headers["location"]

    def come_back(self, url: str) -> None:
        """Follow the broker's redirect to the portal."""
        self._http.get(url)

    def doors(self) -> dict[str, Any]:
        """Return what the portal holds, and what the two doors of its API say."""
        return dict(self._http.get("/status").json())


def claims(token: str) -> dict[str, Any]:
    """Return what a token says, unverified: for telling, never for deciding."""
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def _question(person: str, context: Mapping[str, str]) -> dict[str, Any]:
    kind, _, name = RESOURCE.partition(":")
    return {
        "subject": {"type": "person", "id": person},
        "action": {"name": "read"},
        "resource": {"type": kind, "id": name},
        "context": dict(context),
    }
