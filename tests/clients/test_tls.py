"""Whom the client speaks to: a certificate that nobody vouches for, or of another name, denies."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.clients.asking import Ask
from tests.clients.fakes import Fake, serving

PATIENT = timedelta(seconds=10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its own certificate, for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(hours=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Fake]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(tls=context) as fake:
        yield fake


def test_an_authority_that_is_named_is_believed_for_its_name_only(
    secure: Fake, ask: Ask, certificate: Path
) -> None:
    named = ssl.create_default_context(cafile=str(certificate))

    right = ask(f"https://localhost:{secure.port}", ssl_context=named, deadline=PATIENT)
    another_name = ask(f"https://127.0.0.1:{secure.port}", ssl_context=named, deadline=PATIENT)

    assert right.permitted, right
    assert (another_name.permitted, another_name.code) == (False, "broker-unreachable")


def test_a_certificate_that_nobody_vouches_for_denies(secure: Fake, ask: Ask) -> None:
    decision = ask(f"https://localhost:{secure.port}", deadline=PATIENT)

    assert (decision.permitted, decision.code) == (False, "broker-unreachable")
    assert secure.requests == []
