"""What an access token says, and whether one that is presented is ours.

Answers: did we sign this, as an access token, for this audience, and is it in
its time? Does not know whether it was revoked, nor whether the person still
may: ask the live state. Tokens are known by `jti`, never by their text, which
may have more than one spelling.
Source: RFC 9068 (JWT access tokens); RFC 7519; RFC 8725.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crypto.jws import SignatureInvalid, Signer, unverified_header, verify

TYPE = "at+jwt"
SERVICE_SCOPE = "pdp"
MAX_TOKEN = 8 * 1024
MAX_SKEW = timedelta(seconds=5)
"""Brokers of one deployment whose clocks differ by more are not ready, and issue nothing."""


class TokenInvalid(Exception):
    """The token is not ours, not for this audience, or over. Says nothing about why to a caller."""


class TokenBound(TokenInvalid):
    """The token is bound to a key, and comes without a proof of it."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a person's access token says."""

    issuer: str
    person: str
    audience: str
    client_id: str
    jti: str
    resource: str
    actions: tuple[str, ...]
    grant: str
    issued_at: datetime
    expires_at: datetime
    authenticated_at: datetime
    tier: int

    def sign(self, signer: Signer) -> str:
        """Return the signed token. Raises ValueError for one that would live for no whole second."""
        if self.expires_at <= self.issued_at:
            raise ValueError("a token must end after it begins")
        claims = {
            "iss": self.issuer,
            "sub": self.person,
            "aud": self.audience,
            "client_id": self.client_id,
            "iat": int(self.issued_at.timestamp()),
            "exp": int(self.expires_at.timestamp()),
            "jti": self.jti,
            "scope": " ".join(self.actions),
            "resource": self.resource,
            "grant_id": self.grant,
            "auth_time": int(self.authenticated_at.timestamp()),
            "tier": self.tier,
        }
        return signer.sign(claims, typ=TYPE)


def sign_service_token(
    signer: Signer,
    *,
    issuer: str,
    client_id: str,
    epoch: int,
    jti: str,
    issued_at: datetime,
    expires_at: datetime,
) -> str:
    """Return a service's own token for the decision point: the audience is the broker itself."""
    claims = {
        "iss": issuer,
        "sub": client_id,
        "aud": issuer,
        "client_id": client_id,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": jti,
        "scope": SERVICE_SCOPE,
        "epoch": epoch,
    }
    return signer.sign(claims, typ=TYPE)


def read(
    token: str, keys: Iterable[Mapping[str, Any]], *, issuer: str, audience: str, now: datetime
) -> dict[str, Any]:
    """Return the claims of a token that we signed for *audience* and that is in its time.

    Raises TokenInvalid. *keys* are our own public keys: the key is looked up
    among them by `kid`, and nothing that the token brings along is used.
    """
    claims = _verified(token, keys)
    if claims.get("iss") != issuer or claims.get("aud") != audience:
        raise TokenInvalid("the token is another issuer's or for another audience")
    if "cnf" in claims:
        raise TokenBound("the token is bound to a key, and nobody here checks the binding")
    if not isinstance(claims.get("jti"), str) or not _moment(claims, "iat") - MAX_SKEW <= now < _moment(
        claims, "exp"
    ):
        raise TokenInvalid("the token is not in its time")
    return claims


def read_jti(token: str, keys: Iterable[Mapping[str, Any]], *, issuer: str) -> str:
    """Return the id of a token that we signed, whoever it is for and whether or not it is over."""
    claims = _verified(token, keys)
    jti = claims.get("jti")
    if claims.get("iss") != issuer or not isinstance(jti, str):
        raise TokenInvalid("the token is another issuer's")
    return jti


def _verified(token: str, keys: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    if len(token) > MAX_TOKEN or not token.isascii():
        raise TokenInvalid("the token is too long or not ASCII")
    try:
        kid = unverified_header(token).get("kid")
        key = next((key for key in keys if key["kid"] == kid), None)
        if key is None:
            raise TokenInvalid("the token names no key of ours")
        return verify(token, key, typ=TYPE)
    except (SignatureInvalid, RecursionError) as error:
        raise TokenInvalid("the token is not ours") from error


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 33:
        raise TokenInvalid(f"`{name}` is not a time")
    return datetime.fromtimestamp(value, UTC)
