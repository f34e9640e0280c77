"""Make ceremonies with one defect each.

Answers: which bytes would a broken or lying key, browser or person present?
Every field of a forgery has the honest value by default; a test changes one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from authn.certificates import AAGUID_EXTENSION, SERIAL_EXTENSION
from demo.softkey import AttestationAuthority, opaque_extension
from demo.wire import (
    AT,
    ES256,
    UP,
    UV,
    CredentialKey,
    assertion_json,
    attestation_object,
    attested_credential,
    authenticator_data,
    client_data_hash,
    client_data_json,
    cose_key,
    registration_json,
    sign_with,
    to_base64url,
)
from domain.authenticators import Anchor, StoredCredential

# Certificates are made long before they are used, so that the library, which reads the
# machine's clock, finds them valid on any day.
MADE = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

RP_ID = "door.example"
ORIGIN = "https://door.example"
CHALLENGE = bytes(range(32))
AAGUID = "d0042a4d-0000-4000-8000-000000000001"
OTHER_AAGUID = "d0042a4d-0000-4000-8000-000000000002"
CREDENTIAL_ID = b"credential of the contractor".ljust(48, b".")
USER_HANDLE = b"handle of the contractor".ljust(32, b".")

AUTHORITY = AttestationAuthority.create(now=MADE, name="Honest Maker")
FOREIGN_AUTHORITY = AttestationAuthority.create(now=MADE, name="Foreign Maker")
CREDENTIAL_KEY = ec.generate_private_key(ec.SECP256R1())


def anchor(certificate: x509.Certificate, aaguid: str = AAGUID) -> Anchor:
    return Anchor(aaguid, certificate.public_bytes(Encoding.DER), "test")


ANCHORS = (anchor(AUTHORITY.certificate),)


@dataclass(frozen=True)
class Certificate:
    """An attestation certificate and its key, with what may be wrong about it."""

    unit: str | None = "Authenticator Attestation"
    country: str | None = "AA"
    organization: str | None = "Maker"
    common_name: str | None = "Batch"
    ca: bool | None = False
    aaguid: str | None = AAGUID
    aaguid_content: bytes | None = None
    aaguid_critical: bool = False
    serial: bytes | None = None
    ends: datetime = MADE + timedelta(days=3650)
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def issued_by(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> x509.Certificate:
        return self._builder(certificate.subject).sign(key, SHA256())

    def self_signed(self) -> x509.Certificate:
        return self._builder(self._subject()).sign(self.key, SHA256())

    def _subject(self) -> x509.Name:
        parts = (
            (NameOID.COUNTRY_NAME, self.country),
            (NameOID.ORGANIZATION_NAME, self.organization),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, self.unit),
            (NameOID.COMMON_NAME, self.common_name),
        )
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value is not None])

    def _builder(self, issuer: x509.Name) -> x509.CertificateBuilder:
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._subject())
            .issuer_name(issuer)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(MADE)
            .not_valid_after(self.ends)
        )
        if self.ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(self.ca, None), critical=True)
        content = self.aaguid_content
        if content is None and self.aaguid is not None:
            content = uuid.UUID(self.aaguid).bytes
        if content is not None:
            extension = opaque_extension(AAGUID_EXTENSION, content)
            builder = builder.add_extension(extension, critical=self.aaguid_critical)
        if self.serial is not None:
            builder = builder.add_extension(opaque_extension(SERIAL_EXTENSION, self.serial), critical=False)
        return builder


@dataclass(frozen=True)
class Registration:
    """A registration response. *statement* replaces members; None removes one. *hints* are unsigned."""

    kind: str = "webauthn.create"
    origin: str = ORIGIN
    challenge: str = to_base64url(CHALLENGE)
    client: dict[str, Any] = field(default_factory=dict)
    client_data: bytes | None = None
    rp_id: str = RP_ID
    flags: int = UP | UV | AT
    counter: int = 1
    aaguid: str = AAGUID
    credential_id: bytes = CREDENTIAL_ID
    response_id: bytes | None = None
    public_key: bytes = field(default_factory=lambda: cose_key(CREDENTIAL_KEY))
    after_key: bytes = b""
    attested: bool = True
    certificate: Certificate = field(default_factory=Certificate)
    chain: list[Any] | None = None
    authority: AttestationAuthority = AUTHORITY
    format: str = "packed"
    statement: dict[str, Any] | None = None
    signer: Any = None
    signed_with: int = ES256
    after_object: bytes = b""
    hints: dict[str, Any] = field(default_factory=dict)
    transports: list[Any] | None = field(default_factory=lambda: ["usb"])

    def presented(self) -> dict[str, Any]:
        client_data = self.client_data or client_data_json(
            self.kind, self.challenge, self.origin, **self.client
        )
        rest = attested_credential(self.aaguid, self.credential_id, self.public_key) if self.attested else b""
        data = authenticator_data(self.rp_id, self.flags, self.counter, rest + self.after_key)
        statement = self._statement(data + client_data_hash(client_data))
        attestation = attestation_object(self.format, statement, data) + self.after_object
        presented = registration_json(self.response_id or self.credential_id, client_data, attestation)
        presented["response"]["transports"] = self.transports
        return presented | self.hints

    def leaf(self) -> x509.Certificate:
        return self.certificate.issued_by(self.authority.key, self.authority.certificate)

    def _statement(self, signed: bytes) -> dict[str, Any]:
        if self.format != "packed":
            return self.statement or {}
        hash_algorithm = SHA512() if self.signed_with == -36 else SHA256()
        statement = {
            "alg": self.signed_with,
            "sig": (self.signer or self.certificate.key).sign(signed, ec.ECDSA(hash_algorithm)),
            "x5c": self.chain or [self.leaf().public_bytes(Encoding.DER)],
        } | (self.statement or {})
        return {name: value for name, value in statement.items() if value is not None}


@dataclass(frozen=True)
class Assertion:
    """An authentication response."""

    kind: str = "webauthn.get"
    origin: str = ORIGIN
    challenge: str = to_base64url(CHALLENGE)
    client: dict[str, Any] = field(default_factory=dict)
    client_data: bytes | None = None
    rp_id: str = RP_ID
    flags: int = UP | UV
    counter: int = 8
    rest: bytes = b""
    credential_id: bytes = CREDENTIAL_ID
    user_handle: bytes | None = None
    key: Any = CREDENTIAL_KEY
    signature: bytes | None = None

    def presented(self) -> dict[str, Any]:
        client_data = self.client_data or client_data_json(
            self.kind, self.challenge, self.origin, **self.client
        )
        data = authenticator_data(self.rp_id, self.flags, self.counter, self.rest)
        signature = self.signature or sign_with(self.key, data + client_data_hash(client_data))
        return assertion_json(self.credential_id, client_data, data, signature, self.user_handle)


def stored(key: CredentialKey = CREDENTIAL_KEY, **changes: Any) -> StoredCredential:
    """Return the credential as the honest registration left it, counter 7."""
    facts: dict[str, Any] = {
        "id": "cred_1",
        "credential_id": CREDENTIAL_ID,
        "public_key": cose_key(key),
        "sign_count": 7,
        "backup_eligible": False,
        "algorithm": ES256,
    }
    return StoredCredential(**(facts | changes))
