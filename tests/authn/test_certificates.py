"""The rules for an attestation certificate, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from authn.certificates import (
    certified_aaguid,
    enterprise_serial,
    model_finding,
    packed_leaf_finding,
    read_certificate,
    statement_algorithm_fits,
)
from authn.refused import Refused
from domain.key_refusals import KeyRefusal
from tests.authn.forgery import AAGUID, Certificate, Registration

K = KeyRefusal


def self_signed(**changes: Any) -> x509.Certificate:
    return Certificate(**changes).self_signed()


def made_for(key: object) -> x509.Certificate:
    return Registration(certificate=Certificate(key=key)).leaf()


@pytest.mark.parametrize(
    "changes",
    [
        {"country": "A1"},
        {"country": None},
        {"organization": None},
        {"common_name": None},
        {"unit": None},
        {"unit": "authenticator attestation"},
        {"ca": True},
        {"ca": None},
    ],
)
def test_a_certificate_outside_the_rules_is_refused(changes: dict[str, Any]) -> None:
    finding = packed_leaf_finding(self_signed(**changes))

    assert finding is not None
    assert finding.code is K.ATTESTATION_CERTIFICATE


@pytest.mark.parametrize("version", [0, 1, 3])
def test_a_certificate_of_another_version_is_refused(version: int) -> None:
    der = self_signed().public_bytes(Encoding.DER)
    other = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a0030201") + bytes([version]), 1)

    assert other != der
    with pytest.raises(Refused) as refused:
        _leaf_or_refused(other)

    assert refused.value.refusal.code is K.ATTESTATION_CERTIFICATE


def _leaf_or_refused(der: bytes) -> None:
    """Raise Refused whether reading or judging the certificate refuses it."""
    finding = packed_leaf_finding(read_certificate(der))
    if finding is not None:
        raise Refused(finding.code)


def test_what_a_certificate_says_is_read() -> None:
    certificate = self_signed(serial=b"S-7")

    assert packed_leaf_finding(certificate) is None
    assert model_finding(certificate, aaguid=AAGUID, required=True) is None
    assert certified_aaguid(certificate) == AAGUID
    assert enterprise_serial(certificate) == b"S-7"
    assert certified_aaguid(self_signed(aaguid=None)) is None
    assert enterprise_serial(self_signed()) is None


@pytest.mark.parametrize("der", [b"", b"0", None, "text"])
def test_what_is_no_certificate_is_refused(der: object) -> None:
    with pytest.raises(Refused):
        read_certificate(der)


def test_a_statement_s_algorithm_must_be_that_of_the_certificate_s_key() -> None:
    p256 = made_for(ec.generate_private_key(ec.SECP256R1()))
    p384 = made_for(ec.generate_private_key(ec.SECP384R1()))
    edwards = made_for(ed25519.Ed25519PrivateKey.generate())
    long, short = (made_for(rsa.generate_private_key(65537, size)) for size in (2048, 1024))

    fitting = [
        (name, algorithm)
        for name, certificate in {
            "P-256": p256,
            "P-384": p384,
            "Ed25519": edwards,
            "RSA": long,
            "short RSA": short,
        }.items()
        for algorithm in (-7, -8, -257, -65535, -36, None)
        if statement_algorithm_fits(certificate.public_key(), algorithm)
    ]
    assert fitting == [("P-256", -7), ("Ed25519", -8), ("RSA", -257)]
