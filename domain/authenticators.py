"""Security keys: what is kept of them.

Answers: which facts does a verified ceremony yield? The checks themselves are
in ``authn``; why one is refused is ``domain.key_refusals``.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

_AAGUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}(?:\1[0-9a-f]{4}){3}[0-9a-f]{8}\Z", re.ASCII)


def read_aaguid(text: object) -> str | None:
    """Return the AAGUID that *text* is, as a lower-case UUID; None if it is none.

    ``uuid.UUID`` takes braces, and underscores for digits: a denial that was
    misspelt so would deny another model.
    """
    plain = text.strip().lower() if isinstance(text, str) else ""
    if not _AAGUID.match(plain):
        return None
    return str(uuid.UUID(plain))


@dataclass(frozen=True, slots=True)
class Anchor:
    """A certificate that the operator trusts to vouch for one key model.

    *aaguid* is the lower-case UUID of the model. *certificate* is DER: a root,
    an intermediate, or the attestation certificate itself.
    """

    aaguid: str
    certificate: bytes
    label: str


@dataclass(frozen=True, slots=True)
class VerifiedRegistration:
    """A credential made on a trusted key model, with its touch and PIN.

    *public_key* is COSE. *attestation_object*, *leaf_der* and *leaf_sha256*
    (hex) are the evidence to keep. *transports_hint* is the client's unsigned
    word. *serial* is what an enterprise attestation says, else None;
    *min_pin_length* and *cred_protect* are what the key reports, signed, if it
    does. Uniqueness over all people is not checked here.
    """

    credential_id: bytes
    public_key: bytes
    algorithm: int
    sign_count: int
    aaguid: str
    transports_hint: tuple[str, ...]
    attestation_object: bytes
    leaf_der: bytes
    leaf_sha256: str
    backup_eligible: bool
    user_verified: bool
    serial: bytes | None
    min_pin_length: int | None
    cred_protect: int | None


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """A challenge signed by a known credential, with its touch and PIN.

    *sign_count_stored* is the counter that the credential's row showed when
    the assertion was verified: the value to compare and swap against. Client
    data, authenticator data and signature are the full evidence of the tap.
    *attachment_hint* (platform, cross-platform) and *remote_hint* (members
    that speak of a remote desktop) are the client's word: they may count
    against a session and never for it.
    """

    credential_id: bytes
    sign_count: int
    sign_count_stored: int
    user_verified: bool
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    attachment_hint: str | None
    remote_hint: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredCredential:
    """What is known of a registered credential. *public_key* is COSE, *id* ours."""

    id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    algorithm: int
