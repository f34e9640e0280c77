"""Judge an attestation certificate by itself.

Answers: does this certificate keep the rules for packed attestation, for which
model does it speak, which serial does it carry? Those for a TPM are in
``authn.tpm``; whether its issuer is trusted is ``authn.trust``.
Source: Web Authentication Level 3, sections 8.2 and 8.2.1; FIDO extension
``id-fido-gen-ce-aaguid`` and the enterprise serial of the same arc.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import TypeGuard

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP521R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from authn.cose import PublicKey
from authn.findings import Finding, finding_of
from authn.refused import Refused, refusing
from domain.key_refusals import KeyRefusal, Refusal

AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
SERIAL_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.2")

MAX_CERTIFICATES = 5

_ORGANIZATIONAL_UNIT = "Authenticator Attestation"
_OCTET_STRING = 0x04
_SHORT_LENGTH = 0x80
_RSA_MINIMUM_BITS = 2048

# SHA-256 of public keys (SPKI) whose private half is published. This one is the example of
# FIDO U2F Raw Message Formats 1.2; Chromium's virtual authenticator attests with it.
VIRTUAL_KEYS = frozenset({"c98993ec4f77b4997a081a5e5990c7cf6b0ceeb7b27bc7312a3cc351921531a9"})


def read_certificate(der: object) -> x509.Certificate:
    """Return the certificate in *der*; raise Refused if it is none."""
    if not isinstance(der, bytes):
        raise Refused(KeyRefusal.MALFORMED, "a certificate is not bytes")
    with refusing(KeyRefusal.ATTESTATION_CERTIFICATE):
        return x509.load_der_x509_certificate(der)


def read_chain(x5c: object) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a statement, the attestation certificate first; raise Refused otherwise."""
    if not isinstance(x5c, list) or not x5c:
        raise Refused(KeyRefusal.MALFORMED, "x5c is not a list of certificates")
    if len(x5c) > MAX_CERTIFICATES:
        raise Refused(KeyRefusal.TOO_LARGE, f"more than {MAX_CERTIFICATES} certificates")
    return tuple(read_certificate(der) for der in x5c)


def key_digest(certificate: x509.Certificate) -> str:
    """Return the SHA-256 (hex) of the certificate's public key (SPKI)."""
    with refusing(KeyRefusal.ATTESTATION_CERTIFICATE):
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def is_virtual(chain: Sequence[x509.Certificate]) -> bool:
    """Return whether a key in *chain* is known to belong to a program."""
    return any(key_digest(certificate) in VIRTUAL_KEYS for certificate in chain)


def packed_leaf_finding(certificate: x509.Certificate) -> Finding:
    """Return which rule for certificates of packed attestation is broken."""
    return finding_of(KeyRefusal.ATTESTATION_CERTIFICATE, lambda: _check_rules(certificate))


def model_finding(certificate: x509.Certificate, *, aaguid: str, required: bool) -> Finding:
    """Return why *certificate* does not speak for *aaguid*; *required*: it must name a model."""
    try:
        certified = certified_aaguid(certificate)
    except Refused as refused:
        return refused.refusal
    if certified is None and required:
        return Refusal(KeyRefusal.AAGUID_EXTENSION_MISSING)
    if certified not in (None, aaguid):
        return Refusal(KeyRefusal.AAGUID_MISMATCH, f"certificate {certified}, key {aaguid}")
    return None


def certified_aaguid(certificate: x509.Certificate) -> str | None:
    """Return the AAGUID that the certificate names, or None if it names none."""
    with refusing(KeyRefusal.ATTESTATION_CERTIFICATE):
        extension = _extension(certificate, AAGUID_EXTENSION)
        if extension is None:
            return None
        if extension.critical:
            raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, "the AAGUID extension is critical")
        return str(uuid.UUID(bytes=_octets(extension)))


def enterprise_serial(certificate: x509.Certificate) -> bytes | None:
    """Return the serial of an enterprise attestation, or None if there is none."""
    with refusing(KeyRefusal.ATTESTATION_CERTIFICATE):
        extension = _extension(certificate, SERIAL_EXTENSION)
        return None if extension is None else _octets(extension)


def statement_algorithm_fits(key: CertificatePublicKeyTypes, algorithm: object) -> TypeGuard[PublicKey]:
    """Return whether a statement signed with *algorithm* (COSE) fits the *key* of its certificate."""
    match algorithm:
        case -7:
            return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
        case -36:
            return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP521R1)
        case -8:
            return isinstance(key, Ed25519PublicKey)
        case -257:
            return isinstance(key, RSAPublicKey) and key.key_size >= _RSA_MINIMUM_BITS
        case _:
            return False


def _check_rules(certificate: x509.Certificate) -> None:
    if certificate.version is not x509.Version.v3:
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, "not version 3")
    subject = certificate.subject
    country, organization, common_name = (
        _values(subject, oid)
        for oid in (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    )
    if len(country) != 1 or len(country[0]) != 2 or not country[0].isalpha():
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, "the subject has no country")
    if not any(organization) or not any(common_name):
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, "the subject has no organization or common name")
    if _values(subject, NameOID.ORGANIZATIONAL_UNIT_NAME) != [_ORGANIZATIONAL_UNIT]:
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, f"the unit is not {_ORGANIZATIONAL_UNIT}")
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    if constraints.ca:
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, "the certificate is a CA")


def _values(subject: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in subject.get_attributes_for_oid(oid)]


def _extension(
    certificate: x509.Certificate, oid: x509.ObjectIdentifier
) -> x509.Extension[x509.ExtensionType] | None:
    try:
        return certificate.extensions.get_extension_for_oid(oid)
    except x509.ExtensionNotFound:
        return None


def _octets(extension: x509.Extension[x509.ExtensionType]) -> bytes:
    """Return the content of the OCTET STRING that is the extension's value."""
    if not isinstance(extension.value, x509.UnrecognizedExtension):
        raise TypeError("an extension of this arc is not opaque")
    der = extension.value.value
    if len(der) < 2 or der[0] != _OCTET_STRING or der[1] >= _SHORT_LENGTH or der[1] != len(der) - 2:
        raise ValueError("the extension is not an OCTET STRING")
    return der[2:]
