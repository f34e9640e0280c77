"""Compact JWS whose signer is named by a certificate chain in its header (`x5c`).

Answers: what does the header say, and did the key of this certificate sign
these bytes? Whether the chain is trusted is the caller's to decide, and must be
decided before the payload is used. Signatures are checked over the bytes as
they came, so that a payload of megabytes costs one hash of it.
Source: RFC 7515, sections 4.1.6 and 5.2; RFC 7518, sections 3.3 to 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from crypto.jws import SignatureInvalid, json_object
from crypto.secrets import from_base64, from_base64url

MAX_HEADER_BYTES = 64 * 1024
MAX_SIGNATURE_BYTES = 2 * 1024
MAX_CERTIFICATES = 6
_RSA_MINIMUM_BITS = 2048
_COORDINATE_BYTES = 32


@dataclass(frozen=True, slots=True)
class CertifiedJws:
    """A JWS that was read, not verified. *certificates* are the signer's and those above it."""

    algorithm: str
    certificates: tuple[x509.Certificate, ...]
    signing_input: bytes
    signature: bytes

    def payload(self) -> bytes:
        """Return the payload; prove nothing by it before ``check_signature``. Raises SignatureInvalid."""
        return _decoded(self.signing_input.rpartition(b".")[2])


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
    return CertifiedJws(members["alg"], _certificates(members["x5c"]), signing_input, _decoded(signature))


def check_signature(jws: CertifiedJws) -> None:
    """Raise SignatureInvalid unless the key of the first certificate signed *jws*.

    Accepts RS256, PS256 and ES256, each with the kind of key that it needs.
    """
    try:
        key = jws.certificates[0].public_key()
        match jws.algorithm, key:
            case "RS256", RSAPublicKey() if key.key_size >= _RSA_MINIMUM_BITS:
                key.verify(jws.signature, jws.signing_input, PKCS1v15(), SHA256())
            case "PS256", RSAPublicKey() if key.key_size >= _RSA_MINIMUM_BITS:
                padding = PSS(MGF1(SHA256()), salt_length=SHA256.digest_size)
                key.verify(jws.signature, jws.signing_input, padding, SHA256())
            case "ES256", EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
                key.verify(_der(jws.signature), jws.signing_input, ECDSA(SHA256()))
            case _:
                raise SignatureInvalid("the algorithm is not accepted, or does not fit the certificate")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise SignatureInvalid("the signature does not match") from error


def _certificates(chain: object) -> tuple[x509.Certificate, ...]:
    if not isinstance(chain, list) or not 1 <= len(chain) <= MAX_CERTIFICATES:
        raise SignatureInvalid(f"the header must hold one to {MAX_CERTIFICATES} certificates")
    try:
        return tuple(x509.load_der_x509_certificate(from_base64(text)) for text in chain)
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise SignatureInvalid("a certificate of the header cannot be read") from error


def _decoded(segment: bytes) -> bytes:
    try:
        return from_base64url(segment.decode("ascii"))
    except ValueError as error:
        raise SignatureInvalid("a segment is not base64url") from error


def _der(signature: bytes) -> bytes:
    """Return the DER of an ECDSA signature that came as two coordinates (RFC 7518, section 3.4)."""
    if len(signature) != 2 * _COORDINATE_BYTES:
        raise SignatureInvalid("the signature has another length")
    left, right = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
    return encode_dss_signature(int.from_bytes(left), int.from_bytes(right))
