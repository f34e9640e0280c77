"""The published WebAuthn Level 3 vectors: what the library and Doorward say to each.

Most show a software or synced credential, so most must be refused; each has its
reason here. The vectors publish their private keys, so the two packed ones that
could be security keys are signed again without their one defect and accepted.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn import verify_authentication_response, verify_registration_response

from authn.assertion import verify_assertion
from authn.registration import verify_registration
from authn.trust import Trust
from demo.wire import assertion_json, attestation_object, from_base64url, registration_json, sign_with
from domain.authenticators import Anchor, StoredCredential, VerifiedAssertion, VerifiedRegistration
from domain.key_refusals import KeyRefusal, Refusal
from tests.vectors.source import vectors

K = KeyRefusal
NOW = datetime(2026, 11, 22, tzinfo=UTC)
UP_UV_AT, UP_UV = 0x45, 0x05

# vector: (library accepts the registration, Doorward's answer,
#          library accepts the authentication, Doorward's answer)
# Where the library cannot check a signature at all, nothing proves that the key is there,
# so the answer is that of a wrong signature.
EXPECTED = {
    "none.ES256": (True, K.SYNCED, True, K.SYNCED),
    "packed-self.ES256": (True, K.SYNCED, True, K.SYNCED),
    "none.ES256.crossOrigin": (True, K.CROSS_ORIGIN, True, K.CROSS_ORIGIN),
    "none.ES256.topOrigin": (True, K.TOP_ORIGIN, True, K.TOP_ORIGIN),
    "none.ES256.long-credential-id": (True, K.SYNCED, True, K.SYNCED),
    "packed.ES256": (True, K.SYNCED, True, K.SYNCED),
    "packed.ES384": (False, K.SYNCED, False, K.ALGORITHM_REFUSED),
    "packed.ES512": (False, K.SYNCED, True, K.ALGORITHM_REFUSED),
    "packed.RS256": (True, K.SYNCED, True, K.ALGORITHM_REFUSED),
    "packed.EdDSA": (True, K.NO_PIN, True, K.NO_PIN),
    "packed.Ed448": (False, K.SYNCED, False, K.ALGORITHM_REFUSED),
    "tpm.ES256": (False, K.SYNCED, True, K.SYNCED),
    "android-key.ES256": (False, K.SYNCED, True, K.SYNCED),
    "apple.ES256": (False, K.SYNCED, True, K.SYNCED),
    "fido-u2f.ES256": (False, K.NO_PIN, True, K.NO_PIN),
}


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return vectors("webauthn_l3.json")


@pytest.fixture
def vector(published: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in published["vectors"] if one["id"] == request.param)
    return found


def every(names: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", names, indirect=True)


def library_registers(published: dict[str, Any], vector: dict[str, Any]) -> bool:
    try:
        verify_registration_response(
            credential=vector["registration_response_json"],
            expected_challenge=bytes.fromhex(vector["registration"]["challenge"]),
            expected_rp_id=published["rp_id"],
            expected_origin=published["origin"],
        )
    except Exception:
        return False
    return True


def library_authenticates(published: dict[str, Any], vector: dict[str, Any]) -> bool:
    try:
        verify_authentication_response(
            credential=vector["authentication_response_json"],
            expected_challenge=bytes.fromhex(vector["authentication"]["challenge"]),
            expected_rp_id=published["rp_id"],
            expected_origin=published["origin"],
            credential_public_key=bytes.fromhex(vector["derived"]["credential_public_key_cose"]),
            credential_current_sign_count=0,
        )
    except Exception:
        return False
    return True


def register(
    published: dict[str, Any], vector: dict[str, Any], presented: dict[str, Any]
) -> VerifiedRegistration | Refusal:
    """Ask with the vectors' authority trusted for exactly this model."""
    aaguid = bytes.fromhex(vector["registration"]["aaguid"])
    root = bytes.fromhex(published["shared"]["attestation_ca_cert"])
    text = aaguid.hex()
    model = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return verify_registration(
        presented,
        challenge=bytes.fromhex(vector["registration"]["challenge"]),
        origin=published["origin"],
        rp_id=published["rp_id"],
        trust=Trust((Anchor(model, root, "vectors"),)),
        now=NOW,
    )


