"""Decide whether the maker of a key model vouches for a certificate, and whether the model is admitted.

Answers: is a new key of this model admitted today, does its certificate chain
to an anchor that counts for exactly this model, and may a key that is
registered still be used? One value holds what the operator trusts (overlay),
denies, and has imported (metadata); what is costly is computed once.

An anchor may be a root, an intermediate or the attestation certificate itself,
and counts for no other model. What the operator denies is denied whatever
metadata or overlay say. A model of the overlay is admitted by the operator's
word, except that a compromise that metadata report still denies it.
Source: Web Authentication Level 3, section 7.1 (steps 23 to 25) and 8.2; FIDO
Metadata Statement 3.0, ``attestationRootCertificates``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL.crypto import FILETYPE_ASN1, X509Store, X509StoreContext, X509StoreFlags, load_certificate

from authn.authorities import Authorities
from authn.certificates import is_virtual, key_digest
from authn.findings import Finding, finding_of
from authn.metadata.rules import broken_rules, compromised_certificates, counts_beside_overlay
from authn.refused import Refused
from authn.sameness import digests, issued_by
from domain.authenticators import Anchor, read_aaguid
from domain.errors import Invalid
from domain.key_refusals import KeyRefusal, Refusal
from domain.key_rules import KeyRule, KeyRules
from domain.metadata import Denials, Freshness, Metadata, Model, due_day

ZERO_AAGUID = str(uuid.UUID(int=0))

_NONE_DENIED = Denials()
_USUAL = KeyRules()


def read_anchors(pem: bytes, *, aaguid: str, label: str) -> tuple[Anchor, ...]:
    """Return one anchor for each certificate in *pem*, all for the model *aaguid*.

    Raises Invalid for an AAGUID that is no UUID or all zero, for a text without
    certificates, and for the key of an authenticator that is a program.
    """
    model = read_aaguid(aaguid)
    if model is None:
        raise Invalid(
            f"`{aaguid[:80]}` is not an AAGUID",
            code="aaguid",
            remedy="Write it as a UUID, for example 2fc0579f-8113-47ea-b116-bb5a8db9202a.",
        )
    if model == ZERO_AAGUID:
        raise Invalid(
            "the zero AAGUID names no model", code="aaguid", remedy="Ask the maker for the model's."
        )
    try:
        certificates = x509.load_pem_x509_certificates(pem)
        virtual = is_virtual(certificates)
    except (ValueError, x509.InvalidVersion, Refused) as error:
        raise _no_anchor() from error
    if virtual:
        raise Invalid(
            "this is the key of a browser's virtual authenticator",
            code="anchor",
            remedy="It is a program whose private key is public; trust a maker of keys instead.",
        )
    found = [certificate.public_bytes(Encoding.DER) for certificate in certificates]
    # One that can be loaded, but not read, would vouch for nothing in silence.
    if len(Authorities({model: found}).anchors(model)) != len(found):
        raise _no_anchor()
    return tuple(Anchor(model, der, label) for der in found)


def _no_anchor() -> Invalid:
    return Invalid(
        "the file holds no certificate that can be read",
        code="anchor",
        remedy="Give a PEM file of the maker's attestation root or intermediate.",
    )


@dataclass(frozen=True, eq=False)
class Trust:
    """What the operator trusts, denies and requires. Immutable; one value serves every ceremony.

    *anchors* are the overlay's. Without anchors and metadata everything is refused.
    """

    anchors: tuple[Anchor, ...] = ()
    denials: Denials = _NONE_DENIED
    metadata: Metadata | None = None
    rules: KeyRules = _USUAL

    def model_finding(
        self, aaguid: str, *, chain: Sequence[x509.Certificate], algorithm: int | None, now: datetime
    ) -> Finding:
        """Return why a new key of the model *aaguid*, attested by *chain*, is not admitted at *now*."""
        if aaguid == ZERO_AAGUID:
            return Refusal(KeyRefusal.AAGUID_ZERO)
        always = (*self.denied(aaguid, chain), *self._compromised(aaguid, chain, now))
        if aaguid in self._overlay:
            return _not_certified(aaguid, always)
        if self.metadata is None:
            if self.anchors or always:
                return _not_certified(aaguid, (*always, KeyRule.NOT_LISTED))
            return Refusal(KeyRefusal.METADATA_STALE, "no metadata were ever imported")
        if not self.counts_metadata(now):
            if always:
                return _not_certified(aaguid, always)
            return Refusal(KeyRefusal.METADATA_STALE, f"due since {due_day(self.metadata.next_update)}")
        model = self.metadata.models.get(aaguid)
        if model is None:
            return _not_certified(aaguid, (*always, KeyRule.NOT_LISTED))
        broken = broken_rules(model, self.rules, algorithm=algorithm, now=now)
        return _not_certified(aaguid, (*always, *broken))

    def counts_metadata(self, now: datetime) -> bool:
        """Whether there are metadata, fresh enough at *now* to admit models beside the overlay's."""
        if self.metadata is None:
            return False
        return self.metadata.freshness(now, self.rules.metadata_grace) is not Freshness.STALE

    def standing_finding(self, aaguid: str, leaf: bytes, now: datetime) -> Finding:
        """Return why a key that is registered may not be used any more: denied, or its model compromised.

        *leaf* is its attestation certificate (DER). That metadata are old, or
        that its model left the list, says nothing against a registered key.
        """
        suspicious = self.metadata and aaguid in self.metadata.models
        if not (suspicious or self.denials.models or self.denials.certificates or self.denials.keys):
            return None
        # Of a key that was stored without its certificate, its model is all there is to judge.
        chain = (x509.load_der_x509_certificate(leaf),) if leaf else ()
        return _not_certified(aaguid, (*self.denied(aaguid, chain), *self._compromised(aaguid, chain, now)))

    def chain_finding(self, aaguid: str, chain: Sequence[bytes], now: datetime) -> Finding:
        """Return why *chain* (DER) does not end, at *now*, at an anchor of *aaguid*.

        Signatures, dates, CA flags, key usage and path lengths are OpenSSL's. Denials and compromised
        keys are ``model_finding``'s.
        """
        store = X509Store()
        # A root need not be present: every anchor ends a path, whoever issued it.
        store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
        store.set_time(now.astimezone(UTC))
        for anchor in self._authorities.anchors(aaguid):
            # OpenSSL also takes a certificate for a CA that says nothing but a key usage.
            if anchor.certifies or anchor.der == chain[0]:
                store.add_cert(anchor.certificate)
        return finding_of(
            KeyRefusal.ATTESTATION_CHAIN,
            lambda: X509StoreContext(
                store,
                load_certificate(FILETYPE_ASN1, chain[0]),
                [load_certificate(FILETYPE_ASN1, der) for der in chain[1:]],
            ).verify_certificate(),
        )

    def has_anchors(self, aaguid: str) -> bool:
        return bool(self._certificates.get(aaguid))

    def is_shared(self, aaguid: str) -> bool:
        """Return whether an authority behind *aaguid* also stands behind another model.

        Then only the certificate's own AAGUID can tell the models apart.
        """
        return self._authorities.is_shared(aaguid)

    def label(self, aaguid: str) -> str:
        """Return what people call the model: the operator's label, else metadata's description."""
        listed = self._overlay.get(aaguid)
        if listed is not None:
            return listed[0].label
        model = self.model(aaguid)
        return model.description if model else aaguid

    def statuses(self, aaguid: str, now: datetime) -> tuple[str, ...]:
        """Return the statuses of the model that hold at *now*, as metadata name them."""
        model = self.model(aaguid)
        return tuple(report.status for report in model.statuses if report.holds(now)) if model else ()

    def denied(self, aaguid: str, chain: Sequence[x509.Certificate]) -> tuple[KeyRule, ...]:
        """Return the denials that cover the model, a certificate of *chain*, or an anchor that issued one."""
        denials = self.denials
        path = self._path(aaguid, chain) if chain and (denials.certificates or denials.keys) else ()
        by = {
            KeyRule.DENIED_MODEL: aaguid in denials.models,
            KeyRule.DENIED_CERTIFICATE: bool(denials.certificates)
            and any(digests(one) & denials.certificates for one in path),
            KeyRule.DENIED_KEY: bool(denials.keys) and any(key_digest(one) in denials.keys for one in path),
        }
        return tuple(rule for rule, holds in by.items() if holds)

    def against(self, model: Model, now: datetime) -> tuple[KeyRule, ...]:
        """Return what denials and the operator's rules say against new keys of *model*."""
        broken = broken_rules(model, self.rules, algorithm=None, now=now)
        return (*self.denied(model.aaguid, ()), *broken)

    def known_to_others(
        self, aaguid: str, read_chain: Callable[[], Sequence[x509.Certificate]], now: datetime
    ) -> bool:
        """Return whether others know a key that a chain of this model rests on, by its metadata.

        Keys are compared, not certificates: who knows a key can have it
        certified again, or write its certificate in another form.
        """
        model = self.model(aaguid)
        listed = compromised_certificates(model, now) if model else ()
        if not listed:
            return False
        chain, known = read_chain(), [x509.load_der_x509_certificate(der) for der in listed]
        keys = {key_digest(one) for one in known}
        return any(key_digest(one) in keys for one in self._path(aaguid, chain)) or any(
            issued_by(one, issuer) for one in chain for issuer in known
        )

    def _compromised(
        self, aaguid: str, chain: Sequence[x509.Certificate], now: datetime
    ) -> tuple[KeyRule, ...]:
        model = self.model(aaguid)
        if model is None:
            return ()
        if self.known_to_others(aaguid, lambda: chain, now):
            return (KeyRule.STATUS_BAD,)
        broken = broken_rules(model, self.rules, algorithm=None, now=now)
        return tuple(rule for rule in broken if counts_beside_overlay(rule))

    def _path(self, aaguid: str, chain: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
        """Return *chain* and the anchors of the model that issued one of it: it may have left them out."""
        anchors = [ready.certificate.to_cryptography() for ready in self._authorities.anchors(aaguid)]
        above = (anchor for anchor in anchors if any(issued_by(one, anchor) for one in chain))
        return (*chain, *above)

    def overlays(self, aaguid: str) -> bool:
        """Return whether the operator trusts the model himself."""
        return aaguid in self._overlay

    def model(self, aaguid: str) -> Model | None:
        """Return what metadata says of the model, if anything."""
        return self.metadata.models.get(aaguid) if self.metadata else None

    @cached_property
    def _overlay(self) -> Mapping[str, Sequence[Anchor]]:
        listed: dict[str, list[Anchor]] = {}
        for anchor in self.anchors:
            listed.setdefault(anchor.aaguid, []).append(anchor)
        return listed

    @cached_property
    def _certificates(self) -> Mapping[str, Sequence[bytes]]:
        """The anchors of each model (DER); the overlay's replace metadata's."""
        models = self.metadata.models if self.metadata else {}
        listed = {aaguid: [anchor.certificate for anchor in found] for aaguid, found in self._overlay.items()}
        return {aaguid: model.anchors for aaguid, model in models.items()} | listed

    @cached_property
    def _authorities(self) -> Authorities:
        return Authorities(self._certificates)


def _not_certified(aaguid: str, rules: Sequence[KeyRule]) -> Finding:
    told = tuple(dict.fromkeys(rules))
    if not told:
        return None
    detail = f"{aaguid}: {', '.join(rule.value for rule in told)}"
    return Refusal(KeyRefusal.NOT_CERTIFIED, detail, told)
