"""Which signatures are admitted, at registration and at login: two, two more by setting, no other."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from authn.cose import read_key
from authn.options import registration_options
from demo.wire import client_data_hash, cose_key, from_base64url
from domain.authenticators import VerifiedAssertion, VerifiedRegistration
from domain.key_refusals import KeyRefusal
from domain.key_rules import KeyRules
from tests.authn.asking import code, register, sign_in
from tests.authn.forgery import CHALLENGE, CREDENTIAL_KEY, RP_ID, USER_HANDLE, Assertion, Registration, stored

K = KeyRefusal
ALL = (-7, -8, -36, -257)


def es(curve: ec.EllipticCurve, algorithm: int, number: int, size: int) -> tuple[Any, bytes]:
    key = ec.generate_private_key(curve)
    point = key.public_key().public_numbers()
    x, y = point.x.to_bytes(size, "big"), point.y.to_bytes(size, "big")
    return key, cbor2.dumps({1: 2, 3: algorithm, -1: number, -2: x, -3: y})


def rs256(bits: int = 2048, **changes: bytes) -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(65537, bits)
    modulus = key.public_key().public_numbers().n.to_bytes(bits // 8, "big")
    return key, cbor2.dumps({1: 3, 3: -257, -1: changes.get("n", modulus), -2: changes.get("e", b"\1\0\1")})


P521, ES512 = es(ec.SECP521R1(), -36, 3, 66)
P384, ES384 = es(ec.SECP384R1(), -35, 2, 48)
RSA, RS256 = rs256()
GOLD = ed448.Ed448PrivateKey.generate()
KEYS: dict[str, tuple[int, bytes, Any]] = {
    "ES256": (-7, cose_key(CREDENTIAL_KEY), lambda m: CREDENTIAL_KEY.sign(m, ec.ECDSA(SHA256()))),
    "EdDSA": (
        -8,
        cose_key(EDWARDS := ed25519.Ed25519PrivateKey.generate()),
        lambda message: EDWARDS.sign(message),
    ),
    "ES512": (-36, ES512, lambda message: P521.sign(message, ec.ECDSA(SHA512()))),
    "RS256": (-257, RS256, lambda message: RSA.sign(message, padding.PKCS1v15(), SHA256())),
    "ES384": (-35, ES384, lambda message: P384.sign(message, ec.ECDSA(SHA384()))),
    "Ed448": (
        -53,
        cbor2.dumps({1: 1, 3: -53, -1: 7, -2: GOLD.public_key().public_bytes_raw()}),
        lambda message: GOLD.sign(message),
    ),
}
USUAL = {"ES256", "EdDSA"}
BY_SETTING = {"ES512", "RS256"}


@pytest.mark.parametrize("name", KEYS)
def test_a_credential_is_registered_with_an_admitted_algorithm_only(name: str) -> None:
    presented = Registration(public_key=KEYS[name][1]).presented()

    usual, widest = register(presented), register(presented, algorithms=ALL)

    assert isinstance(usual, VerifiedRegistration) == (name in USUAL)
    assert isinstance(widest, VerifiedRegistration) == (name in USUAL | BY_SETTING)
    if name not in USUAL:
        assert code(usual) is K.ALGORITHM_REFUSED


@pytest.mark.parametrize("name", KEYS)
def test_a_credential_signs_in_with_an_algorithm_that_is_still_admitted_only(name: str) -> None:
    """Where nothing can check the signature, the algorithm is the reason, not the signature."""
    algorithm, public_key, sign = KEYS[name]
    response = Assertion().presented()["response"]
    client_data = from_base64url(response["clientDataJSON"])
    signature = sign(from_base64url(response["authenticatorData"]) + client_data_hash(client_data))
    presented = Assertion(signature=signature).presented()
    credential = stored(public_key=public_key, algorithm=algorithm)

    usual = sign_in(presented, credential=credential)
    widest = sign_in(presented, credential=credential, algorithms=ALL)

    assert isinstance(usual, VerifiedAssertion) == (name in USUAL)
    assert isinstance(widest, VerifiedAssertion) == (name in USUAL | BY_SETTING)
    if name not in USUAL:
        assert code(usual) is K.ALGORITHM_REFUSED
    forged = Assertion(signature=bytes(8)).presented()
    wrong = code(sign_in(forged, credential=credential, algorithms=ALL))
    assert wrong is (K.SIGNATURE_INVALID if name in USUAL | BY_SETTING else K.ALGORITHM_REFUSED)


@pytest.mark.parametrize(
    ("public_key", "expected"),
    [
        (rs256(1024)[1], K.ALGORITHM_REFUSED),
        (rs256(e=b"\3")[1], K.ALGORITHM_REFUSED),
        (rs256(e=b"\0\1\0\1")[1], K.ALGORITHM_REFUSED),
        (rs256(n=b"\xff" * 2048)[1], K.ALGORITHM_REFUSED),
        (rs256(n=b"\0" + b"\xff" * 256)[1], K.MALFORMED),
        (rs256(n=b"")[1], K.MALFORMED),
        (cbor2.dumps(cbor2.loads(RS256) | {-3: b""}), K.MALFORMED),
        (cbor2.dumps(cbor2.loads(RS256) | {1: 2}), K.ALGORITHM_CURVE_MISMATCH),
        (cbor2.dumps(cbor2.loads(ES512) | {-1: 1}), K.ALGORITHM_CURVE_MISMATCH),
        (cbor2.dumps(cbor2.loads(ES512) | {3: -7}), K.ALGORITHM_CURVE_MISMATCH),
        (cbor2.dumps(cbor2.loads(cose_key(CREDENTIAL_KEY)) | {3: -36}), K.ALGORITHM_CURVE_MISMATCH),
        (cbor2.dumps(cbor2.loads(ES512) | {-2: bytes(65)}), K.MALFORMED),
        (cbor2.dumps(cbor2.loads(ES512) | {-2: bytes(66)}), K.MALFORMED),
    ],
    ids=[
        "RSA of 1024 bits",
        "RSA exponent 3",
        "RSA exponent with a zero before it",
        "RSA of 16384 bits",
        "RSA modulus with a zero before it",
        "RSA without modulus",
        "RSA with another parameter",
        "RSA that says EC2",
        "ES512 on P-256",
        "ES256 on P-521",
        "ES512 with a P-256 key",
        "a short coordinate",
        "a point that is not on the curve",
    ],
)
def test_a_key_of_an_admitted_algorithm_must_be_one_of_it(public_key: bytes, expected: KeyRefusal) -> None:
    read = read_key(public_key, ALL)

    assert read.key is None
    assert read.finding is not None
    assert read.finding.code is expected


@pytest.mark.parametrize(
    "rules",
    [
        KeyRules(),
        KeyRules(algorithms=(-8,), formats=frozenset({"packed", "tpm"}), enterprise=True),
        KeyRules(algorithms=ALL),
    ],
)
def test_the_browser_is_offered_exactly_what_is_admitted(rules: KeyRules) -> None:
    options = registration_options(
        rp_id=RP_ID,
        rp_name="Doorward",
        user_handle=USER_HANDLE,
        user_name="ada",
        display_name="Ada",
        challenge=CHALLENGE,
        exclude=[],
        rules=rules,
    )

    assert [one["alg"] for one in options["pubKeyCredParams"]] == list(rules.algorithms)
    assert set(options["attestationFormats"]) == rules.formats
    assert options["attestation"] == ("enterprise" if rules.enterprise else "direct")


@pytest.mark.parametrize("members", [{1: 2, 3: 1 << 20_000}, {1: 1, 3: -7, -1: 1 << 20_000}])
def test_a_number_with_thousands_of_digits_is_refused_like_any_other(members: dict[int, int]) -> None:
    """Python makes no text of it, so a message that named it raised."""
    assert read_key(cbor2.dumps(members), (-7, -8)).finding is not None
