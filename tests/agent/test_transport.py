"""To whom the agent speaks: safe addresses and certificates only."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.doorward_agent.errors import BrokerUnreachable, UnsafeAddress
from agent.doorward_agent.protocol import Device
from agent.doorward_agent.transport import broker_address


@pytest.mark.parametrize(
    ("presented", "address"),
    [
        ("https://doorward.example/", "https://doorward.example"),
        ("https://doorward.example:8443/base/", "https://doorward.example:8443/base"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_safe_address_is_kept(presented: str, address: str) -> None:
    assert broker_address(presented) == address


@pytest.mark.parametrize(
    "presented",
    [
        "http://doorward.example",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://192.168.1.5:8000",
        "ftp://doorward.example",
        "doorward.example",
        "https://",
        "https://user:word@doorward.example",
        "https://doorward.example/?next=x",
        "https://doorward.example:port",
    ],
)
def test_an_unsafe_address_is_refused(presented: str) -> None:
    with pytest.raises(UnsafeAddress):
        broker_address(presented)


def test_a_certificate_nobody_vouches_for_is_refused(new_device: Device, tmp_path: Path) -> None:
    with _tls_listener(tmp_path) as port, pytest.raises(BrokerUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
        new_device.enrol(f"https://localhost:{port}", "code-1")

    assert new_device.device_id == ""


@contextmanager
def _tls_listener(directory: Path) -> Iterator[int]:
    """Answer one TLS handshake with a fresh self-signed certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(hours=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    both = directory / "both.pem"
    both.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=_handshake, args=(listener, context))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _handshake(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection, suppress(OSError):
        context.wrap_socket(connection, server_side=True).close()
