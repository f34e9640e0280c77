"""Compact JWS and JWT with ES256, by joserfc.

Answers: did this key sign these claims, as this type of token? Does not judge
`iss`, `aud` or times: callers compare the claims they rely on.
Source: RFC 7515 (JWS), RFC 7517 (JWK), RFC 7518, section 3.4 (ES256), RFC 8725
(best practice: explicit algorithm and type).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from crypto.secrets import from_base64url
from domain.plain_json import read_object

MAX_COMPACT_BYTES = 64 * 1024


class SignatureInvalid(Exception):
    """The token is malformed, of another type or algorithm, or not signed by the key."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private ES256 key with its id."""

    kid: str
    key: ECKey

    @classmethod
    def generate(cls, kid: str) -> Signer:
        return cls(kid, ECKey.generate_key("P-256", private=True))

    @classmethod
    def from_private_bytes(cls, kid: str, data: bytes) -> Signer:
        """Read what :meth:`private_bytes` gave."""
        return cls(kid, ECKey.import_key(json.loads(data)))

    def private_bytes(self) -> bytes:
        """Return the private key for wrapping; never log or store it bare."""
        return json.dumps(self.key.as_dict(private=True)).encode()

    def public_jwk(self) -> dict[str, Any]:
        """Return the public key as a JWK with `kid`, `use` and `alg`."""
        public = dict(self.key.as_dict(private=False))
        return {**public, "kid": self.kid, "use": "sig", "alg": "ES256"}

    def sign(self, claims: Mapping[str, Any], *, typ: str) -> str:
        """Return the compact JWS of *claims* with the explicit type *typ*."""
        header = {"alg": "ES256", "kid": self.kid, "typ": typ}
        payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
        return jws.serialize_compact(header, payload, self.key, algorithms=["ES256"])


def unverified_header(token: str) -> dict[str, Any]:
    """Return the header, to look a key up by `kid`. Proves nothing. Raises SignatureInvalid."""
    if len(token) > MAX_COMPACT_BYTES or token.count(".") != 2:
        raise SignatureInvalid("not a compact JWS")
    return json_object(token.split(".", 1)[0])


def verify(token: str, jwk: Mapping[str, Any], *, typ: str | tuple[str, ...]) -> dict[str, Any]:
    """Return the claims of *token* if the public *jwk* signed it with ES256 as *typ*.

    Refuses duplicate members, critical headers and every other algorithm; the
    header's own `jwk`, `jku` and `x5c` are never used. Raises SignatureInvalid.
    """
    header = unverified_header(token)
    types = (typ,) if isinstance(typ, str) else typ
    if header.get("alg") != "ES256" or header.get("typ") not in types or "crit" in header:
        raise SignatureInvalid("the token is of another type or algorithm")
    try:
        verified = jws.deserialize_compact(token, public_key(jwk), algorithms=["ES256"])
    except (JoseError, ValueError) as error:
        raise SignatureInvalid("the signature does not match") from error
    if verified.payload is None:
        raise SignatureInvalid("the token has no payload")
    return json_object(token.split(".")[1])


def public_key(jwk: Mapping[str, Any]) -> ECKey:
    """Import a public P-256 key, refusing private or foreign members. Raises SignatureInvalid."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise SignatureInvalid("the key must be a public EC key on P-256")
    try:
        return ECKey.import_key({name: str(jwk[name]) for name in ("kty", "crv", "x", "y")})
    except (JoseError, ValueError, KeyError) as error:
        raise SignatureInvalid("the key cannot be read") from error


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the key's thumbprint (RFC 7638, SHA-256, base64url)."""
    return str(public_key(jwk).thumbprint())


def json_object(segment: str) -> dict[str, Any]:
    """Return the JSON object in a base64url *segment*, each member once. Raises SignatureInvalid."""
    try:
        return read_object(from_base64url(segment))
    except ValueError as error:
        raise SignatureInvalid("a segment is not a plain JSON object") from error
