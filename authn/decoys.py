"""Answer for people who do not exist.

Answers: which credentials do we name to somebody who claims an unknown name?
The same ones each time, of the lengths that keys use, so that a stranger
cannot tell the names of contractors by asking. The flow then runs the same
verification against :func:`decoy_credential`, which nothing can sign for.
Source: Web Authentication Level 3, section 14.6.2 (username enumeration).
"""

from __future__ import annotations

import hashlib
import hmac

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from authn.cose import ES256
from domain.authenticators import StoredCredential

# Lengths of the handles of common security keys; one person's keys are mostly of one model.
_LENGTHS = (48, 64, 96)


def decoy_ids(key: bytes, claimed_name: str, count: int) -> list[bytes]:
    """Return *count* credential ids that look real and stay the same for *claimed_name*.

    *key* is a secret of the deployment. The caller normalises the name as it
    does to look people up.
    """
    if not key:
        raise ValueError("without a key everybody could compute the decoys")
    length = _LENGTHS[_derive(key, claimed_name, "length", 1)[0] % len(_LENGTHS)]
    return [_derive(key, claimed_name, f"id {index}", length) for index in range(count)]


def decoy_credential(credential_id: bytes) -> StoredCredential:
    """Return a credential for *credential_id* whose private key nobody knows."""
    return StoredCredential(
        id="",
        credential_id=credential_id,
        public_key=_PUBLIC_KEY,
        sign_count=0,
        backup_eligible=False,
        algorithm=ES256,
    )


def _derive(key: bytes, name: str, purpose: str, length: int) -> bytes:
    message = f"{purpose}\0{name}".encode("utf-8", "surrogatepass")
    blocks = (hmac.digest(key, bytes([n]) + message, "sha512") for n in range(length // 64 + 1))
    return b"".join(blocks)[:length]


def _point_of_nobody() -> bytes:
    """Return a COSE key on P-256 whose x is a hash: no private key was ever made for it."""
    for attempt in range(256):
        x = hashlib.sha256(b"doorward decoy credential %d" % attempt).digest()
        try:
            point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x02" + x)
        except ValueError:
            continue
        y = point.public_numbers().y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: ES256, -1: 1, -2: x, -3: y})
    raise AssertionError("half of all x are on the curve")


_PUBLIC_KEY = _point_of_nobody()
