"""A certificate is known again in every form that it may be presented in."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from authn.sameness import digests, issued_by
from tests.authn.forgery import MADE

CURVES = (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Maker")])


def certificate(key) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(MADE)
        .not_valid_after(MADE + timedelta(days=3650))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256())
    )


def twin(of: x509.Certificate, order: int) -> x509.Certificate:
    """Return the same certificate with the other form of its ECDSA signature, put together by hand."""
    r, s = decode_dss_signature(of.signature)
    der = of.public_bytes(Encoding.DER)
    before = der.index(of.tbs_certificate_bytes)
    rest = der[before + len(of.tbs_certificate_bytes) :]
    algorithm = rest[: 2 + rest[1]]
    signature = encode_dss_signature(r, order - s)
    body = of.tbs_certificate_bytes + algorithm + element(0x03, b"\0" + signature)
    return x509.load_der_x509_certificate(element(0x30, body))


def element(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = (
        bytes([size]) if size < 128 else b"\x81" + bytes([size]) if size < 256 else b"\x82" + size.to_bytes(2)
    )
    return bytes([tag]) + length + content


def sha256(of: x509.Certificate) -> str:
    return hashlib.sha256(of.public_bytes(Encoding.DER)).hexdigest()


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_the_twin_of_a_certificate_is_the_same_certificate(curve) -> None:
    one = certificate(ec.generate_private_key(curve))
    other = twin(one, curve.group_order)

    other.verify_directly_issued_by(one)  # just as valid
    assert sha256(other) != sha256(one)
    assert {sha256(one), sha256(other)} <= digests(one) & digests(other)


@pytest.mark.parametrize(
    "key", [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)], ids=["eddsa", "rsa"]
)
def test_other_signatures_have_one_form(key) -> None:
    one = certificate(key)

    assert digests(one) == {sha256(one)}


def test_another_certificate_is_another() -> None:
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    assert not digests(certificate(key)) & digests(certificate(other))
    assert issued_by(certificate(key), certificate(key))
    assert not issued_by(certificate(key), certificate(other))
