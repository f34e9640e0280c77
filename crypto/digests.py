"""SHA-256, in the one spelling the product uses: 64 lower-case hexadecimal digits."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from crypto.canonical import canonical_json


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of *data* in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def secret_digest(secret: str) -> str:
    """Return what is stored of a random secret (session, code, token, invite).

    The secrets are at least 160 random bits, so that no salt or stretching is
    needed: there is nothing to guess.
    """
    return sha256_hex(secret.encode())


def json_digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of *value*."""
    return sha256_hex(canonical_json(value))


def equal(left: str, right: str) -> bool:
    """Compare two digests or tokens without telling by the time where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())
