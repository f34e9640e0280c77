"""Read authenticator data: the part of an answer that the key itself wrote.

Answers: for which relying party, with which touch, PIN, counter and
credential? Read by position and to the last byte; CBOR is never encoded again
to find where it ended.
Source: Web Authentication Level 3, sections 6.1 and 6.5.1.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from authn.encoding import cbor_item
from authn.presented import MAX_CREDENTIAL_ID
from authn.refused import Refused
from domain.key_refusals import KeyRefusal, Refusal

_UP, _UV, _BE, _BS, _AT, _ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
_HEADER = 37
_ATTESTED_HEADER = 18


@dataclass(frozen=True, slots=True)
class AttestedCredential:
    """The new credential inside a registration. *public_key* is COSE as the key wrote it."""

    aaguid: str
    credential_id: bytes
    public_key: bytes


@dataclass(frozen=True, slots=True)
class AuthenticatorData:
    """The fields of authenticator data, read, not judged. *raw* is what the key signed."""

    raw: bytes
    rp_id_hash: bytes
    flags: int
    sign_count: int
    attested: AttestedCredential | None
    extensions: Mapping[Any, Any]

    @property
    def user_present(self) -> bool:
        return bool(self.flags & _UP)

    @property
    def user_verified(self) -> bool:
        return bool(self.flags & _UV)

    @property
    def backup_eligible(self) -> bool:
        return bool(self.flags & _BE)

    @property
    def backed_up(self) -> bool:
        return bool(self.flags & _BS)

    @property
    def min_pin_length(self) -> int | None:
        """The least PIN length that the key takes, if it says so."""
        return self._number("minPinLength")

    @property
    def cred_protect(self) -> int | None:
        """The protection that the key gave the new credential, if it says so."""
        return self._number("credProtect")

    def answer_findings(self, rp_id: str) -> Iterator[Refusal]:
        """Yield why this is no answer for *rp_id*."""
        if not hmac.compare_digest(self.rp_id_hash, hashlib.sha256(rp_id.encode()).digest()):
            yield Refusal(KeyRefusal.RP_MISMATCH, f"the key did not answer for {rp_id}"[:200])

    def flag_findings(self) -> Iterator[Refusal]:
        """Yield what the flags do not prove: touch, that no copy can exist, PIN."""
        if not self.user_present:
            yield Refusal(KeyRefusal.NO_TOUCH)
        if self.backup_eligible:
            yield Refusal(KeyRefusal.SYNCED)
        elif self.backed_up:
            yield Refusal(KeyRefusal.BACKUP_STATE, "backed up without being eligible")
        if not self.user_verified:
            yield Refusal(KeyRefusal.NO_PIN)

    def _number(self, name: str) -> int | None:
        value = self.extensions.get(name)
        return value if type(value) is int else None


def read_authenticator_data(raw: bytes) -> AuthenticatorData:
    """Return the fields of *raw*; raise Refused if they do not fill it exactly."""
    if len(raw) < _HEADER:
        raise Refused(KeyRefusal.MALFORMED, "authenticator data is too short")
    flags = raw[32]
    attested, end = _attested(raw) if flags & _AT else (None, _HEADER)
    extensions: Any = {}
    if flags & _ED:
        extensions, end = cbor_item(raw, end)
        if not isinstance(extensions, dict):
            raise Refused(KeyRefusal.MALFORMED, "extensions are not a map")
    if end != len(raw):
        raise Refused(KeyRefusal.MALFORMED, f"{len(raw) - end} bytes follow the authenticator data")
    return AuthenticatorData(raw, raw[:32], flags, int.from_bytes(raw[33:37], "big"), attested, extensions)


def _attested(raw: bytes) -> tuple[AttestedCredential, int]:
    start = _HEADER + _ATTESTED_HEADER
    if len(raw) < start:
        raise Refused(KeyRefusal.MALFORMED, "attested credential data is too short")
    length = int.from_bytes(raw[start - 2 : start], "big")
    if length > MAX_CREDENTIAL_ID:
        raise Refused(KeyRefusal.CREDENTIAL_ID_SIZE, f"{length} bytes")
    if length == 0 or len(raw) < start + length:
        raise Refused(KeyRefusal.MALFORMED, "the credential id is empty or cut off")
    _, end = cbor_item(raw, start + length)
    aaguid = str(uuid.UUID(bytes=raw[_HEADER : _HEADER + 16]))
    return AttestedCredential(aaguid, raw[start : start + length], raw[start + length : end]), end
