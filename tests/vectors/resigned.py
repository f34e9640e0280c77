"""Sign the published vectors again, with the private keys that the specification publishes.

Answers: how would the key of the vector have answered without its defect, or
with exactly one other?
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from demo.softkey import AttestationAuthority
from demo.wire import (
    AT,
    UP,
    UV,
    assertion_json,
    attestation_object,
    from_base64url,
    registration_json,
    to_base64url,
)
from tests.authn.forgery import Assertion, Certificate, Registration
from tests.authn.soft_tpm import Tpm
from tests.vectors.source import vectors

CURVES: dict[int, ec.EllipticCurve] = {-7: ec.SECP256R1(), -36: ec.SECP521R1()}


@dataclass(frozen=True)
class Vector:
    """One published pair of ceremonies, with the authority of all of them."""

    published: dict[str, Any]
    members: dict[str, Any]

    @classmethod
    def named(cls, name: str) -> Vector:
        published = vectors("webauthn_l3.json")
        return cls(published, next(one for one in published["vectors"] if one["id"] == name))

    @property
    def aaguid(self) -> str:
        return str(uuid.UUID(hex=self.members["registration"]["aaguid"]))

    @property
    def credential_id(self) -> bytes:
        return bytes.fromhex(self.members["registration"]["credential_id"])

    @property
    def public_key(self) -> bytes:
        return bytes.fromhex(self.members["derived"]["credential_public_key_cose"])

    @property
    def algorithm(self) -> int:
        return int(self.members["derived"]["cose_alg"])

    @property
    def eligible(self) -> bool:
        return bool(self.members["derived"]["registration_flags"] & 0x08)

    def challenge(self, ceremony: str) -> bytes:
        return bytes.fromhex(self.members[ceremony]["challenge"])

    @property
    def authority(self) -> AttestationAuthority:
        shared = self.published["shared"]
        return AttestationAuthority(
            ec.derive_private_key(int(shared["attestation_ca_key"], 16), ec.SECP256R1()),
            x509.load_der_x509_certificate(bytes.fromhex(shared["attestation_ca_cert"])),
        )

    @property
    def key(self) -> Any:
        """The private key of the credential."""
        registration = self.members["registration"]
        if self.algorithm == -8:
            return ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(registration["private_key"]))
        return ec.derive_private_key(int(registration["credential_private_key"], 16), CURVES[self.algorithm])

    @property
    def attestation_key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(
            int(self.members["registration"]["attestation_private_key"], 16), ec.SECP256R1()
        )

    def registration(self, **changes: Any) -> dict[str, Any]:
        """Return a registration of this credential by a new key of the published authority."""
        honest = Registration(
            origin=self.published["origin"],
            rp_id=self.published["rp_id"],
            challenge=to_base64url(self.challenge("registration")),
            aaguid=self.aaguid,
            credential_id=self.credential_id,
            public_key=self.public_key,
            certificate=self.certificate(),
            authority=self.authority,
        )
        return replace(honest, **changes).presented()

    def certificate(self, **changes: Any) -> Certificate:
        return replace(Certificate(aaguid=self.aaguid), **changes)

    def assertion(self, **changes: Any) -> dict[str, Any]:
        """Return an assertion by the published credential key, with *changes*."""
        honest = Assertion(
            origin=self.published["origin"],
            rp_id=self.published["rp_id"],
            challenge=to_base64url(self.challenge("authentication")),
            credential_id=self.credential_id,
            key=self.key,
            counter=0,
        )
        return replace(honest, **changes).presented()

    def mended_registration(self) -> dict[str, Any]:
        """Return the published registration with nothing but its flags mended, signed again."""
        response = self.members["registration_response_json"]["response"]
        client_data = from_base64url(response["clientDataJSON"])
        parts = cbor2.loads(from_base64url(response["attestationObject"]))
        data = parts["authData"][:32] + bytes([UP | UV | AT]) + parts["authData"][33:]
        if parts["fmt"] == "tpm":
            # Its certificate names a maker of nothing, and its key may leave the TPM.
            made = Tpm(authority=self.authority, credential=self.key).attest(data, client_data)
            return registration_json(self.credential_id, client_data, made)
        signed = data + hashlib.sha256(client_data).digest()
        signature = self.attestation_key.sign(signed, ec.ECDSA(SHA256()))
        mended = attestation_object(parts["fmt"], parts["attStmt"] | {"sig": signature}, data)
        return registration_json(self.credential_id, client_data, mended)

    def mended_authentication(self) -> dict[str, Any]:
        """Return the published authentication with nothing but its flags mended, signed again."""
        client_data = bytes.fromhex(self.members["authentication"]["clientDataJSON"])
        published = bytes.fromhex(self.members["authentication"]["authenticatorData"])
        data = published[:32] + bytes([UP | UV]) + published[33:]
        signed = data + hashlib.sha256(client_data).digest()
        key = self.key
        if isinstance(key, ed25519.Ed25519PrivateKey):
            signature = key.sign(signed)
        else:
            signature = key.sign(signed, ec.ECDSA(SHA512() if self.algorithm == -36 else SHA256()))
        return assertion_json(self.credential_id, client_data, data, signature)
