"""The published WebAuthn Level 3 vectors: what the library and Doorward say to each.

Most show a software or synced credential, so most must be refused; all reasons
for each stand here. The vectors publish their private keys, so those of
security keys are signed again without their defect and accepted, and with
exactly one other, and refused by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from webauthn import verify_authentication_response, verify_registration_response

from authn.assertion import judge_assertion
from authn.findings import Judgement
from authn.registration import judge_registration
from authn.trust import Trust
from demo.wire import AT, BE, BS, UP, UV, to_base64url
from domain.authenticators import (
    Anchor,
    StoredCredential,
    VerifiedAssertion,
    VerifiedRegistration,
)
from domain.key_refusals import KeyRefusal
from domain.key_rules import KeyRules
from tests.authn.forgery import FOREIGN_AUTHORITY, MADE, OTHER_AAGUID
from tests.authn.recording import case, explained, overlay
from tests.vectors.resigned import Vector
from tests.vectors.source import vectors

NOW = datetime(2026, 11, 22, tzinfo=UTC)
AT_NOON = "2026-11-22T00:00:00Z"
HANDLE = b"handle"
USUAL = KeyRules()
# Everything that an operator can admit.
WIDEST = KeyRules(formats=frozenset({"packed", "tpm"}), algorithms=(-7, -8, -36, -257))

# vector: (library accepts the registration, what Doorward finds,
#          library accepts the authentication, what Doorward finds)
EXPECTED: dict[str, tuple[bool, str, bool, str]] = {
    "none.ES256": (True, "synced no-pin attestation-missing", True, "synced no-pin"),
    "packed-self.ES256": (True, "synced attestation-self", True, "synced no-pin"),
    "none.ES256.crossOrigin": (True, "cross-origin attestation-missing", True, "cross-origin"),
    "none.ES256.topOrigin": (
        True,
        "top-origin cross-origin no-pin attestation-missing",
        True,
        "top-origin cross-origin",
    ),
    "none.ES256.long-credential-id": (True, "synced no-pin attestation-missing", True, "synced"),
    "packed.ES256": (True, "synced", True, "synced"),
    "packed.ES384": (False, "synced no-pin algorithm-refused", False, "algorithm-refused synced"),
    "packed.ES512": (False, "synced algorithm-refused", True, "algorithm-refused synced no-pin"),
    "packed.RS256": (True, "synced algorithm-refused", True, "algorithm-refused synced no-pin"),
    "packed.EdDSA": (True, "no-pin", True, "no-pin"),
    "packed.Ed448": (False, "synced no-pin algorithm-refused", False, "algorithm-refused synced"),
    "tpm.ES256": (False, "synced attestation-tpm", True, "synced"),
    "android-key.ES256": (False, "synced attestation-android-key", True, "synced no-pin"),
    "apple.ES256": (False, "synced no-pin attestation-apple", True, "synced no-pin"),
    "fido-u2f.ES256": (False, "no-pin attestation-fido-u2f", True, "no-pin"),
}
# What is found by the widest rules where that differs.
WIDER = {
    "packed.ES512": ("synced", "synced no-pin"),
    "packed.RS256": ("synced", "synced no-pin"),
    "tpm.ES256": ("synced attestation-certificate", "synced"),
}

Change = Callable[[Vector], dict[str, Any]]
P384 = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
STRANGER = ec.generate_private_key(ec.SECP256R1())
PACKED = ["packed.ES256", "packed.EdDSA"]


def anchored(vector: Vector) -> tuple[Anchor, ...]:
    """Trust the vectors' authority for exactly this model."""
    return (Anchor(vector.aaguid, vector.authority.certificate.public_bytes(Encoding.DER), "vectors"),)


def judged(
    vector: Vector, presented: dict[str, Any], rules: KeyRules = USUAL
) -> Judgement[VerifiedRegistration]:
    return judge_registration(
        presented,
        challenge=vector.challenge("registration"),
        origin=vector.published["origin"],
        rp_id=vector.published["rp_id"],
        trust=Trust(anchored(vector), rules=rules),
        now=NOW,
    )


def judged_login(
    vector: Vector,
    presented: dict[str, Any],
    rules: KeyRules = USUAL,
    *,
    eligible: bool | None = None,
    sign_count: int = 0,
) -> Judgement[VerifiedAssertion]:
    row = stored(vector, eligible=vector.eligible if eligible is None else eligible, sign_count=sign_count)
    return judge_assertion(
        presented,
        challenge=vector.challenge("authentication"),
        origin=vector.published["origin"],
        rp_id=vector.published["rp_id"],
        allowed_ids=[vector.credential_id],
        credential=row,
        user_handle=HANDLE,
        sign_count_at_issue=sign_count,
        algorithms=rules.algorithms,
    )


