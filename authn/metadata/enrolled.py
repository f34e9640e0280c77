"""Judge keys that are registered when what is known of their models changes.

Answers: which rules stand against this key now, so that it must stop? New keys
are ``authn.trust``'s. Age of the metadata does not matter here: what it says
against a model stays true, and where there is none nothing is held against
anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from authn.attestation import read_attestation_object
from authn.metadata.rules import (
    blocks_enrolled,
    broken_rules,
    counts_beside_overlay,
)
from authn.refused import Refused
from authn.trust import Trust
from domain.key_rules import KeyRule


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """What is stored of a key. *chain* (DER) is what its maker signed it with, the leaf first."""

    aaguid: str
    algorithm: int
    chain: tuple[bytes, ...]

    @classmethod
    def of(cls, aaguid: str, algorithm: int, *, leaf: bytes, attestation_object: bytes) -> EnrolledKey:
        """Return the key with the chain that its stored attestation holds, at least its *leaf*."""
        try:
            sent = read_attestation_object(attestation_object).statement.get("x5c")
        except Refused:
            sent = None
        more = [der for der in sent if isinstance(der, bytes)] if isinstance(sent, list) else []
        return cls(aaguid, algorithm, tuple(dict.fromkeys([leaf, *more])))

    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Return the chain, read; it was readable when the key was registered."""
        return tuple(x509.load_der_x509_certificate(der) for der in self.chain)


def rules_against(key: EnrolledKey, trust: Trust, now: datetime) -> tuple[KeyRule, ...]:
    """Return the rules for which a registered key must stop, in the order of ``KeyRule``; often none."""
    chain = key.certificates() if trust.denials.certificates or trust.denials.keys else ()
    found = {*trust.denied(key.aaguid, chain), *_broken(key, trust, now)}
    return tuple(rule for rule in KeyRule if rule in found)


def _broken(key: EnrolledKey, trust: Trust, now: datetime) -> set[KeyRule]:
    model = trust.model(key.aaguid)
    if model is None:
        return set()
    broken = set(broken_rules(model, trust.rules, algorithm=key.algorithm, now=now))
    if trust.known_to_others(key.aaguid, key.certificates, now):
        broken.add(KeyRule.STATUS_BAD)
    counts = counts_beside_overlay if trust.overlays(key.aaguid) else blocks_enrolled
    return {rule for rule in broken if counts(rule)}
