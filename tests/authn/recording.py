"""Record ceremonies as ``doorward keys explain`` reads them, and have them judged by the command."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from commands import main
from demo.wire import to_base64url
from domain.authenticators import Anchor, StoredCredential
from tests.authn.forgery import AAGUID, ANCHORS, AUTHORITY, CHALLENGE, ORIGIN, RP_ID, USER_HANDLE, stored

AT = "2026-11-22T12:00:00Z"


@dataclass(frozen=True)
class Said:
    """What the command printed."""

    exit_code: int
    verdict: str
    reasons: list[str]
    error: str


def overlay(anchors: Sequence[Anchor] = ANCHORS, **deny: list[str]) -> dict[str, Any]:
    return {
        "allow": [
            {"aaguid": one.aaguid, "anchors": [pem(one.certificate)], "label": one.label} for one in anchors
        ],
        "deny": deny,
    }


def pem(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def pem_of_version(number: int) -> bytes:
    """Return a certificate of a version that does not exist."""
    der = AUTHORITY.certificate.public_bytes(Encoding.DER)
    other = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a0030201") + bytes([number]), 1)
    text = base64.encodebytes(other)
    return b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"


def case(response: object, credential: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a recorded ceremony on our page."""
    recorded = {
        "rp_id": RP_ID,
        "origin": ORIGIN,
        "challenge": to_base64url(CHALLENGE),
        "response": response,
    }
    return recorded | ({"credential": credential} if credential is not None else {}) | changes


def credential(row: StoredCredential | None = None, **changes: Any) -> dict[str, Any]:
    row = row or stored()
    return {
        "id": to_base64url(row.credential_id),
        "public_key": to_base64url(row.public_key),
        "sign_count": row.sign_count,
        "backup_eligible": row.backup_eligible,
        "user_handle": to_base64url(USER_HANDLE),
    } | changes


def payload(**changes: Any) -> bytes:
    """Return the payload of a BLOB with one model, as FIDO writes it."""
    root = AUTHORITY.certificate.public_bytes(Encoding.DER)
    statement = {
        "aaguid": AAGUID,
        "description": "Good key",
        "protocolFamily": "fido2",
        "schema": 3,
        "attestationTypes": ["basic_full"],
        "authenticationAlgorithms": ["secp256r1_ecdsa_sha256_raw"],
        "userVerificationDetails": [[{"userVerificationMethod": "passcode_external"}]],
        "keyProtection": ["hardware", "secure_element"],
        "matcherProtection": ["on_chip"],
        "attachmentHint": ["external", "wired"],
        "attestationRootCertificates": [base64.b64encode(root).decode()],
    } | changes
    entry = {
        "aaguid": AAGUID,
        "metadataStatement": statement,
        "statusReports": [{"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2024-01-01"}],
        "timeOfLastStatusChange": "2024-01-01",
    }
    document = {"no": 7, "nextUpdate": "2026-12-01", "legalHeader": "", "entries": [entry]}
    return json.dumps(document).encode()


def explained(
    folder: Path,
    recorded: object,
    *,
    allow: object = None,
    metadata: bytes | None = None,
    at: str | None = AT,
    more: Sequence[str] = (),
) -> Said:
    """Run ``doorward keys explain`` on *recorded* (JSON, or bytes as they are) with the overlay *allow*."""
    file = folder / "case.json"
    file.write_bytes(_text(recorded))
    words = ["keys", "explain", str(file), *more]
    if at is not None:
        words += ["--at", at]
    if allow is not None:
        (folder / "overlay.json").write_bytes(_text(allow))
        words += ["--overlay", str(folder / "overlay.json")]
    if metadata is not None:
        (folder / "metadata").write_bytes(metadata)
        words += ["--metadata", str(folder / "metadata")]
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    told: dict[str, Any] = json.loads(result.stdout or "{}")
    return Said(result.exit_code, told.get("verdict", ""), told.get("reasons", []), result.stderr)


def _text(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()
