"""Know every certificate authority behind every model of key.

Answers: which anchors does a model have, ready for OpenSSL, and does one of
its authorities stand behind another model as well? Read once for each
:class:`authn.trust.Trust`: metadata bring hundreds of anchors for as many models.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL.crypto import X509

_Trait = tuple[str, Hashable]


@dataclass(frozen=True, slots=True)
class Ready:
    """One anchor: as it came (DER), for OpenSSL, and whether it says that it certifies others."""

    der: bytes
    certificate: X509
    certifies: bool


class Authorities:
    """The anchors of all models: *certificates* is DER by AAGUID. What cannot be read vouches for nothing."""

    def __init__(self, certificates: Mapping[str, Sequence[bytes]]) -> None:
        self._certificates = certificates
        self._ready: dict[str, tuple[Ready, ...]] = {}
        self._shared: dict[str, bool] = {}

    def anchors(self, aaguid: str) -> tuple[Ready, ...]:
        """Return the anchors of *aaguid* that can be read."""
        ready = self._ready.get(aaguid)
        if ready is None:
            read = ((der, _load(der)) for der in self._certificates.get(aaguid, ()))
            ready = tuple(
                Ready(der, X509.from_cryptography(one), _certifies(one))
                for der, one in read
                if one is not None
            )
            self._ready[aaguid] = ready
        return ready

    def is_shared(self, aaguid: str) -> bool:
        """Return whether an authority of *aaguid* also stands behind another model.

        It does if both models trust its key, or if one model trusts the issuer
        of what the other trusts.
        """
        shared = self._shared.get(aaguid)
        if shared is None:
            shared = self._shared[aaguid] = any(
                self._models_by_trait.get(trait, _NOBODY) - {aaguid}
                for der in self._certificates.get(aaguid, ())
                for trait in _sought(self._read[der])
            )
        return shared

    @cached_property
    def _read(self) -> Mapping[bytes, x509.Certificate | None]:
        return {der: _load(der) for found in self._certificates.values() for der in found}

    @cached_property
    def _models_by_trait(self) -> Mapping[_Trait, set[str]]:
        models: dict[_Trait, set[str]] = {}
        traits = {der: tuple(_traits(certificate)) for der, certificate in self._read.items()}
        for aaguid, found in self._certificates.items():
            for der in found:
                for trait in traits[der]:
                    models.setdefault(trait, set()).add(aaguid)
        return models


_NOBODY: frozenset[str] = frozenset()


def _traits(certificate: x509.Certificate | None) -> Iterator[_Trait]:
    """Yield by what an anchor can be found."""
    if certificate is None:
        return
    yield "key", _public_key(certificate)
    yield "subject", certificate.subject
    yield "issuer", certificate.issuer
    if _certifies(certificate):
        yield "authority", certificate.subject


def _sought(certificate: x509.Certificate | None) -> Iterator[_Trait]:
    """Yield what another model's anchor has if it shares the authority of this one."""
    if certificate is None:
        return
    yield "key", _public_key(certificate)
    if _certifies(certificate):
        yield "subject", certificate.subject
        yield "issuer", certificate.subject
        yield "authority", certificate.issuer


def _load(der: bytes) -> x509.Certificate | None:
    try:
        with warnings.catch_warnings():
            # Makers' roots with a serial number of zero are in the metadata.
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(der)
            # Reads all that a ceremony will read: one bad anchor must not stop every model.
            _public_key(certificate), certificate.subject, certificate.issuer, _certifies(certificate)
    except Exception:
        return None
    return certificate


def _certifies(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        # OpenSSL takes a self-signed certificate of version 1 for a CA, so it counts as one.
        return certificate.subject == certificate.issuer


def _public_key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
