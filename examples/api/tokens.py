"""Check an access token offline: signature by the broker's published keys, then every claim we rely on.

What this cannot see: that access was ended a moment ago. Until `exp` the token
passes. Source: RFC 9068, section 4.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

KEYS_FOR_SECONDS = 300


class Refused(Exception):
    """The token does not open this. The text says why, for the demonstration."""


class Keys:
    """The broker's signing keys, fetched when needed and kept for five minutes."""

    def __init__(self, issuer: str, http: httpx.Client) -> None:
        self._issuer = issuer
        self._http = http
        self._keys: KeySet | None = None
        self._fetched = 0.0

    def current(self) -> KeySet:
        if self._keys is None or time.monotonic() - self._fetched > KEYS_FOR_SECONDS:
            metadata = self._get(f"{self._issuer}/.well-known/oauth-authorization-server")
            if metadata.get("issuer") != self._issuer:
                raise Refused("the metadata is another issuer's")
            document: Any = self._get(str(metadata["jwks_uri"]))
            self._keys = KeySet.import_key_set(document)
            self._fetched = time.monotonic()
        return self._keys

    def _get(self, url: str) -> dict[str, Any]:
        response = self._http.get(url, timeout=5)
        response.raise_for_status()
        return dict(response.json())


def check(
    token: str,
    keys: Keys,
    *,
    issuer: str,
    audience: str,
    resource: str,
    action: str,
    now: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """Return the claims if the token opens *action* on *resource* here; raise Refused otherwise."""
    try:
        decoded = jwt.decode(token, keys.current(), algorithms=["ES256"])
    except (JoseError, ValueError) as error:
        raise Refused("the signature is not the broker's") from error
    claims = decoded.claims
    if decoded.header.get("typ") != "at+jwt":
        raise Refused("this is no access token")
    if claims.get("iss") != issuer or claims.get("aud") != audience:
        raise Refused("the token is for another service")
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= now():
        raise Refused("the token has run out")
    if "cnf" in claims:
        raise Refused("the token is bound to a key")
    if claims.get("resource") != resource or action not in str(claims.get("scope", "")).split():
        raise Refused("the token is for something else")
    return dict(claims)
