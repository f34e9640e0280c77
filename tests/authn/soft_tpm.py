"""Make attestation statements of a trusted platform module, with one defect each.

Source: Web Authentication Level 3, section 8.3; TPM 2.0 Library, part 2.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from authn.certificates import AAGUID_EXTENSION
from demo.softkey import opaque_extension
from demo.wire import (
    AT,
    UP,
    UV,
    attestation_object,
    attested_credential,
    authenticator_data,
    client_data_json,
    cose_key,
    registration_json,
    to_base64url,
)
from tests.authn.forgery import (
    AAGUID,
    AUTHORITY,
    CHALLENGE,
    CREDENTIAL_ID,
    CREDENTIAL_KEY,
    MADE,
    ORIGIN,
    RP_ID,
)

AIK = ObjectIdentifier("2.23.133.8.3")
STAYS = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 18
"""fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign."""


def sized(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


@dataclass(frozen=True)
class Tpm:
    """A TPM, its certificate, and a registration by it."""

    manufacturer: str | None = "id:494E5443"
    named: bool = True
    critical: bool = True
    subject: str | None = None
    usages: tuple[ObjectIdentifier, ...] = (AIK,)
    ca: bool = False
    aaguid_in_certificate: str | None = None
    attributes: int = STAYS
    magic: bytes = b"\xffTCG"
    kind: bytes = b"\x80\x17"
    name_algorithm: bytes = b"\x00\x0b"
    named_with: bytes | None = None
    curve: bytes = b"\x00\x03"
    after_info: bytes = b""
    after_area: bytes = b""
    extra: bytes | None = None
    aaguid: str = AAGUID
    flags: int = UP | UV | AT
    authority: Any = AUTHORITY
    aik: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    signer: Any = None
    credential: Any = CREDENTIAL_KEY
    certified: Any = None
    statement: dict[str, Any] = field(default_factory=dict)
    algorithm: int = -7

    def presented(self) -> dict[str, Any]:
        client_data = client_data_json("webauthn.create", to_base64url(CHALLENGE), ORIGIN)
        attested = attested_credential(self.aaguid, CREDENTIAL_ID, cose_key(self.credential))
        data = authenticator_data(RP_ID, self.flags, 1, attested)
        return registration_json(CREDENTIAL_ID, client_data, self.attest(data, client_data))

    def attest(self, data: bytes, client_data: bytes) -> bytes:
        """Return the attestation object over authenticator data and client data."""
        area = self.public_area()
        info = self.certify_info(area, hashlib.sha256(data + hashlib.sha256(client_data).digest()).digest())
        statement = {
            "ver": "2.0",
            "alg": self.algorithm,
            "x5c": [self.certificate().public_bytes(Encoding.DER)],
            "sig": (self.signer or self.aik).sign(info, ec.ECDSA(SHA256())),
            "certInfo": info,
            "pubArea": area,
        } | self.statement
        return attestation_object("tpm", {k: v for k, v in statement.items() if v is not None}, data)

    def public_area(self) -> bytes:
        point = (self.certified or self.credential).public_key().public_numbers()
        return (
            b"\x00\x23"
            + self.name_algorithm
            + self.attributes.to_bytes(4, "big")
            + sized(b"")
            + b"\x00\x10\x00\x10"
            + self.curve
            + b"\x00\x10"
            + sized(point.x.to_bytes(32, "big"))
            + sized(point.y.to_bytes(32, "big"))
            + self.after_area
        )

    def certify_info(self, area: bytes, digest: bytes) -> bytes:
        made_with = hashlib.sha1 if self.name_algorithm == b"\x00\x04" else hashlib.sha256
        name = (self.named_with or self.name_algorithm) + made_with(area).digest()
        return (
            self.magic
            + self.kind
            + sized(b"signer")
            + sized(self.extra if self.extra is not None else digest)
            + bytes(17)
            + bytes(8)
            + sized(name)
            + sized(b"")
            + self.after_info
        )

    def certificate(self) -> x509.Certificate:
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, self.subject)] if self.subject else []
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(self.authority.certificate.subject)
            .public_key(self.aik.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(MADE)
            .not_valid_after(MADE + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(self.ca, None), critical=True)
        )
        if self.named:
            parts = {"2.23.133.2.1": self.manufacturer, "2.23.133.2.2": "Soft", "2.23.133.2.3": "id:1"}
            name = x509.Name(
                [x509.NameAttribute(ObjectIdentifier(oid), text) for oid, text in parts.items() if text]
            )
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DirectoryName(name)]), critical=self.critical
            )
        if self.usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(list(self.usages)), critical=False)
        if self.aaguid_in_certificate:
            content = uuid.UUID(self.aaguid_in_certificate).bytes
            builder = builder.add_extension(opaque_extension(AAGUID_EXTENSION, content), critical=False)
        return builder.sign(self.authority.key, SHA256())
