"""Random secrets that people and programs carry: base64url text behind a prefix.

The prefix says what leaked when one is found in a log or a repository.
"""

from __future__ import annotations

import base64

from domain.ports import Randomness


def base64url(data: bytes) -> str:
    """Return *data* as base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return the bytes of strict, unpadded base64url *text*. Raises ValueError."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64url(data) != text:
        raise ValueError("not canonical base64url")
    return data


def from_base64(text: str) -> bytes:
    """Return the bytes of strict, padded base64 *text* (RFC 4648, section 4). Raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def new_secret(prefix: str, randomness: Randomness, *, length: int = 32) -> str:
    """Return a new secret of *length* random bytes, for example ``dwi_…``."""
    return f"{prefix}_{base64url(randomness.bytes(length))}"
