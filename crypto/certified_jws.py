"""Compact JWS whose signer is named by a certificate chain in its header (`x5c`).

Answers: what does the header say, and did the key of this certificate sign
these bytes? Whether the chain is trusted is the caller's to decide. There is no
way to a payload but through its signature.
Source: RFC 7515, sections 4.1.6 and 5.2; RFC 7518, sections 3.3 to 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import joserfc.jws
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from crypto.jws import SignatureInvalid, json_object
from crypto.secrets import from_base64, from_base64url

MAX_HEADER_BYTES = 64 * 1024
MAX_SIGNATURE_BYTES = 2 * 1024
MAX_CERTIFICATES = 6
_RSA_MINIMUM_BITS = 2048
_ALGORITHMS = ("RS256", "PS256", "ES256")


class _Registry(joserfc.jws.JWSRegistry):
    """The library's limits are those of tokens; ours are in ``read`` and its caller."""

    max_header_length = MAX_HEADER_BYTES
    max_payload_length = 1 << 30
    max_signature_length = MAX_SIGNATURE_BYTES


@dataclass(frozen=True, slots=True)
class CertifiedJws:
    """A JWS that was read, not verified. *certificates* are the signer's and those above it."""

    algorithm: str
    certificates: tuple[x509.Certificate, ...]
    raw: bytes


def read(raw: bytes) -> CertifiedJws:
    """Return the parts of *raw*. Raises SignatureInvalid unless it is a compact JWS with `x5c`.

    The caller limits the size of *raw*. Only `alg`, `typ` and `x5c` may be in
    the header: nothing in it can point elsewhere (`x5u`, `jku`) or change what
    is signed (`b64`, `crit`).
    """
    signing_input, _, signature = raw.rpartition(b".")
    header, dot, payload = signing_input.partition(b".")
    if not dot or b"." in payload or len(header) > MAX_HEADER_BYTES or len(signature) > MAX_SIGNATURE_BYTES:
        raise SignatureInvalid("this is not a compact JWS")
    members = json_object(header.decode("ascii", errors="replace"))
    if not {"alg", "x5c"} <= set(members) <= {"alg", "x5c", "typ"}:
        raise SignatureInvalid("the header must name `alg` and `x5c` and nothing else than `typ`")
    if not isinstance(members["alg"], str):
        raise SignatureInvalid("the algorithm is not a text")
    _strictly_base64url(signature)
    return CertifiedJws(members["alg"], _certificates(members["x5c"]), raw)


def verified_payload(jws: CertifiedJws) -> bytes:
    """Return the payload if the key of the first certificate signed it. Raises SignatureInvalid.

    Accepts RS256, PS256 and ES256, each with the kind of key that it needs.
    """
    try:
        found = joserfc.jws.deserialize_compact(
            jws.raw, _key(jws), registry=_Registry(algorithms=_ALGORITHMS)
        )
    except (JoseError, ValueError) as error:
        raise SignatureInvalid("the signature does not match") from error
    if found.payload is None:
        raise SignatureInvalid("the JWS has no payload")
    return found.payload


def _key(jws: CertifiedJws) -> RSAKey | ECKey:
    try:
        key = jws.certificates[0].public_key()
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except (UnsupportedAlgorithm, ValueError) as error:
        raise SignatureInvalid("the key of the certificate cannot be read") from error
    match jws.algorithm, key:
        case "RS256" | "PS256", RSAPublicKey() if key.key_size >= _RSA_MINIMUM_BITS:
            return RSAKey.import_key(pem)
        case "ES256", EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            return ECKey.import_key(pem)
    raise SignatureInvalid("the algorithm is not accepted, or does not fit the certificate")


def _certificates(chain: object) -> tuple[x509.Certificate, ...]:
    if not isinstance(chain, list) or not 1 <= len(chain) <= MAX_CERTIFICATES:
        raise SignatureInvalid(f"the header must hold one to {MAX_CERTIFICATES} certificates")
    try:
        return tuple(x509.load_der_x509_certificate(from_base64(text)) for text in chain)
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise SignatureInvalid("a certificate of the header cannot be read") from error


def _strictly_base64url(segment: bytes) -> None:
    """Refuse second spellings of a signature; the others are what is signed."""
    try:
        from_base64url(segment.decode("ascii"))
    except ValueError as error:
        raise SignatureInvalid("a segment is not base64url") from error
