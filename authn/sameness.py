"""Know a certificate again, however it is presented.

Answers: by which SHA-256 may this certificate have been named, and was it
issued by that one? Whoever
presents a certificate that was signed with ECDSA can write the signature
(r, s) as (r, n - s): just as valid, with another digest. So a certificate that
somebody named by its digest is looked for in both forms.
Source: SEC 1 version 2.0, section 4.1; RFC 5280, section 4.1.
"""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from authn.refused import refusing
from domain.key_refusals import KeyRefusal

_ECDSA = "1.2.840.10045.4."
_ORDERS = tuple(curve.group_order for curve in (SECP256R1(), SECP384R1(), SECP521R1()))
"""Orders of the curves that issuers sign with; a certificate does not tell which."""
_BIT_STRING, _SEQUENCE = 0x03, 0x30


def digests(certificate: x509.Certificate) -> frozenset[str]:
    """Return the SHA-256 (hex) of the whole certificate (DER), in every form that it may be presented in."""
    with refusing(KeyRefusal.ATTESTATION_CERTIFICATE):
        der = certificate.public_bytes(Encoding.DER)
        forms = {der}
        if certificate.signature_algorithm_oid.dotted_string.startswith(_ECDSA):
            r, s = decode_dss_signature(certificate.signature)
            algorithm = _algorithm_of(der, certificate)
            signatures = (encode_dss_signature(r, order - s) for order in _ORDERS if 0 < s < order)
            forms |= {_assembled(certificate.tbs_certificate_bytes, algorithm, each) for each in signatures}
        return frozenset(hashlib.sha256(form).hexdigest() for form in forms)


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether *issuer* signed *certificate*; so it counts too where that cannot be checked."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # It cannot be checked, and the name says that it did: it counts as issued.
        return True
    return True


def _algorithm_of(der: bytes, certificate: x509.Certificate) -> bytes:
    """Return the outer algorithm identifier: what stands between the signed part and the signature."""
    end = len(der) - len(_element(_BIT_STRING, b"\0" + certificate.signature))
    start = der.index(certificate.tbs_certificate_bytes) + len(certificate.tbs_certificate_bytes)
    return der[start:end]


def _assembled(signed_part: bytes, algorithm: bytes, signature: bytes) -> bytes:
    return _element(_SEQUENCE, signed_part + algorithm + _element(_BIT_STRING, b"\0" + signature))


def _element(tag: int, content: bytes) -> bytes:
    """Return a DER element (X.690, section 10.1: the shortest length)."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
