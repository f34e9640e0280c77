"""Judge an attestation: does a trusted maker vouch for this new credential?

Answers: is the statement packed with a certificate, by a model that the
operator trusts? Fails closed at every step. The statement's signature is left
to ``authn.registration``, which asks the library.
Source: Web Authentication Level 3, sections 6.5.4, 7.1 and 8.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from authn.authenticator_data import AuthenticatorData, read_authenticator_data
from authn.certificates import check_leaf, is_virtual, read_certificate, statement_algorithm_fits
from authn.encoding import cbor_map
from authn.refused import Refused
from authn.trust import ZERO_AAGUID, check_chain, is_shared
from domain.authenticators import Anchor
from domain.key_refusals import KeyRefusal

MAX_CERTIFICATES = 5


@dataclass(frozen=True, slots=True)
class AttestationObject:
    """An attestation object, read, not judged."""

    format: str
    authenticator_data: AuthenticatorData
    statement: dict[Any, Any]


def read_attestation_object(raw: bytes) -> AttestationObject:
    """Return the parts of *raw*; raise Refused unless there are exactly the three."""
    parts = cbor_map(raw, "the attestation object")
    if set(parts) != {"fmt", "attStmt", "authData"}:
        raise Refused(KeyRefusal.MALFORMED, "the attestation object has other members")
    name, statement, data = parts["fmt"], parts["attStmt"], parts["authData"]
    if not isinstance(name, str) or not isinstance(statement, dict) or not isinstance(data, bytes):
        raise Refused(KeyRefusal.MALFORMED, "a member of the attestation object has another type")
    return AttestationObject(name, read_authenticator_data(data), statement)


def check_attestation(
    attestation: AttestationObject, *, aaguid: str, anchors: Sequence[Anchor], now: datetime
) -> x509.Certificate:
    """Return the attestation certificate if a maker trusted for *aaguid* vouches; else raise Refused.

    *anchors* are all that the operator trusts, for every model: that is how a
    certificate authority of several models is known. The signature over the
    credential is not checked here.
    """
    certificates = _certificates(attestation)
    leaf = certificates[0]
    if any(is_virtual(certificate) for certificate in certificates):
        raise Refused(KeyRefusal.VIRTUAL_AUTHENTICATOR)
    if aaguid == ZERO_AAGUID:
        raise Refused(KeyRefusal.AAGUID_ZERO)
    trusted = [anchor for anchor in anchors if anchor.aaguid == aaguid]
    if not trusted:
        raise Refused(KeyRefusal.NOT_CERTIFIED, f"no anchor for {aaguid}")
    check_leaf(leaf, aaguid=aaguid, extension_required=is_shared(aaguid, anchors))
    check_chain(leaf, certificates[1:], anchors=trusted, now=now)
    if not statement_algorithm_fits(leaf, attestation.statement["alg"]):
        raise Refused(KeyRefusal.ATTESTATION_SIGNATURE, "the algorithm does not fit the certificate")
    return leaf


def _certificates(attestation: AttestationObject) -> list[x509.Certificate]:
    if attestation.format == "none":
        raise Refused(KeyRefusal.ATTESTATION_MISSING)
    if attestation.format != "packed":
        raise Refused(KeyRefusal.ATTESTATION_FORMAT, f"format {attestation.format}")
    statement = attestation.statement
    if not statement.get("x5c"):
        raise Refused(KeyRefusal.ATTESTATION_SELF)
    if set(statement) != {"alg", "sig", "x5c"} or not isinstance(statement["x5c"], list):
        raise Refused(KeyRefusal.MALFORMED, "the packed statement has other members")
    if len(statement["x5c"]) > MAX_CERTIFICATES:
        raise Refused(KeyRefusal.TOO_LARGE, f"more than {MAX_CERTIFICATES} certificates")
    return [read_certificate(der) for der in statement["x5c"]]
