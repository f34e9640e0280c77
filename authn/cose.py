"""Judge a credential public key.

Answers: is this COSE key exactly one of the two kinds we accept, ES256 on
P-256 or EdDSA on Ed25519? An algorithm does not name its curve, so key type,
algorithm and curve are checked together; no other parameter may stand beside.
Source: Web Authentication Level 3, sections 5.8.5 and 6.5.1.1; RFC 9053.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers

from authn.encoding import cbor_map
from authn.refused import Refused, refusing
from domain.key_refusals import KeyRefusal

ES256 = -7
EDDSA = -8
ALGORITHMS = (ES256, EDDSA)

_KTY, _ALG, _CRV, _X, _Y = 1, 3, -1, -2, -3
_OKP, _EC2 = 1, 2
_P256, _ED25519 = 1, 6
_COORDINATE = 32


def algorithm_of(public_key: bytes) -> int:
    """Return the COSE algorithm of *public_key*; raise Refused if the key is not acceptable."""
    key = cbor_map(public_key, "the public key")
    algorithm = _integer(key, _ALG)
    if algorithm not in ALGORITHMS:
        raise Refused(KeyRefusal.ALGORITHM_REFUSED, f"algorithm {algorithm}")
    kind = _integer(key, _KTY), _integer(key, _CRV)
    if kind != ((_EC2, _P256) if algorithm == ES256 else (_OKP, _ED25519)):
        raise Refused(KeyRefusal.ALGORITHM_CURVE_MISMATCH, f"algorithm {algorithm}, type and curve {kind}")
    labels = {_KTY, _ALG, _CRV, _X, _Y} if algorithm == ES256 else {_KTY, _ALG, _CRV, _X}
    if set(key) != labels or {type(label) for label in key} != {int}:
        raise Refused(KeyRefusal.MALFORMED, "the public key has other parameters than its kind needs")
    x = _coordinate(key, _X)
    if algorithm == ES256:
        # Nobody else looks at the point before the first login, when it would be too late.
        with refusing(KeyRefusal.MALFORMED):
            EllipticCurvePublicNumbers(x, _coordinate(key, _Y), SECP256R1()).public_key()
    return algorithm


def _integer(key: dict[Any, Any], label: int) -> int:
    value = key.get(label)
    # A CBOR `true` equals 1 in Python and must not pass for it.
    if type(value) is not int:
        raise Refused(KeyRefusal.MALFORMED, f"parameter {label} of the public key is not an integer")
    return value


def _coordinate(key: dict[Any, Any], label: int) -> int:
    value = key[label]
    if not isinstance(value, bytes) or len(value) != _COORDINATE:
        raise Refused(KeyRefusal.MALFORMED, f"coordinate {label} is not {_COORDINATE} bytes")
    return int.from_bytes(value, "big")
