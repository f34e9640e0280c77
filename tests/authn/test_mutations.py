"""Spoil what was signed: never accepted, never an exception. What may differ without harm has its tests here.

The seeds are fixed, so a failure can be repeated; `make soak` takes other ones.
"""

from __future__ import annotations

import json
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from authn.assertion import presented_credential_id
from demo.wire import from_base64url, to_base64url
from domain.authenticators import VerifiedAssertion, VerifiedRegistration
from domain.key_refusals import Refusal
from tests.authn.asking import register, sign_in
from tests.authn.forgery import FOREIGN_AUTHORITY, Registration
from tests.authn.mutants import (
    HONEST_ASSERTION,
    HONEST_REGISTRATION,
    spoil_assertions,
    spoil_registrations,
)

STEPS, STEP = 10, 2_000
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=True),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("step", range(STEPS))
def test_of_20_000_spoilt_registrations_none_is_accepted_as_another(step: int) -> None:
    outcome = spoil_registrations(20261122 + step, STEP)

    assert not outcome.wrong
    assert outcome.codes.total() == STEP
    assert outcome.codes["attestation-signature"] > STEP // 20
    assert outcome.codes["the same"] < STEP // 10


@pytest.mark.parametrize("step", range(STEPS))
def test_of_20_000_spoilt_assertions_none_is_accepted_as_another(step: int) -> None:
    outcome = spoil_assertions(20261122 + step, STEP)

    assert not outcome.wrong
    assert outcome.codes.total() == STEP
    assert outcome.codes["signature-invalid"] > STEP // 20
    assert outcome.codes["the same"] < STEP // 10


# What the client says unsigned, and may leave out or change.
HINTS: dict[str, Any] = {
    "transports": {"response": {"transports": ["nfc", "telepathy"]}},
    "no transports": {"response": {"transports": None}},
    "attachment": {"authenticatorAttachment": None},
    "extension results": {"clientExtensionResults": {"credProps": {"rk": True}, "minPinLength": 4}},
    "a copy of the public key": {"response": {"publicKey": "AAAA", "publicKeyAlgorithm": -257}},
    "a copy of the authenticator data": {"response": {"authenticatorData": "AAAA"}},
    "an unknown member": {"more": [1, 2]},
}


@pytest.mark.parametrize("name", HINTS)
def test_an_unsigned_hint_changes_nothing_that_is_registered(name: str) -> None:
    hint = HINTS[name]
    response = HONEST_REGISTRATION["response"] | hint.get("response", {})

    answer = register(HONEST_REGISTRATION | hint | {"response": response})

    assert facts(answer) == facts(register(HONEST_REGISTRATION))


@pytest.mark.parametrize("name", [name for name in HINTS if "authenticator data" not in name])
def test_an_unsigned_hint_changes_nothing_that_is_signed_in(name: str) -> None:
    hint = HINTS[name]
    response = HONEST_ASSERTION["response"] | hint.get("response", {})

    answer = sign_in(HONEST_ASSERTION | hint | {"response": response})

    assert isinstance(answer, VerifiedAssertion)
    assert to_base64url(answer.signature) == HONEST_ASSERTION["response"]["signature"]


def test_another_order_of_the_attestation_object_is_the_same() -> None:
    parts = cbor2.loads(from_base64url(HONEST_REGISTRATION["response"]["attestationObject"]))
    turned = {name: parts[name] for name in reversed(parts)}
    turned["attStmt"] = {name: parts["attStmt"][name] for name in reversed(parts["attStmt"])}

    assert facts(register(with_object(cbor2.dumps(turned)))) == facts(register(HONEST_REGISTRATION))


def test_a_longer_spelling_of_a_length_is_the_same() -> None:
    raw = from_base64url(HONEST_REGISTRATION["response"]["attestationObject"])
    longer = raw.replace(b"\x63fmt", b"\x78\x03fmt", 1)

    assert longer != raw
    assert facts(register(with_object(longer))) == facts(register(HONEST_REGISTRATION))


def test_a_certificate_too_much_is_the_same() -> None:
    parts = cbor2.loads(from_base64url(HONEST_REGISTRATION["response"]["attestationObject"]))
    parts["attStmt"]["x5c"].append(FOREIGN_AUTHORITY.certificate.public_bytes(Encoding.DER))

    assert facts(register(with_object(cbor2.dumps(parts)))) == facts(register(HONEST_REGISTRATION))


def test_the_other_half_of_an_ecdsa_signature_is_the_same() -> None:
    """Whoever has (r, s) has (r, n - s): it signs the same bytes, and either spends the challenge."""
    parts = cbor2.loads(from_base64url(HONEST_REGISTRATION["response"]["attestationObject"]))
    parts["attStmt"]["sig"] = other_half(parts["attStmt"]["sig"])
    signature = other_half(from_base64url(HONEST_ASSERTION["response"]["signature"]))
    response = HONEST_ASSERTION["response"] | {"signature": to_base64url(signature)}

    assert facts(register(with_object(cbor2.dumps(parts)))) == facts(register(HONEST_REGISTRATION))
    assert isinstance(sign_in(HONEST_ASSERTION | {"response": response}), VerifiedAssertion)


def test_a_longer_spelling_of_an_ecdsa_signature_is_refused() -> None:
    r, s = decode_dss_signature(from_base64url(HONEST_ASSERTION["response"]["signature"]))
    numbers = b"".join(b"\x02\x23" + number.to_bytes(35, "big") for number in (r, s))
    longer = b"\x30" + bytes([len(numbers)]) + numbers
    response = HONEST_ASSERTION["response"] | {"signature": to_base64url(longer)}

    assert isinstance(sign_in(HONEST_ASSERTION | {"response": response}), Refusal)


@pytest.mark.parametrize("separators", [(", ", ": "), (",\n", " :\t")])
def test_another_spelling_of_the_whole_response_is_the_same(separators: tuple[str, str]) -> None:
    text = json.dumps(dict(reversed(HONEST_REGISTRATION.items())), separators=separators)

    assert facts(register(text)) == facts(register(HONEST_REGISTRATION))


@settings(max_examples=200, deadline=None)
@given(JSON_VALUES)
def test_no_json_value_raises(value: Any) -> None:
    assert isinstance(register(value), Refusal)
    assert isinstance(sign_in(value), Refusal)
    assert isinstance(presented_credential_id(value), Refusal)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["attestationObject", "clientDataJSON"]), st.binary(max_size=200))
def test_no_bytes_raise(name: str, value: bytes) -> None:
    presented = Registration().presented()
    response = presented["response"] | {name: to_base64url(value)}

    assert isinstance(register(presented | {"response": response}), Refusal)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["alg", "sig", "x5c"]), JSON_VALUES))
def test_no_attestation_statement_raises(statement: dict[str, Any]) -> None:
    presented = Registration(statement=statement).presented()

    answer = register(presented)

    assert isinstance(answer, Refusal) == bool(statement)


def facts(answer: object) -> dict[str, Any]:
    """Return what is stored of a verified registration, without what is kept as it came."""
    assert isinstance(answer, VerifiedRegistration), answer
    kept = {"attestation_object", "transports_hint"}
    return {name: getattr(answer, name) for name in answer.__slots__ if name not in kept}


def with_object(raw: bytes) -> dict[str, Any]:
    response = HONEST_REGISTRATION["response"] | {"attestationObject": to_base64url(raw)}
    return HONEST_REGISTRATION | {"response": response}


def other_half(signature: bytes) -> bytes:
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, ORDER_OF_P256 - s)
