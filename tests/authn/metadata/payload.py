"""Payloads as FIDO publishes them, made up entry by entry."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from tests.authn.metadata.authority import certify
from tests.authn.metadata.models import AAGUID

CERTIFIED = [
    {"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2024-01-01"},
    {"status": "FIDO_CERTIFIED", "effectiveDate": "2024-01-01"},
]


@cache
def some_anchor() -> bytes:
    return certify("Maker").certificate.public_bytes(Encoding.DER)


def entry(
    aaguid: str = AAGUID,
    *,
    description: str = "Test key",
    anchors: Sequence[bytes] | None = None,
    statuses: Any = CERTIFIED,
    statement: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return an entry of a model that keeps every rule, changed by what is given."""
    return {
        "aaguid": aaguid,
        "metadataStatement": {
            "aaguid": aaguid,
            "description": description,
            "protocolFamily": "fido2",
            "schema": 3,
            "authenticationAlgorithms": ["secp256r1_ecdsa_sha256_raw", "ed25519_eddsa_sha512_raw"],
            "attestationTypes": ["basic_full"],
            "userVerificationDetails": [
                [{"userVerificationMethod": "passcode_external"}],
                [{"userVerificationMethod": "presence_internal"}],
            ],
            "keyProtection": ["hardware", "secure_element"],
            "matcherProtection": ["on_chip"],
            "attachmentHint": ["external", "wired"],
            "attestationRootCertificates": [
                base64.b64encode(der).decode() for der in ([some_anchor()] if anchors is None else anchors)
            ],
            "icon": "data:image/png;base64,AAAA",
            **(statement or {}),
        },
        "statusReports": statuses,
        "timeOfLastStatusChange": "2024-01-01",
    }


def payload(*entries: Any, no: int = 7, nextUpdate: str = "2026-12-01") -> bytes:
    """Return a payload of *entries*."""
    return json.dumps(
        {"legalHeader": "…", "no": no, "nextUpdate": nextUpdate, "entries": list(entries)}
    ).encode()
