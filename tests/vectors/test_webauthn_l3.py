"""The published WebAuthn Level 3 vectors: what the library and Doorward say to each.

Most show a software or synced credential, so most must be refused; all reasons
for each stand here. The vectors publish their private keys, so those of
security keys are signed again without their defect and accepted.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from webauthn import verify_authentication_response, verify_registration_response

from tests.vectors.judging import WIDEST, judged, judged_login, stored, told
from tests.vectors.resigned import Vector
from tests.vectors.source import vectors

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
