"""Spoil honest ceremonies at random, and say whether a spoilt one was rightly judged.

A mutant changes bytes of one signed part, a length, the structure of CBOR or
of JSON. The seed decides everything, so that each mutant can be made again.
What may change without harm (hints, other spellings of the same) is left to
tests of its own: if a mutant is accepted, what was signed must be the same.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cbor2

from demo.wire import AT, ED, UP, UV, from_base64url, to_base64url
from domain.authenticators import VerifiedAssertion, VerifiedRegistration
from domain.key_refusals import Refusal
from tests.authn.asking import register, sign_in
from tests.authn.forgery import USER_HANDLE, Assertion, Certificate, Registration

Json = dict[str, Any]
Mutate = Callable[[Json, random.Random], Json]

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 70, 1.5, "", "AA", "A" * 2000, "\ud800", [], ["usb"], {}, {"a": {"b": []}},
)  # fmt: skip
ODD_CBOR: tuple[Any, ...] = (
    None, True, 0, -1, -7, -257, 1 << 70, 1.5, b"", bytes(40), "", "packed", [], [b""], [[]], {}, {1: 2},
    cbor2.CBORTag(24, b""), cbor2.undefined,
)  # fmt: skip


def bytes_of(original: bytes, rng: random.Random) -> bytes:
    """Return *original* with a bit, a byte, a run or its length changed."""
    changed = bytearray(original)
    position = rng.randrange(len(original))
    match rng.randrange(8):
        case 0 | 1 | 2:
            changed[position] ^= 1 << rng.randrange(8)
        case 3:
            changed[position] = rng.randrange(256)
        case 4:
            del changed[position]
        case 5:
            changed.insert(position, rng.randrange(256))
        case 6:
            del changed[position:]
        case _:
            changed[position : position + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(0, 9))
    return bytes(changed)


def in_part(name: str) -> Mutate:
    """Change bytes of one member of the response."""

    def mutate(honest: Json, rng: random.Random) -> Json:
        return _with(honest, name, to_base64url(bytes_of(from_base64url(honest["response"][name]), rng)))

    return mutate


def in_text(honest: Json, rng: random.Random) -> Json:
    """Change characters of a base64url member."""
    name = rng.choice([n for n, value in honest["response"].items() if isinstance(value, str)])
    spoilt = bytes_of(honest["response"][name].encode(), rng).decode("latin-1")
    return _with(honest, name, spoilt)


def in_json(honest: Json, rng: random.Random) -> Json:
    """Remove, retype or add a member, outside or inside."""
    outer, inner = dict(honest), dict(honest["response"])
    target = rng.choice([outer, inner])
    name = rng.choice([*target, "more", "topOrigin"])
    if rng.randrange(3):
        target[name] = rng.choice(ODD)
    else:
        target.pop(name, None)
    return outer if target is outer else outer | {"response": inner}


def in_cbor(honest: Json, rng: random.Random) -> Json:
    """Change one value of the attestation object and encode it well again."""
    parts = cbor2.loads(from_base64url(honest["response"]["attestationObject"]))
    statement = dict(parts["attStmt"])
    match rng.randrange(7):
        case 0 | 1:
            parts["authData"] = bytes_of(parts["authData"], rng)
        case 2:
            statement["sig"] = bytes_of(statement["sig"], rng)
        case 3:
            statement["x5c"] = [bytes_of(statement["x5c"][0], rng), *statement["x5c"][1:]]
        case 4:
            statement[rng.choice([*statement, "ver"])] = rng.choice(ODD_CBOR)
        case 5:
            statement.pop(rng.choice([*statement]))
        case _:
            parts[rng.choice([*parts, "more"])] = rng.choice(ODD_CBOR)
    if isinstance(parts.get("attStmt"), dict):
        parts["attStmt"] = statement
    return _with(honest, "attestationObject", to_base64url(cbor2.dumps(parts)))


def in_lengths(honest: Json, rng: random.Random) -> Json:
    """Change the length of the credential id, or a byte that leads a CBOR item."""
    parts = cbor2.loads(from_base64url(honest["response"]["attestationObject"]))
    if rng.randrange(2):
        data = bytearray(parts["authData"])
        data[53:55] = rng.choice([0, 1, 47, 49, 1023, 1024, 65535]).to_bytes(2, "big")
        parts["authData"] = bytes(data)
        return _with(honest, "attestationObject", to_base64url(cbor2.dumps(parts)))
    raw = bytearray(from_base64url(honest["response"]["attestationObject"]))
    leads = [at for at, byte in enumerate(raw) if byte >> 5 in (2, 3, 4, 5)]
    position = rng.choice(leads)
    raw[position] = (raw[position] & 0xE0) | rng.randrange(32)
    return _with(honest, "attestationObject", to_base64url(bytes(raw)))


def in_flags(honest: Json, rng: random.Random) -> Json:
    """Change the relying party, the flags or the counter of an assertion."""
    data = bytearray(from_base64url(honest["response"]["authenticatorData"]))
    data[rng.randrange(37)] ^= 1 << rng.randrange(8)
    return _with(honest, "authenticatorData", to_base64url(bytes(data)))


REGISTRATION: tuple[Mutate, ...] = (
    in_part("clientDataJSON"), in_part("attestationObject"), in_text, in_json, in_cbor, in_cbor, in_lengths,
)  # fmt: skip
ASSERTION: tuple[Mutate, ...] = (
    in_part("clientDataJSON"), in_part("authenticatorData"), in_part("signature"), in_part("userHandle"),
    in_text, in_json, in_flags,
)  # fmt: skip

HONEST_REGISTRATION = Registration(
    flags=UP | UV | AT | ED,
    after_key=cbor2.dumps({"credProtect": 3, "minPinLength": 6}),
    certificate=Certificate(serial=b"S-0042"),
).presented()
HONEST_ASSERTION = Assertion(
    user_handle=USER_HANDLE, flags=UP | UV | ED, rest=cbor2.dumps({"hmac-secret": b"x"})
).presented()


@dataclass
class Outcome:
    """What came of many mutants: codes by number, and those that were judged wrongly."""

    codes: Counter[str]
    wrong: list[Json]


def spoil_registrations(seed: int, count: int) -> Outcome:
    """Judge *count* mutants of the honest registration."""
    honest = register(HONEST_REGISTRATION)
    assert isinstance(honest, VerifiedRegistration)
    return _judge(HONEST_REGISTRATION, REGISTRATION, seed, count, register, lambda answer, mutant: (
        _signed_of(mutant) == _signed_of(HONEST_REGISTRATION)
        and (answer.credential_id, answer.public_key, answer.aaguid, answer.sign_count, answer.serial,
             answer.min_pin_length, answer.cred_protect, answer.leaf_der)
        == (honest.credential_id, honest.public_key, honest.aaguid, honest.sign_count, honest.serial,
            honest.min_pin_length, honest.cred_protect, honest.leaf_der)
    ))  # fmt: skip


def spoil_assertions(seed: int, count: int) -> Outcome:
    """Judge *count* mutants of the honest assertion."""
    honest = sign_in(HONEST_ASSERTION)
    assert isinstance(honest, VerifiedAssertion)
    return _judge(HONEST_ASSERTION, ASSERTION, seed, count, sign_in, lambda answer, _mutant: (
        (answer.credential_id, answer.client_data, answer.authenticator_data, answer.signature)
        == (honest.credential_id, honest.client_data, honest.authenticator_data, honest.signature)
    ))  # fmt: skip


def _judge(
    honest: Json,
    kinds: tuple[Mutate, ...],
    seed: int,
    count: int,
    ask: Callable[[Any], Any],
    same: Callable[[Any, Json], bool],
) -> Outcome:
    outcome = Outcome(Counter(), [])
    for mutant in _mutants(honest, kinds, random.Random(seed), count):
        answer = ask(mutant)
        if isinstance(answer, Refusal):
            outcome.codes[answer.code.value] += 1
        elif same(answer, mutant):
            outcome.codes["the same"] += 1
        else:
            outcome.wrong.append(mutant)
    return outcome


def _mutants(honest: Json, kinds: tuple[Mutate, ...], rng: random.Random, count: int) -> Iterator[Json]:
    made = 0
    while made < count:
        mutant = kinds[made % len(kinds)](honest, rng)
        if mutant != honest:
            made += 1
            yield mutant


def _signed_of(presented: Json) -> tuple[bytes, bytes]:
    response = presented["response"]
    parts = cbor2.loads(from_base64url(response["attestationObject"]))
    return from_base64url(response["clientDataJSON"]), parts["authData"]


def _with(honest: Json, name: str, value: Any) -> Json:
    return honest | {"response": honest["response"] | {name: value}}