def authenticate(
    published: dict[str, Any], vector: dict[str, Any], presented: dict[str, Any], *, eligible: bool
) -> VerifiedAssertion | Refusal:
    credential_id = bytes.fromhex(vector["registration"]["credential_id"])
    return verify_assertion(
        presented,
        challenge=bytes.fromhex(vector["authentication"]["challenge"]),
        origin=published["origin"],
        rp_id=published["rp_id"],
        allowed_ids=[credential_id],
        credential=StoredCredential(
            id="cred_1",
            credential_id=credential_id,
            public_key=bytes.fromhex(vector["derived"]["credential_public_key_cose"]),
            sign_count=0,
            backup_eligible=eligible,
            algorithm=vector["derived"]["cose_alg"],
        ),
        user_handle=b"handle",
        sign_count_at_issue=0,
    )


def private_key(vector: dict[str, Any]) -> ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
    registration = vector["registration"]
    if vector["derived"]["cose_alg"] == -8:
        return ed25519.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(registration["private_key"]))
    return ec.derive_private_key(int(registration["credential_private_key"], 16), ec.SECP256R1())


def test_every_published_vector_has_an_expected_answer(published: dict[str, Any]) -> None:
    assert [vector["id"] for vector in published["vectors"]] == list(EXPECTED)


@every(EXPECTED)
def test_a_published_registration_is_refused_with_its_reason(
    published: dict[str, Any], vector: dict[str, Any]
) -> None:
    library, expected, _, _ = EXPECTED[vector["id"]]

    answer = register(published, vector, vector["registration_response_json"])

    assert library_registers(published, vector) is library
    assert isinstance(answer, Refusal)
    assert answer.code is expected


@every(EXPECTED)
def test_a_published_authentication_is_refused_with_its_reason(
    published: dict[str, Any], vector: dict[str, Any]
) -> None:
    _, _, library, expected = EXPECTED[vector["id"]]
    eligible = bool(vector["derived"]["registration_flags"] & 0x08)

    answer = authenticate(published, vector, vector["authentication_response_json"], eligible=eligible)

    assert library_authenticates(published, vector) is library
    assert isinstance(answer, Refusal)
    assert answer.code is expected


@every(["packed.ES256", "packed.EdDSA"])
def test_a_published_registration_without_its_defect_is_accepted(
    published: dict[str, Any], vector: dict[str, Any]
) -> None:
    presented = vector["registration_response_json"]["response"]
    client_data = from_base64url(presented["clientDataJSON"])
    parts = cbor2.loads(from_base64url(presented["attestationObject"]))
    data = parts["authData"][:32] + bytes([UP_UV_AT]) + parts["authData"][33:]
    maker = ec.derive_private_key(int(vector["registration"]["attestation_private_key"], 16), ec.SECP256R1())
    signature = maker.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
    credential_id = bytes.fromhex(vector["registration"]["credential_id"])
    mended = attestation_object("packed", parts["attStmt"] | {"sig": signature}, data)

    answer = register(published, vector, registration_json(credential_id, client_data, mended))

    assert isinstance(answer, VerifiedRegistration)
    assert answer.public_key.hex() == vector["derived"]["credential_public_key_cose"]


@every(["packed.ES256", "packed.EdDSA"])
def test_a_published_authentication_without_its_defect_is_accepted(
    published: dict[str, Any], vector: dict[str, Any]
) -> None:
    client_data = bytes.fromhex(vector["authentication"]["clientDataJSON"])
    published_data = bytes.fromhex(vector["authentication"]["authenticatorData"])
    data = published_data[:32] + bytes([UP_UV]) + published_data[33:]
    signature = sign_with(private_key(vector), data + hashlib.sha256(client_data).digest())
    credential_id = bytes.fromhex(vector["registration"]["credential_id"])
    presented = assertion_json(credential_id, client_data, data, signature)

    answer = authenticate(published, vector, presented, eligible=False)

    assert isinstance(answer, VerifiedAssertion)
