"""Signers of metadata for tests: two roots, one signed by the other, and every way to get it wrong.

They are built as public web authorities are; nothing of them is believed outside the tests.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from authn.metadata.blob import SIGNER

START = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2040, 1, 1, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certified:
    """A key with its certificate."""

    key: Key
    certificate: x509.Certificate


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def certify(
    name: str,
    issuer: Certified | None = None,
    *,
    key: Key | None = None,
    ca: bool = True,
    dns: str | None = None,
    usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.SERVER_AUTH,
    start: datetime = START,
    end: datetime = END,
    path_length: int | None = None,
) -> Certified:
    """Return a certificate of *name* by *issuer* (None: by itself)."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
        .add_extension(_usage(ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if dns is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(dns)]), critical=False)
    if not ca and usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return Certified(key, builder.sign(signer, SHA256()))


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class House:
    """Two roots as FIDO's signer had them: *new* stands by itself and is also signed by *old*."""

    old: Certified
    new: Certified
    crossed: Certified
    middle: Certified
    signer: Certified

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        return (self.old.certificate, self.new.certificate)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        return (self.signer.certificate, self.middle.certificate)

    def blob(self, payload: Any, **options: Any) -> bytes:
        """Return *payload* signed as FIDO does."""
        return sign(payload, self.signer.key, options.pop("chain", self.chain), **options)


@cache
def house() -> House:
    old, new = certify("Old root"), certify("New root")
    crossed = Certified(new.key, certify("New root", old, key=new.key).certificate)
    middle = certify("Middle", new)
    signer = certify("Signer", middle, key=rsa_key(), ca=False, dns=SIGNER)
    return House(old, new, crossed, middle, signer)


def sign(
    payload: Any,
    key: Key,
    chain: tuple[x509.Certificate, ...],
    *,
    algorithm: str = "RS256",
    header: dict[str, Any] | None = None,
) -> bytes:
    """Return a compact JWS of *payload* (bytes, or JSON) with *chain* in its header."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    members = {
        "alg": algorithm,
        "typ": "JWT",
        "x5c": [base64.b64encode(c.public_bytes(Encoding.DER)).decode() for c in chain],
        **(header or {}),
    }
    text = _segment(json.dumps({k: v for k, v in members.items() if v is not None}).encode())
    signing_input = text + b"." + _segment(body)
    return signing_input + b"." + _segment(_signature(signing_input, key, algorithm))


def _signature(data: bytes, key: Key, algorithm: str) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
        size = key.key_size // 8
        return r.to_bytes(size) + s.to_bytes(size)
    if algorithm == "PS256":
        return key.sign(data, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
    return key.sign(data, padding.PKCS1v15(), SHA256())


def _segment(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def long_ago(days: int = 1) -> datetime:
    """Return a moment before ``NOW`` of the tests, for certificates that have ended."""
    return datetime(2026, 11, 25, tzinfo=UTC) - timedelta(days=days)
