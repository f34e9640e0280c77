"""How did the client present itself? One way, read strictly.

Answers: which client does this request claim to come from, and with which
proof? Does not check the proof of a secret (a flow compares digests); checks
an assertion's claims once its signature was verified against the registered
key. A request that uses two ways at once is refused.
Source: RFC 6749, sections 2.3 and 3.2.1; RFC 7523, section 3; OpenID Connect
Core 1.0, section 9.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from crypto.jws import SignatureInvalid, verify
from crypto.secrets import from_base64url
from tokens.refused import OAuthRefused

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_TYPS = ("JWT", "client-authentication+jwt")
MAX_ASSERTION_LIFE = timedelta(minutes=5)
MAX_SKEW = timedelta(seconds=30)
_NAME = re.compile(r"[\x20-\x7e]{1,128}\Z")
SECRET, KEY, PUBLIC = "client_secret", "private_key_jwt", "none"


@dataclass(frozen=True, slots=True)
class Presented:
    """A claim to be *client_id*, by *method*; *proof* is the secret or the assertion."""

    client_id: str
    method: str
    proof: str = ""


def invalid_client(description: str = "the client could not be authenticated") -> OAuthRefused:
    return OAuthRefused("invalid_client", description, status=401)


def read_presented(authorization: str, fields: Mapping[str, str]) -> Presented:
    """Return what the client presented. Raises OAuthRefused for none, two, or a malformed one."""
    assertion = fields.get("client_assertion")
    used = [bool(authorization), "client_secret" in fields, assertion is not None]
    if sum(used) > 1:
        raise OAuthRefused("invalid_request", "use one way of client authentication only")
    if authorization:
        presented = _basic(authorization)
        if fields.get("client_id", presented.client_id) != presented.client_id:
            raise OAuthRefused("invalid_request", "client_id is not the one of the credentials")
        return presented
    if assertion is not None:
        if fields.get("client_assertion_type") != ASSERTION_TYPE:
            raise invalid_client("client_assertion_type is not supported")
        issuer = _unverified_issuer(assertion)
        if fields.get("client_id", issuer) != issuer:
            raise OAuthRefused("invalid_request", "client_id is not the issuer of the assertion")
        return Presented(issuer, KEY, assertion)
    if "client_id" not in fields:
        raise invalid_client("no client credentials were sent")
    secret = fields.get("client_secret", "")
    return Presented(fields["client_id"], SECRET if secret else PUBLIC, secret)


def check_assertion(
    assertion: str,
    jwk: Mapping[str, Any],
    *,
    client_id: str,
    audiences: Collection[str],
    now: datetime,
) -> tuple[str, datetime]:
    """Return the assertion's `jti` and end. The caller lets each `jti` in once until then.

    Signed with ES256 by the registered key; `iss` and `sub` are the client;
    `aud` is exactly one of *audiences*; it ends within five minutes. Raises
    OAuthRefused.
    """
    try:
        claims = verify(assertion, jwk, typ=ASSERTION_TYPS)
    except (SignatureInvalid, RecursionError) as error:
        raise invalid_client() from error
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    jti = claims.get("jti")
    expires = _moment(claims, "exp")
    right = (
        claims.get("iss") == claims.get("sub") == client_id
        and isinstance(audience, str)
        and audience in audiences
        and isinstance(jti, str)
        and 8 <= len(jti) <= 256
        and now < expires <= now + MAX_ASSERTION_LIFE + MAX_SKEW
        and ("iat" not in claims or _moment(claims, "iat") <= now + MAX_SKEW)
        and ("nbf" not in claims or _moment(claims, "nbf") <= now + MAX_SKEW)
    )
    if not right:
        raise invalid_client()
    return str(jti), expires


def _basic(authorization: str) -> Presented:
    """Read HTTP Basic; name and secret are form-encoded inside (RFC 6749, section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client("the authorization scheme must be Basic")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except ValueError as error:
        raise invalid_client("the authorization header cannot be read") from error
    name, secret = (unquote_plus(part) for part in text.partition(":")[::2])
    if not _NAME.match(name) or not secret:
        raise invalid_client("the authorization header cannot be read")
    return Presented(name, SECRET, secret)


def _unverified_issuer(assertion: str) -> str:
    """Return who the assertion claims to come from, to look up the key. Proves nothing."""
    try:
        claims = json.loads(from_base64url(assertion.split(".")[1]))
        issuer = claims["iss"]
    except (ValueError, IndexError, KeyError, TypeError, RecursionError) as error:
        raise invalid_client("the assertion cannot be read") from error
    if not isinstance(issuer, str) or not _NAME.match(issuer):
        raise invalid_client("the assertion cannot be read")
    return issuer


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 33:
        raise invalid_client()
    return datetime.fromtimestamp(value, UTC)
