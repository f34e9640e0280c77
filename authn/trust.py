"""Decide whether the maker of a key model vouches for a certificate.

Answers: do these certificates chain, at this time, to an anchor that the
operator trusts for exactly this model? An anchor may be a root, an
intermediate or the attestation certificate itself, and counts for no other
model. Says nothing about metadata, certification or revocation lists.
Source: Web Authentication Level 3, section 7.1 (steps 23 to 25) and 8.2; FIDO
Metadata Statement 3.0, ``attestationRootCertificates``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreFlags

from authn.certificates import is_virtual
from authn.refused import Refused, refusing
from domain.authenticators import Anchor
from domain.errors import Invalid
from domain.key_refusals import KeyRefusal

ZERO_AAGUID = str(uuid.UUID(int=0))


def read_anchors(pem: bytes, *, aaguid: str, label: str) -> tuple[Anchor, ...]:
    """Return one anchor for each certificate in *pem*, all for the model *aaguid*.

    Raises Invalid for an AAGUID that is no UUID or all zero, for a text without
    certificates, and for the key of an authenticator that is a program.
    """
    try:
        model = str(uuid.UUID(aaguid))
    except ValueError as error:
        raise Invalid(
            f"`{aaguid[:80]}` is not an AAGUID",
            code="aaguid",
            remedy="Write it as a UUID, for example 2fc0579f-8113-47ea-b116-bb5a8db9202a.",
        ) from error
    if model == ZERO_AAGUID:
        raise Invalid(
            "the zero AAGUID names no model", code="aaguid", remedy="Ask the maker for the model's."
        )
    try:
        certificates = x509.load_pem_x509_certificates(pem)
        virtual = any(is_virtual(certificate) for certificate in certificates)
        anchors = tuple(Anchor(model, c.public_bytes(Encoding.DER), label) for c in certificates)
        # Reads all that a registration will read: one bad anchor must not stop every model.
        is_shared(model, anchors)
    except (ValueError, Refused) as error:
        raise Invalid(
            "the file holds no certificate that can be read",
            code="anchor",
            remedy="Give a PEM file of the maker's attestation root or intermediate.",
        ) from error
    if virtual:
        raise Invalid(
            "this is the key of a browser's virtual authenticator",
            code="anchor",
            remedy="It is a program whose private key is public; trust a maker of keys instead.",
        )
    return anchors


def is_shared(aaguid: str, anchors: Sequence[Anchor]) -> bool:
    """Return whether an authority behind *aaguid* also stands behind another model in *anchors*.

    Then only the certificate's own AAGUID can tell the models apart. An
    authority is shared if both models trust its key, or if one model trusts
    the issuer of what the other trusts.
    """
    mine = [_load(anchor) for anchor in anchors if anchor.aaguid == aaguid]
    others = [_load(anchor) for anchor in anchors if anchor.aaguid != aaguid]
    my_authorities = [certificate for certificate in mine if _is_authority(certificate)]
    other_authorities = [certificate for certificate in others if _is_authority(certificate)]
    return bool(
        {_public_key(c) for c in mine} & {_public_key(c) for c in others}
        or _subjects(my_authorities) & (_subjects(others) | _issuers(others))
        or _issuers(my_authorities) & _subjects(other_authorities)
    )


def check_chain(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    *,
    anchors: Sequence[Anchor],
    now: datetime,
) -> None:
    """Raise Refused unless *leaf* chains to one of *anchors* at *now*, dates and CA flags included."""
    store = X509Store()
    # A root need not be present: every anchor ends a path, whoever issued it.
    store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
    store.set_time(now.astimezone(UTC))
    for anchor in anchors:
        store.add_cert(X509.from_cryptography(_load(anchor)))
    with refusing(KeyRefusal.ATTESTATION_CHAIN):
        X509StoreContext(
            store, X509.from_cryptography(leaf), [X509.from_cryptography(c) for c in intermediates]
        ).verify_certificate()


def _load(anchor: Anchor) -> x509.Certificate:
    return x509.load_der_x509_certificate(anchor.certificate)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        # OpenSSL takes a self-signed certificate of version 1 for a CA, so it counts as one.
        return certificate.subject == certificate.issuer


def _public_key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _subjects(certificates: Sequence[x509.Certificate]) -> set[x509.Name]:
    return {certificate.subject for certificate in certificates}


def _issuers(certificates: Sequence[x509.Certificate]) -> set[x509.Name]:
    return {certificate.issuer for certificate in certificates}