def stored(vector: Vector, *, eligible: bool, sign_count: int = 0) -> StoredCredential:
    return StoredCredential(
        "cred_1", vector.credential_id, vector.public_key, sign_count, eligible, vector.algorithm
    )


def told(
    folder: Path,
    vector: Vector,
    ceremony: str,
    presented: dict[str, Any],
    row: StoredCredential | None = None,
) -> tuple[str, ...]:
    """Return the reasons by ``doorward keys explain``."""
    credential = row and {
        "id": to_base64url(row.credential_id),
        "public_key": to_base64url(row.public_key),
        "sign_count": row.sign_count,
        "backup_eligible": row.backup_eligible,
        "user_handle": to_base64url(HANDLE),
    }
    recorded = case(
        presented,
        credential,
        rp_id=vector.published["rp_id"],
        origin=vector.published["origin"],
        challenge=to_base64url(vector.challenge(ceremony)),
    )
    said = explained(folder, recorded, allow=overlay(anchored(vector)), at=AT_NOON)
    assert said.exit_code == (1 if said.reasons else 0)
    return tuple(said.reasons)


def test_every_published_vector_has_an_expected_answer() -> None:
    assert [vector["id"] for vector in vectors("webauthn_l3.json")["vectors"]] == list(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_published_registration_is_refused_with_all_its_reasons(name: str, tmp_path: Path) -> None:
    vector = Vector.named(name)
    library, reasons, _, _ = EXPECTED[name]
    presented = vector.members["registration_response_json"]

    assert library_registers(vector) is library
    assert judged(vector, presented).codes == tuple(reasons.split())
    assert told(tmp_path, vector, "registration", presented) == tuple(reasons.split())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_published_authentication_is_refused_with_all_its_reasons(name: str, tmp_path: Path) -> None:
    vector = Vector.named(name)
    _, _, library, reasons = EXPECTED[name]
    presented = vector.members["authentication_response_json"]

    assert library_authenticates(vector) is library
    assert judged_login(vector, presented).codes == tuple(reasons.split())
    row = stored(vector, eligible=vector.eligible)
    assert told(tmp_path, vector, "authentication", presented, row) == tuple(reasons.split())


@pytest.mark.parametrize("name", EXPECTED)
def test_the_widest_rules_find_what_is_left(name: str) -> None:
    """No algorithm that can be admitted fails on its signature: what is left are flags and formats."""
    vector = Vector.named(name)
    expected = WIDER.get(name, (EXPECTED[name][1], EXPECTED[name][3]))

    registered = judged(vector, vector.members["registration_response_json"], WIDEST)
    signed_in = judged_login(vector, vector.members["authentication_response_json"], WIDEST)

    assert (registered.codes, signed_in.codes) == tuple(tuple(codes.split()) for codes in expected)


@pytest.mark.parametrize(
    "name", ["packed.ES256", "packed.ES512", "packed.RS256", "packed.EdDSA", "tpm.ES256"]
)
def test_a_registration_that_policy_admits_is_verified_once_its_flags_are_mended(name: str) -> None:
    vector = Vector.named(name)

    answer = judged(vector, vector.mended_registration(), WIDEST)

    assert answer.codes == ()
    assert answer.verified is not None
    assert answer.verified.public_key == vector.public_key


@pytest.mark.parametrize("name", ["packed.ES256", "packed.ES512", "packed.EdDSA", "tpm.ES256"])
def test_an_authentication_that_policy_admits_is_verified_once_its_flags_are_mended(name: str) -> None:
    vector = Vector.named(name)

    answer = judged_login(vector, vector.mended_authentication(), WIDEST, eligible=False)

    assert answer.codes == ()


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


def library_registers(vector: Vector) -> bool:
    try:
        verify_registration_response(
            credential=vector.members["registration_response_json"],
            expected_challenge=vector.challenge("registration"),
            expected_rp_id=vector.published["rp_id"],
            expected_origin=vector.published["origin"],
        )
    except Exception:
        return False
    return True


def library_authenticates(vector: Vector) -> bool:
    try:
        verify_authentication_response(
            credential=vector.members["authentication_response_json"],
            expected_challenge=vector.challenge("authentication"),
            expected_rp_id=vector.published["rp_id"],
            expected_origin=vector.published["origin"],
            credential_public_key=vector.public_key,
            credential_current_sign_count=0,
        )
    except Exception:
        return False
    return True
