"""The client side of OAuth: send the person off, check what comes back, exchange the code.

Code flow with PKCE (RFC 7636), one resource (RFC 8707), and the issuer compared
in the answer (RFC 9207). `state` and verifier are kept on this side and used once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx


@dataclass(frozen=True, slots=True)
class Config:
    """Where the broker and the API are, and who we are."""

    issuer: str
    client_id: str
    client_secret: str
    own_url: str
    api_url: str
    resource: str = "data:customer-logs"
    scope: str = "read"

    @property
    def redirect_uri(self) -> str:
        return f"{self.own_url}/callback"


@dataclass(frozen=True, slots=True)
class Journey:
    """What we must remember while the person is away."""

    state: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and when it runs out, by our clock."""

    text: str
    expires_at: float


class Declined(Exception):
    """We came back without a token; the text can be shown."""


def set_out(config: Config) -> tuple[Journey, str]:
    """Return what to remember and where to send the browser."""
    journey = Journey(secrets.token_urlsafe(24), secrets.token_urlsafe(48))
    digest = hashlib.sha256(journey.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": config.client_id,
        "redirect_uri": config.redirect_uri,
        "scope": config.scope,
        "resource": config.resource,
        "state": journey.state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return journey, f"{config.issuer}/oauth/authorize?{urlencode(query)}"


def come_back(
    config: Config,
    journey: Journey | None,
    answer: Mapping[str, str],
    http: httpx.Client,
    now: Callable[[], float] = time.time,
) -> Token:
    """Check the answer and exchange its code. Raises Declined."""
    if journey is None or not hmac.compare_digest(journey.state, answer.get("state", "")):
        raise Declined("This answer does not belong to a journey that started here. Start again.")
    if answer.get("iss") != config.issuer:
        raise Declined("This answer came from somebody else than Doorward.")
    if "code" not in answer:
        raise Declined(
            "Doorward did not open the logs: " + answer.get("error_description", "no reason given")
        )
    body = _post(
        config,
        http,
        "/oauth/token",
        {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": config.redirect_uri,
            "code_verifier": journey.verifier,
        },
    )
    if "access_token" not in body:
        raise Declined("The code could not be exchanged: " + str(body.get("error_description", "no reason")))
    return Token(str(body["access_token"]), now() + int(body["expires_in"]))


def give_back(config: Config, token: Token, http: httpx.Client) -> None:
    """Tell Doorward that we do not need the token any more (RFC 7009)."""
    _post(config, http, "/oauth/revoke", {"token": token.text})


def _post(config: Config, http: httpx.Client, path: str, fields: dict[str, str]) -> dict[str, Any]:
    response = http.post(
        config.issuer + path, data=fields, auth=(config.client_id, config.client_secret), timeout=5
    )
    return dict(response.json())
