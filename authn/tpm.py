"""Judge a statement of a trusted platform module, where the operator admits that format.

Answers: did an attestation key of a TPM, certified as such, certify this very
credential key, and can the key not leave the TPM? The library checks the
certification; it does not compare lengths to the end, looks at the first key
usage only, and not at whether the key may be duplicated.
Source: Web Authentication Level 3, section 8.3; TPM 2.0 Library, part 2,
sections 8.3, 10.12 and 12.2; TCG EK Credential Profile, section 3.2.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AttestationStatement
from webauthn.helpers.tpm import map_tpm_manufacturer_id, parse_cert_info, parse_pub_area
from webauthn.helpers.tpm.structs import TPM_ALG
from webauthn.registration.formats.tpm import verify_tpm

from authn.certificates import statement_algorithm_fits
from authn.findings import Finding, finding_of
from authn.refused import Refused
from domain.key_refusals import KeyRefusal

TPM_MEMBERS = {"ver", "alg", "x5c", "sig", "certInfo", "pubArea"}

_AIK = ObjectIdentifier("2.23.133.8.3")
_MANUFACTURER = ObjectIdentifier("2.23.133.2.1")
_MODEL = ObjectIdentifier("2.23.133.2.2")
_VERSION = ObjectIdentifier("2.23.133.2.3")
_STATEMENT_ALGORITHMS = (-7, -257)
_NAME_ALGORITHMS = {TPM_ALG.SHA256, TPM_ALG.SHA384, TPM_ALG.SHA512}
_CLOCK_AND_FIRMWARE = 17 + 8


@dataclass(frozen=True, slots=True)
class TpmStatement:
    """A statement with what it is about: the whole attestation object, its key (COSE), the client data."""

    members: dict[str, Any]
    aik: x509.Certificate
    attestation_object: bytes
    public_key: bytes
    client_data: bytes


def tpm_findings(made: TpmStatement) -> tuple[Finding, ...]:
    """Return what speaks against the statement and its certificate; the chain is not checked here."""
    aik, statement = made.aik, made.members
    of_certificate = finding_of(KeyRefusal.ATTESTATION_CERTIFICATE, lambda: _check_certificate(aik))
    of_shape = finding_of(KeyRefusal.MALFORMED, lambda: _check_shape(statement))
    if of_certificate is not None or of_shape is not None:
        # The library names no reasons: what it would say again about these cannot be told apart.
        return of_certificate, of_shape
    return (
        finding_of(KeyRefusal.SYNCED, lambda: _check_stays(statement["pubArea"])),
        finding_of(KeyRefusal.ATTESTATION_SIGNATURE, lambda: _check_certified(made)),
    )


def _check_certificate(aik: x509.Certificate) -> None:
    """Raise unless *aik* keeps section 8.3.1."""
    if aik.version is not x509.Version.v3 or len(aik.subject):
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, "not version 3, or the subject is not empty")
    name = aik.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    directory = name.value.get_values_for_type(x509.DirectoryName)
    if not name.critical or len(directory) != 1:
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, "the alternative name is not as a TPM's")
    for oid in (_MANUFACTURER, _MODEL, _VERSION):
        if len(directory[0].get_attributes_for_oid(oid)) != 1:
            lacking = f"the alternative name lacks {oid.dotted_string}"
            raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, lacking)
    manufacturer = str(directory[0].get_attributes_for_oid(_MANUFACTURER)[0].value)
    try:
        map_tpm_manufacturer_id(manufacturer)
    except KeyError as error:
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, f"no maker of TPMs is {manufacturer}") from error
    if _AIK not in aik.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value:
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, "not for the attestation key of a TPM")
    if aik.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise Refused(KeyRefusal.ATTESTATION_CERTIFICATE, "the certificate is a CA")


def _check_shape(statement: dict[str, Any]) -> None:
    """Raise unless both structures are filled to their last byte by what they say of themselves."""
    certified, public = statement["certInfo"], statement["pubArea"]
    if not all(isinstance(statement[name], bytes) for name in ("certInfo", "pubArea", "sig")):
        raise Refused(KeyRefusal.MALFORMED, "a member of the TPM statement is not bytes")
    end = _sized(certified, _sized(certified, 6)) + _CLOCK_AND_FIRMWARE
    if _sized(certified, _sized(certified, end)) != len(certified):
        raise Refused(KeyRefusal.MALFORMED, "bytes follow certInfo")
    area = parse_pub_area(public)
    end = _sized(public, 8) + (10 if area.type is TPM_ALG.RSA else 8)
    end = _sized(public, end) if area.type is TPM_ALG.RSA else _sized(public, _sized(public, end))
    if end != len(public):
        raise Refused(KeyRefusal.MALFORMED, "bytes follow pubArea")


def _sized(data: bytes, start: int) -> int:
    """Return where the sized buffer that begins at *start* ends."""
    end = start + 2 + int.from_bytes(data[start : start + 2], "big")
    if end > len(data):
        raise Refused(KeyRefusal.MALFORMED, "a buffer of the TPM is cut off")
    return end


def _check_stays(public_area: bytes) -> None:
    attributes = parse_pub_area(public_area).object_attributes
    if not (attributes.fixed_tpm and attributes.fixed_parent and attributes.sensitive_data_origin):
        raise Refused(KeyRefusal.SYNCED, "the key was not made in this TPM, or may leave it")


def _check_certified(made: TpmStatement) -> None:
    statement = made.members
    algorithm, key = statement["alg"], made.aik.public_key()
    if algorithm not in _STATEMENT_ALGORITHMS or not statement_algorithm_fits(key, algorithm):
        raise Refused(KeyRefusal.ATTESTATION_SIGNATURE, "the algorithm does not fit the certificate")
    area, certified = parse_pub_area(statement["pubArea"]), parse_cert_info(statement["certInfo"])
    if area.name_alg not in _NAME_ALGORITHMS or certified.attested.name_alg is not area.name_alg:
        raise Refused(KeyRefusal.ATTESTATION_SIGNATURE, "the key's name is not made by SHA-2")
    verify_tpm(
        attestation_statement=AttestationStatement(
            ver=statement["ver"],
            alg=COSEAlgorithmIdentifier(algorithm),
            x5c=statement["x5c"],
            sig=statement["sig"],
            cert_info=statement["certInfo"],
            pub_area=statement["pubArea"],
        ),
        attestation_object=made.attestation_object,
        client_data_json=made.client_data,
        credential_public_key=made.public_key,
        # The library gets no roots on purpose: authn.trust checks the chain, at our time and
        # to the anchors of this model.
        pem_root_certs_bytes=[],
    )
