"""Change any byte: never accepted, never an exception.

The seed is fixed, so a failure can be repeated.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authn.assertion import presented_credential_id
from demo.wire import AT, ED, UP, UV, from_base64url, to_base64url
from domain.authenticators import VerifiedAssertion, VerifiedRegistration
from domain.key_refusals import Refusal
from tests.authn.asking import register, sign_in
from tests.authn.forgery import USER_HANDLE, Assertion, Registration

EDITS = 3000
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=True),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def edits(original: bytes, rng: random.Random, count: int) -> Iterator[bytes]:
    """Yield *count* variants of *original*: a byte changed, removed, added, or the end cut off."""
    for _ in range(count):
        changed = bytearray(original)
        position = rng.randrange(len(original))
        match rng.randrange(5):
            case 0 | 1:
                changed[position] ^= 1 << rng.randrange(8)
            case 2:
                del changed[position]
            case 3:
                changed.insert(position, rng.randrange(256))
            case _:
                del changed[position:]
        if bytes(changed) != original:
            yield bytes(changed)


def replaced(presented: dict[str, Any], name: str, value: bytes) -> dict[str, Any]:
    return presented | {"response": presented["response"] | {name: to_base64url(value)}}


@pytest.mark.parametrize("member", ["attestationObject", "clientDataJSON"])
def test_no_edit_of_a_registration_is_accepted(member: str) -> None:
    extensions = cbor2.dumps({"credProtect": 3})
    honest = Registration(flags=UP | UV | AT | ED, after_key=extensions).presented()
    original = from_base64url(honest["response"][member])
    rng = random.Random(20261122)

    answers = [register(replaced(honest, member, edit)) for edit in edits(original, rng, EDITS)]

    assert isinstance(register(honest), VerifiedRegistration)
    assert {type(answer) for answer in answers} == {Refusal}


@pytest.mark.parametrize("member", ["authenticatorData", "clientDataJSON", "signature"])
def test_no_edit_of_an_assertion_is_accepted(member: str) -> None:
    honest = Assertion(user_handle=USER_HANDLE).presented()
    original = from_base64url(honest["response"][member])
    rng = random.Random(20261122)

    answers = [sign_in(replaced(honest, member, edit)) for edit in edits(original, rng, EDITS)]

    assert isinstance(sign_in(honest), VerifiedAssertion)
    assert {type(answer) for answer in answers} == {Refusal}


def test_an_edit_of_the_text_never_raises_and_never_changes_what_was_signed() -> None:
    registration, assertion = Registration().presented(), Assertion().presented()
    rng = random.Random(20261122)
    honest = register(registration)

    registered = [register(edit) for edit in edits(json.dumps(registration).encode(), rng, 1000)]
    signed_in = [sign_in(edit) for edit in edits(json.dumps(assertion).encode(), rng, 1000)]

    assert isinstance(honest, VerifiedRegistration)
    accepted = [answer for answer in registered if isinstance(answer, VerifiedRegistration)]
    assert {answer.attestation_object for answer in accepted} <= {honest.attestation_object}
    signatures = {answer.signature for answer in signed_in if isinstance(answer, VerifiedAssertion)}
    assert signatures <= {from_base64url(assertion["response"]["signature"])}


@settings(max_examples=200, deadline=None)
@given(JSON_VALUES)
def test_no_json_value_raises(value: Any) -> None:
    assert isinstance(register(value), Refusal)
    assert isinstance(sign_in(value), Refusal)
    assert isinstance(presented_credential_id(value), Refusal)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["id", "rawId", "type", "response"]), JSON_VALUES)
def test_no_member_raises(name: str, value: Any) -> None:
    assert not isinstance(register(Registration().presented() | {name: value}), VerifiedRegistration)
    assert not isinstance(sign_in(Assertion().presented() | {name: value}), VerifiedAssertion)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["attestationObject", "clientDataJSON"]), st.binary(max_size=200))
def test_no_bytes_raise(name: str, value: bytes) -> None:
    assert isinstance(register(replaced(Registration().presented(), name, value)), Refusal)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["alg", "sig", "x5c"]), JSON_VALUES))
def test_no_attestation_statement_raises(statement: dict[str, Any]) -> None:
    presented = Registration(statement=statement).presented()

    answer = register(presented)

    assert isinstance(answer, Refusal) == bool(statement)
