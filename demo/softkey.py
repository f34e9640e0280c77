"""A security key made of software, for the demo and for tests.

Answers: what would a browser with a certified key have answered to these
options? A soft key keeps its private keys in memory or in a file, so it proves
nothing: a broker accepts it only where an operator trusts its authority.
Source: Web Authentication Level 3, sections 6.3 and 8.2.1.
"""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from demo.wire import (
    AT,
    EDDSA,
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
    from_base64url,
    registration_json,
    sign_with,
    to_base64url,
)

_AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_SERIAL_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.2")
_LIFETIME = timedelta(days=3650)
_CREDENTIAL_ID = 48


class NotAllowed(Exception):
    """The key refuses, as a browser would with NotAllowedError or InvalidStateError."""


def subject(unit: str, common_name: str) -> x509.Name:
    """Return a certificate subject with the parts that attestation asks for."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "AA"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Doorward Demo"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def opaque_extension(oid: x509.ObjectIdentifier, content: bytes) -> x509.UnrecognizedExtension:
    """Return an extension whose value is an OCTET STRING of *content*."""
    return x509.UnrecognizedExtension(oid, bytes([0x04, len(content)]) + content)


@dataclass(frozen=True)
class AttestationAuthority:
    """The maker of soft keys: a certificate authority of its own."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, *, now: datetime, name: str = "Doorward Demo Key Maker") -> AttestationAuthority:
        """Return a new authority, valid from the day before *now* for ten years."""
        key = ec.generate_private_key(ec.SECP256R1())
        name_of_both = subject("Authenticator Attestation CA", name)
        builder = certificate_builder(name_of_both, name_of_both, key, now, ca=True)
        return cls(key, builder.sign(key, SHA256()))

    @property
    def certificate_pem(self) -> str:
        """The root certificate: what an operator trusts for the AAGUIDs of its keys."""
        return self.certificate.public_bytes(Encoding.PEM).decode("ascii")

    def issue_leaf(
        self, aaguid: str, *, now: datetime, serial: bytes | None = None
    ) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """Return a new attestation key for the model *aaguid* and its certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = subject("Authenticator Attestation", f"Soft Key {aaguid[:8]}")
        builder = certificate_builder(name, self.certificate.subject, key, now, ca=False).add_extension(
            opaque_extension(_AAGUID_EXTENSION, uuid.UUID(aaguid).bytes), critical=False
        )
        if serial is not None:
            builder = builder.add_extension(opaque_extension(_SERIAL_EXTENSION, serial), critical=False)
        return key, builder.sign(self.key, SHA256())

    def save(self, folder: Path) -> None:
        """Write ``authority.key`` (readable by the owner only) and ``authority.pem``."""
        folder.mkdir(parents=True, exist_ok=True)
        secret = folder / "authority.key"
        secret.touch(mode=0o600)
        secret.write_text(_key_pem(self.key))
        (folder / "authority.pem").write_text(self.certificate_pem)

    @classmethod
    def load(cls, folder: Path) -> AttestationAuthority:
        """Return the authority that :meth:`save` wrote to *folder*."""
        key = load_pem_private_key((folder / "authority.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(key, x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes()))


@dataclass
class SoftCredential:
    """One credential on a soft key."""

    id: bytes
    rp_id: str
    user_handle: bytes
    key: CredentialKey


@dataclass
class SoftKey:
    """A key of the model *aaguid*: its attestation, its credentials, one counter for all.

    Like many real keys it counts over all its credentials, so that a counter
    can rise by more than one between two ceremonies of one broker.
    """

    aaguid: str
    attestation_key: ec.EllipticCurvePrivateKey
    chain: list[bytes]
    credentials: list[SoftCredential] = field(default_factory=list)
    counter: int = 0

    @classmethod
    def create(
        cls, authority: AttestationAuthority, aaguid: str, *, now: datetime, serial: bytes | None = None
    ) -> SoftKey:
        """Return a new key of the model *aaguid*, made by *authority*."""
        key, leaf = authority.issue_leaf(aaguid, now=now, serial=serial)
        return cls(str(uuid.UUID(aaguid)), key, [leaf.public_bytes(Encoding.DER)])

    def register(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """Answer creation options on the page *origin*: RegistrationResponseJSON."""
        rp_id = options["rp"]["id"]
        _check_rp(rp_id, origin)
        if self._find(rp_id, options.get("excludeCredentials", [])):
            raise NotAllowed("this key is already registered")
        credential = SoftCredential(
            id=secrets.token_bytes(_CREDENTIAL_ID),
            rp_id=rp_id,
            user_handle=from_base64url(options["user"]["id"]),
            key=_new_key([parameter["alg"] for parameter in options["pubKeyCredParams"]]),
        )
        self.credentials.append(credential)
        self.counter += 1
        client_data = client_data_json("webauthn.create", options["challenge"], origin)
        attested = attested_credential(self.aaguid, credential.id, cose_key(credential.key))
        data = authenticator_data(rp_id, UP | UV | AT, self.counter, attested)
        signature = self.attestation_key.sign(data + client_data_hash(client_data), ec.ECDSA(SHA256()))
        statement = {"alg": ES256, "sig": signature, "x5c": self.chain}
        return registration_json(credential.id, client_data, attestation_object("packed", statement, data))

    def sign(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """Answer request options on the page *origin*: AuthenticationResponseJSON."""
        rp_id = options["rpId"]
        _check_rp(rp_id, origin)
        credential = self._find(rp_id, options["allowCredentials"])
        if credential is None:
            raise NotAllowed("this key holds none of the credentials asked for")
        self.counter += 1
        client_data = client_data_json("webauthn.get", options["challenge"], origin)
        data = authenticator_data(rp_id, UP | UV, self.counter)
        signature = sign_with(credential.key, data + client_data_hash(client_data))
        return assertion_json(credential.id, client_data, data, signature)

    def to_json(self) -> str:
        """Return the key with all its secrets, for :meth:`from_json`."""
        return json.dumps(
            {
                "aaguid": self.aaguid,
                "attestation_key": _key_pem(self.attestation_key),
                "chain": [to_base64url(certificate) for certificate in self.chain],
                "counter": self.counter,
                "credentials": [
                    {
                        "id": to_base64url(credential.id),
                        "rp_id": credential.rp_id,
                        "user_handle": to_base64url(credential.user_handle),
                        "key": _key_pem(credential.key),
                    }
                    for credential in self.credentials
                ],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> SoftKey:
        """Return the key that :meth:`to_json` wrote."""
        saved = json.loads(text)
        attestation_key = _load_key(saved["attestation_key"])
        assert isinstance(attestation_key, ec.EllipticCurvePrivateKey)
        credentials = [
            SoftCredential(
                id=from_base64url(one["id"]),
                rp_id=one["rp_id"],
                user_handle=from_base64url(one["user_handle"]),
                key=_load_key(one["key"]),
            )
            for one in saved["credentials"]
        ]
        chain = [from_base64url(certificate) for certificate in saved["chain"]]
        return cls(saved["aaguid"], attestation_key, chain, credentials, saved["counter"])

    def _find(self, rp_id: str, descriptors: list[dict[str, Any]]) -> SoftCredential | None:
        wanted = {from_base64url(descriptor["id"]) for descriptor in descriptors}
        return next((c for c in self.credentials if c.rp_id == rp_id and c.id in wanted), None)


def certificate_builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, *, ca: bool
) -> x509.CertificateBuilder:
    """Return a certificate to be signed, valid from the day before *now* for ten years."""
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )


def _check_rp(rp_id: str, origin: str) -> None:
    host = urlsplit(origin).hostname or ""
    if host != rp_id and not host.endswith("." + rp_id):
        raise NotAllowed(f"{origin} may not ask for {rp_id}")


def _new_key(algorithms: list[int]) -> CredentialKey:
    for algorithm in algorithms:
        if algorithm == ES256:
            return ec.generate_private_key(ec.SECP256R1())
        if algorithm == EDDSA:
            return ed25519.Ed25519PrivateKey.generate()
    raise NotAllowed("this key knows none of the algorithms asked for")


def _key_pem(key: CredentialKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _load_key(pem: str) -> CredentialKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
    return key
