"""The bytes and JSON that a security key and its browser write.

Answers: how does each part of a ceremony look on the wire? Each function
writes what it is given, right or wrong.
Source: Web Authentication Level 3, sections 5.1, 5.8.1, 6.1, 6.5 and 8.2.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

ES256, EDDSA = -7, -8
UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80

CredentialKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def to_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def client_data_hash(client_data: bytes) -> bytes:
    return hashlib.sha256(client_data).digest()


def client_data_json(kind: str, challenge: str, origin: str, **more: Any) -> bytes:
    """Return clientDataJSON; *more* adds or replaces members."""
    members = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False} | more
    return json.dumps(members, separators=(",", ":")).encode()


def authenticator_data(rp_id: str, flags: int, counter: int, rest: bytes = b"") -> bytes:
    """Return authenticator data; *rest* is the attested credential and the extensions."""
    return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + counter.to_bytes(4, "big") + rest


def attested_credential(aaguid: str, credential_id: bytes, public_key: bytes) -> bytes:
    """Return attested credential data. *public_key* is COSE."""
    return uuid.UUID(aaguid).bytes + len(credential_id).to_bytes(2, "big") + credential_id + public_key


def cose_key(key: CredentialKey) -> bytes:
    """Return the COSE public key of *key*: ES256 on P-256, or EdDSA on Ed25519."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return cbor2.dumps({1: 1, 3: EDDSA, -1: 6, -2: key.public_key().public_bytes_raw()})
    point = key.public_key().public_numbers()
    return cbor2.dumps(
        {1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
    )


def sign_with(key: CredentialKey, message: bytes) -> bytes:
    """Return the signature of a credential's key."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ec.ECDSA(SHA256()))


def attestation_object(name: str, statement: dict[str, Any], data: bytes) -> bytes:
    """Return an attestation object of the format *name*."""
    return cbor2.dumps({"fmt": name, "attStmt": statement, "authData": data})


def registration_json(credential_id: bytes, client_data: bytes, attestation: bytes) -> dict[str, Any]:
    """Return what ``PublicKeyCredential.toJSON()`` gives after a registration."""
    response = {
        "clientDataJSON": to_base64url(client_data),
        "attestationObject": to_base64url(attestation),
        "transports": ["usb"],
    }
    return _credential_json(credential_id, response)


def assertion_json(
    credential_id: bytes, client_data: bytes, data: bytes, signature: bytes, user_handle: bytes | None = None
) -> dict[str, Any]:
    """Return what ``PublicKeyCredential.toJSON()`` gives after an assertion."""
    response = {
        "clientDataJSON": to_base64url(client_data),
        "authenticatorData": to_base64url(data),
        "signature": to_base64url(signature),
    }
    if user_handle is not None:
        response["userHandle"] = to_base64url(user_handle)
    return _credential_json(credential_id, response)


def _credential_json(credential_id: bytes, response: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": to_base64url(credential_id),
        "rawId": to_base64url(credential_id),
        "type": "public-key",
        "authenticatorAttachment": "cross-platform",
        "clientExtensionResults": {},
        "response": response,
    }
