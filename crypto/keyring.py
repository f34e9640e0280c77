"""The root key and what is derived from it.

One root key of 32 bytes lives outside the database (a file, mode 0600). HKDF
derives a key for each purpose; signing keys are stored wrapped with one of
them, so that a stolen database backup signs nothing.
Source: RFC 5869 (HKDF), NIST SP 800-38D (AES-GCM).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.secrets import base64url, from_base64url
from domain.errors import Unavailable
from domain.ports import Randomness

ROOT_KEY_BYTES = 32


class RootKeyUnusable(Unavailable):
    """The root key file is absent, readable by others, or not a key."""

    code = "root-key-unusable"


class KeyRing:
    """Derives keys by purpose and wraps secrets. Holds the root key in memory."""

    def __init__(self, root: bytes) -> None:
        if len(root) != ROOT_KEY_BYTES:
            raise RootKeyUnusable("the root key must be 32 bytes")
        self._root = root

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key for *purpose*; different purposes are independent."""
        hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"doorward/{purpose}/v1".encode())
        return hkdf.derive(self._root)

    def wrap(self, plaintext: bytes, *, purpose: str, context: str, randomness: Randomness) -> bytes:
        """Encrypt *plaintext* for storage. *context* (a row's id) is bound to the result."""
        nonce = randomness.bytes(12)
        sealed = AESGCM(self.derive(purpose)).encrypt(nonce, plaintext, context.encode())
        return nonce + sealed

    def unwrap(self, wrapped: bytes, *, purpose: str, context: str) -> bytes:
        """Decrypt what :meth:`wrap` made. Raises RootKeyUnusable for a foreign key or changed bytes."""
        try:
            return AESGCM(self.derive(purpose)).decrypt(wrapped[:12], wrapped[12:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise RootKeyUnusable(
                "the root key does not open what this database holds",
                remedy="Point DOORWARD_ROOT_KEY_FILE to the key this database was created with.",
            ) from error


def create_root_key(path: Path, randomness: Randomness) -> None:
    """Write a new root key to *path*, mode 0600. Raises FileExistsError rather than replace one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(base64url(randomness.bytes(ROOT_KEY_BYTES)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_root_key(path: Path) -> KeyRing:
    """Read the root key; refuse one that others may read."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RootKeyUnusable(f"the root key file `{path}` cannot be read") from error
    if stat.S_IMODE(mode) & 0o077:
        raise RootKeyUnusable(
            f"the root key file `{path}` can be read by others", remedy=f"Run: chmod 600 {path}"
        )
    try:
        return KeyRing(from_base64url(text))
    except ValueError as error:
        raise RootKeyUnusable(f"the root key file `{path}` does not hold a key") from error
