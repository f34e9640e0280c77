"""Judge a credential public key.

Answers: is this COSE key exactly one of the kinds that are admitted, and which
key is it? An algorithm does not name its curve, so key type, algorithm and
curve are checked together; no other parameter may stand beside. ES384 and
Ed448 are refused by name, as everything that the library cannot check.
Source: Web Authentication Level 3, sections 5.8.5 and 6.5.1.1; RFC 8230,
RFC 8812 and RFC 9053.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeGuard

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from webauthn.helpers import verify_signature
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from authn.encoding import cbor_map
from authn.refused import Refused, refusing
from domain.key_refusals import KeyRefusal, Refusal

ES256, EDDSA, ES512, RS256 = -7, -8, -36, -257

PublicKey = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey

_NAMES = {-35: "ES384", -53: "Ed448", -9: "ESP256", -19: "Ed25519", -47: "ES256K", -65535: "RS1"}
_KTY, _ALG = 1, 3
_CRV, _X, _Y = -1, -2, -3
_N, _E = -1, -2
_OKP, _EC2, _RSA = 1, 2, 3
_P256, _P521, _ED25519 = 1, 3, 6
_SMALLEST_RSA, _LARGEST_RSA = 2048, 8192
_LARGEST_NUMBER = 1 << 31
_F4 = b"\x01\x00\x01"


@dataclass(frozen=True, slots=True)
class CredentialKey:
    """A credential's public key, as far as it could be read.

    *key* is there if signatures can be checked with it. *finding* says why it
    is not accepted; a key that can be checked may still not be admitted.
    """

    algorithm: int | None
    key: PublicKey | None
    finding: Refusal | None


def read_key(public_key: bytes, admitted: Collection[int]) -> CredentialKey:
    """Return the key in *public_key* (COSE), judged by the *admitted* algorithms."""
    algorithm: int | None = None
    try:
        members = cbor_map(public_key, "the public key")
        algorithm = _integer(members, _ALG)
        key = _key(members, algorithm)
    except Refused as refused:
        return CredentialKey(algorithm, None, refused.refusal)
    if algorithm not in admitted:
        return CredentialKey(algorithm, key, _not_admitted(algorithm))
    return CredentialKey(algorithm, key, None)


def check_signature(key: PublicKey, algorithm: int, signature: bytes, message: bytes) -> None:
    """Raise unless *signature* is that of *key* over *message*; what is raised depends on the key."""
    verify_signature(
        public_key=key,
        signature_alg=COSEAlgorithmIdentifier(algorithm),
        signature=signature,
        data=message,
    )


def _not_admitted(algorithm: int) -> Refusal:
    name = _NAMES.get(algorithm)
    return Refusal(KeyRefusal.ALGORITHM_REFUSED, f"algorithm {algorithm}" + (f" ({name})" if name else ""))


def _key(members: dict[Any, Any], algorithm: int) -> PublicKey:
    kind = _integer(members, _KTY)
    match algorithm:
        case -7:
            return _point(members, kind, _P256, SECP256R1(), 32)
        case -36:
            return _point(members, kind, _P521, SECP521R1(), 66)
        case -8:
            return _edwards(members, kind)
        case -257:
            return _rsa(members, kind)
    raise Refused(KeyRefusal.ALGORITHM_REFUSED, _not_admitted(algorithm).detail)


def _point(
    members: dict[Any, Any], kind: int, number: int, curve: EllipticCurve, size: int
) -> EllipticCurvePublicKey:
    if kind != _EC2 or _integer(members, _CRV) != number:
        raise _mismatch(members)
    _exactly(members, {_KTY, _ALG, _CRV, _X, _Y})
    point = b"\x04" + _bytes(members, _X, size) + _bytes(members, _Y, size)
    # Nobody else looks at the point before the first login, when it would be too late.
    with refusing(KeyRefusal.MALFORMED):
        return EllipticCurvePublicKey.from_encoded_point(curve, point)


def _edwards(members: dict[Any, Any], kind: int) -> Ed25519PublicKey:
    if kind != _OKP or _integer(members, _CRV) != _ED25519:
        raise _mismatch(members)
    _exactly(members, {_KTY, _ALG, _CRV, _X})
    with refusing(KeyRefusal.MALFORMED):
        return Ed25519PublicKey.from_public_bytes(_bytes(members, _X, 32))


def _rsa(members: dict[Any, Any], kind: int) -> RSAPublicKey:
    if kind != _RSA:
        raise _mismatch(members)
    _exactly(members, {_KTY, _ALG, _N, _E})
    modulus = members[_N]
    if not isinstance(modulus, bytes) or not modulus or modulus[0] == 0:
        raise Refused(KeyRefusal.MALFORMED, "the modulus is not a positive number in its shortest form")
    if not _SMALLEST_RSA <= len(modulus) * 8 - (8 - modulus[0].bit_length()) <= _LARGEST_RSA:
        raise Refused(KeyRefusal.ALGORITHM_REFUSED, f"RSA of {len(modulus) * 8} bits")
    if members[_E] != _F4:
        raise Refused(KeyRefusal.ALGORITHM_REFUSED, "an RSA exponent other than 65537")
    with refusing(KeyRefusal.MALFORMED):
        return RSAPublicNumbers(65537, int.from_bytes(modulus, "big")).public_key()


def _mismatch(members: dict[Any, Any]) -> Refused:
    curve = members.get(_CRV)
    named = curve if _is_number(curve) else "none"
    said = f"algorithm {members[_ALG]}, type {members[_KTY]}, curve {named}"
    return Refused(KeyRefusal.ALGORITHM_CURVE_MISMATCH, said)


def _exactly(members: dict[Any, Any], labels: set[int]) -> None:
    if set(members) != labels or {type(label) for label in members} != {int}:
        raise Refused(KeyRefusal.MALFORMED, "the public key has other parameters than its kind needs")


def _integer(members: dict[Any, Any], label: int) -> int:
    value = members.get(label)
    if not _is_number(value):
        raise Refused(KeyRefusal.MALFORMED, f"parameter {label} of the public key is no usable number")
    return value


def _is_number(value: object) -> TypeGuard[int]:
    """Return whether *value* can stand for a type, algorithm or curve.

    A CBOR `true` equals 1 in Python and must not pass for it; of a number with
    thousands of digits Python does not even make a text.
    """
    return type(value) is int and abs(value) <= _LARGEST_NUMBER


def _bytes(members: dict[Any, Any], label: int, size: int) -> bytes:
    value = members[label]
    if not isinstance(value, bytes) or len(value) != size:
        raise Refused(KeyRefusal.MALFORMED, f"coordinate {label} is not {size} bytes")
    return value
