"""The published vectors signed again with exactly one defect: refused by its name, by judge and command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from demo.wire import AT, BE, BS, UP, UV, to_base64url
from domain.key_refusals import KeyRefusal
from tests.authn.forgery import FOREIGN_AUTHORITY, MADE, OTHER_AAGUID
from tests.vectors.judging import judged, judged_login, stored, told
from tests.vectors.resigned import Vector
from tests.vectors.test_webauthn_l3 import EXPECTED, WIDER

Change = Callable[[Vector], dict[str, Any]]
P384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
STRANGER = ec.generate_private_key(ec.SECP256R1())
PACKED = ["packed.ES256", "packed.EdDSA"]

# One defect each; everything else is as the published authority and credential would have signed it.
NEGATIVES: dict[str, tuple[str, Change]] = {
    "nothing": ("", lambda v: v.registration()),
    "AAGUID extension of another model": (
        "aaguid-mismatch",
        lambda v: v.registration(certificate=v.certificate(aaguid=OTHER_AAGUID)),
    ),
    "a leaf that is a CA": (
        "attestation-certificate",
        lambda v: v.registration(certificate=v.certificate(ca=True)),
    ),
    "a leaf of another unit": (
        "attestation-certificate",
        lambda v: v.registration(certificate=v.certificate(unit="Sales")),
    ),
    "a leaf without country": (
        "attestation-certificate",
        lambda v: v.registration(certificate=v.certificate(country=None)),
    ),
    "an expired leaf": (
        "attestation-chain",
        lambda v: v.registration(certificate=v.certificate(ends=MADE.replace(year=2025))),
    ),
    "a foreign authority": ("attestation-chain", lambda v: v.registration(authority=FOREIGN_AUTHORITY)),
    "self attestation with an allowed AAGUID": (
        "attestation-self",
        lambda v: v.registration(statement={"x5c": None}, signer=STRANGER),
    ),
    "none with an allowed AAGUID": ("attestation-missing", lambda v: v.registration(format="none")),
    "android-key with an allowed AAGUID": (
        "attestation-android-key",
        lambda v: v.registration(format="android-key"),
    ),
    "a foreign signature": ("attestation-signature", lambda v: v.registration(signer=STRANGER)),
    "BE=1": ("synced", lambda v: v.registration(flags=UP | UV | AT | BE)),
    "BE=1 and BS=1": ("synced", lambda v: v.registration(flags=UP | UV | AT | BE | BS)),
    "BS=1": ("backup-state", lambda v: v.registration(flags=UP | UV | AT | BS)),
    "UV=0": ("no-pin", lambda v: v.registration(flags=UP | AT)),
    "UP=0": ("no-touch", lambda v: v.registration(flags=UV | AT)),
    "cross-origin": ("cross-origin", lambda v: v.registration(client={"crossOrigin": True})),
    "top origin": ("top-origin", lambda v: v.registration(client={"topOrigin": v.published["top_origin"]})),
    "another type": ("type-mismatch", lambda v: v.registration(kind="webauthn.get")),
    "another origin": ("origin-mismatch", lambda v: v.registration(origin="https://example.org.evil.test")),
    "another challenge": ("challenge-mismatch", lambda v: v.registration(challenge=to_base64url(bytes(32)))),
    "another relying party": ("rp-mismatch", lambda v: v.registration(rp_id="example.com")),
    "credential swap": ("credential-mismatch", lambda v: v.registration(response_id=b"another")),
    "ES256 on P-384": ("algorithm-curve-mismatch", lambda v: v.registration(public_key=on_p384(-7))),
    "EdDSA on P-384": ("algorithm-curve-mismatch", lambda v: v.registration(public_key=on_p384(-8))),
    "ES384": ("algorithm-refused", lambda v: v.registration(public_key=on_p384(-35))),
    "an attestation object of 33 kB": ("too-large", lambda v: v.registration(after_object=bytes(33 * 1024))),
    "client data of 9 kB": ("too-large", lambda v: v.registration(client={"pad": "x" * 9000})),
    "a credential id of 1024 bytes": (
        "credential-id-size",
        lambda v: v.registration(credential_id=bytes(1024)),
    ),
    "bytes after the attestation object": ("malformed", lambda v: v.registration(after_object=b"\0")),
    "bytes after the public key": ("malformed", lambda v: v.registration(after_key=b"\0")),
    "a phone": ("remote-key", lambda v: v.registration(transports=["hybrid"])),
}
LOGIN_NEGATIVES: dict[str, tuple[str, int, Change]] = {
    "nothing": ("", 0, lambda v: v.assertion()),
    "a counter that moves on": ("", 7, lambda v: v.assertion(counter=8)),
    "a counter that goes back": ("counter-regressed", 7, lambda v: v.assertion(counter=6)),
    "a counter that stands still": ("counter-regressed", 7, lambda v: v.assertion(counter=7)),
    "a counter that starts again": ("counter-regressed", 7, lambda v: v.assertion(counter=0)),
    "a foreign user handle": ("user-handle-mismatch", 0, lambda v: v.assertion(user_handle=b"somebody")),
    "credential swap": ("credential-mismatch", 0, lambda v: v.assertion(credential_id=b"another")),
    "BE=1": ("backup-state synced", 0, lambda v: v.assertion(flags=UP | UV | BE)),
    "BS=1": ("backup-state", 0, lambda v: v.assertion(flags=UP | UV | BS)),
    "UV=0": ("no-pin", 0, lambda v: v.assertion(flags=UP)),
    "UP=0": ("no-touch", 0, lambda v: v.assertion(flags=UV)),
    "cross-origin": ("cross-origin", 0, lambda v: v.assertion(client={"crossOrigin": True})),
    "top origin": (
        "top-origin",
        0,
        lambda v: v.assertion(client={"topOrigin": v.published["top_origin"]}),
    ),
    "another type": ("type-mismatch", 0, lambda v: v.assertion(kind="webauthn.create")),
    "another origin": ("origin-mismatch", 0, lambda v: v.assertion(origin="http://example.org")),
    "another challenge": (
        "challenge-mismatch",
        0,
        lambda v: v.assertion(challenge=to_base64url(bytes(32))),
    ),
    "another relying party": ("rp-mismatch", 0, lambda v: v.assertion(rp_id="example.com")),
    "another key": ("signature-invalid", 0, lambda v: v.assertion(key=STRANGER)),
    "client data of 9 kB": ("too-large", 0, lambda v: v.assertion(client={"pad": "x" * 9000})),
    "trailing bytes": ("malformed", 0, lambda v: v.assertion(rest=b"\0")),
}


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("defect", NEGATIVES)
def test_a_registration_with_one_defect_is_refused_by_its_name(
    name: str, defect: str, tmp_path: Path
) -> None:
    vector = Vector.named(name)
    reasons, change = NEGATIVES[defect]
    presented = change(vector)

    assert judged(vector, presented).codes == tuple(reasons.split())
    assert told(tmp_path, vector, "registration", presented) == tuple(reasons.split())


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("defect", LOGIN_NEGATIVES)
def test_an_authentication_with_one_defect_is_refused_by_its_name(
    name: str, defect: str, tmp_path: Path
) -> None:
    vector = Vector.named(name)
    reasons, sign_count, change = LOGIN_NEGATIVES[defect]
    presented = change(vector)

    found = judged_login(vector, presented, eligible=False, sign_count=sign_count)

    assert found.codes == tuple(reasons.split())
    row = stored(vector, eligible=False, sign_count=sign_count)
    assert told(tmp_path, vector, "authentication", presented, row) == tuple(reasons.split())


def test_the_reasons_of_the_published_vectors_are_codes() -> None:
    """Against a typing error in the tables above."""
    tables = [*EXPECTED.values(), *WIDER.values(), *NEGATIVES.values(), *LOGIN_NEGATIVES.values()]
    named = {word for row in tables for cell in row if isinstance(cell, str) for word in cell.split()}

    assert named <= {code.value for code in KeyRefusal}


def on_p384(algorithm: int) -> bytes:
    x, y = P384.x.to_bytes(48, "big"), P384.y.to_bytes(48, "big")
    return cbor2.dumps({1: 2, 3: algorithm, -1: 2, -2: x, -3: y})
