"""Judge an attestation: does a trusted maker vouch for this new credential?

Answers: is the statement of an admitted format, with a certificate, by a model
that the operator trusts, and did that certificate sign this credential? Fails
closed at every step. A format that is refused says nothing about its model, so
nothing more is found about it.
Source: Web Authentication Level 3, sections 6.5.4, 7.1, 8.2 and 8.3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cryptography import x509

from authn.authenticator_data import AttestedCredential, AuthenticatorData, read_authenticator_data
from authn.certificates import (
    is_virtual,
    model_finding,
    packed_leaf_finding,
    read_chain,
    statement_algorithm_fits,
)
from authn.cose import CredentialKey, check_signature
from authn.encoding import cbor_map
from authn.findings import Finding, finding_of, found
from authn.refused import Refused
from authn.tpm import TPM_MEMBERS, TpmStatement, tpm_findings
from authn.trust import ZERO_AAGUID, Trust
from domain.key_refusals import KeyRefusal, Refusal

_OF_FORMAT = {
    "none": KeyRefusal.ATTESTATION_MISSING,
    "tpm": KeyRefusal.ATTESTATION_TPM,
    "android-key": KeyRefusal.ATTESTATION_ANDROID,
    "apple": KeyRefusal.ATTESTATION_APPLE,
    "fido-u2f": KeyRefusal.ATTESTATION_U2F,
}


@dataclass(frozen=True, slots=True)
class AttestationObject:
    """An attestation object, read, not judged. *raw* is the whole of it."""

    raw: bytes
    format: str
    data: AuthenticatorData
    credential: AttestedCredential
    statement: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Vouched:
    """What was found about an attestation. *leaf* vouches (*leaf_der*: as presented), if it could be read."""

    leaf: x509.Certificate | None
    leaf_der: bytes
    findings: tuple[Refusal, ...]


def read_attestation_object(raw: bytes) -> AttestationObject:
    """Return the parts of *raw*; raise Refused unless there are exactly the three."""
    parts = cbor_map(raw, "the attestation object")
    if set(parts) != {"fmt", "attStmt", "authData"}:
        raise Refused(KeyRefusal.MALFORMED, "the attestation object has other members")
    name, statement, raw_data = parts["fmt"], parts["attStmt"], parts["authData"]
    if not isinstance(name, str) or not isinstance(statement, dict) or not isinstance(raw_data, bytes):
        raise Refused(KeyRefusal.MALFORMED, "a member of the attestation object has another type")
    data = read_authenticator_data(raw_data)
    if data.attested is None:
        raise Refused(KeyRefusal.MALFORMED, "no attested credential")
    return AttestationObject(raw, name, data, data.attested, statement)


def judge_attestation(
    attestation: AttestationObject,
    *,
    client_data: bytes,
    key: CredentialKey,
    trust: Trust,
    now: datetime,
) -> Vouched:
    """Return who vouches and everything that speaks against it."""
    refused = _format_finding(attestation, trust)
    if refused is not None:
        return Vouched(None, b"", (refused,))
    try:
        chain = _read_statement(attestation)
    except Refused as unreadable:
        return Vouched(None, b"", (unreadable.refusal,))
    of_model = _model_findings(attestation, chain, key, trust, now)
    of_statement = _statement_findings(attestation, chain[0], client_data)
    named = (
        replace(finding, aaguid=attestation.credential.aaguid)
        for finding in found((*of_model, *of_statement))
    )
    return Vouched(chain[0], attestation.statement["x5c"][0], tuple(named))


def _format_finding(attestation: AttestationObject, trust: Trust) -> Finding:
    name = attestation.format
    if name not in trust.rules.formats or name not in ("packed", "tpm"):
        return Refusal(_OF_FORMAT.get(name, KeyRefusal.ATTESTATION_FORMAT), f"format {name}"[:200])
    if not attestation.statement.get("x5c"):
        return Refusal(KeyRefusal.ATTESTATION_SELF)
    return None


def _read_statement(attestation: AttestationObject) -> tuple[x509.Certificate, ...]:
    members = TPM_MEMBERS if attestation.format == "tpm" else {"alg", "sig", "x5c"}
    if set(attestation.statement) != members:
        raise Refused(KeyRefusal.MALFORMED, f"the {attestation.format} statement has other members")
    return read_chain(attestation.statement["x5c"])


def _model_findings(
    attestation: AttestationObject,
    chain: Sequence[x509.Certificate],
    key: CredentialKey,
    trust: Trust,
    now: datetime,
) -> tuple[Finding, ...]:
    """Return what speaks against the model, and against this chain as one of that model.

    INVARIANT: without a finding the chain ended at an anchor of this very model. Where the model
    has no anchors, there already is a finding, and the chain is none of its own.
    """
    aaguid = attestation.credential.aaguid
    virtual = Refusal(KeyRefusal.VIRTUAL_AUTHENTICATOR) if is_virtual(chain) else None
    of_model = trust.model_finding(aaguid, chain=chain, algorithm=key.algorithm, now=now)
    if aaguid == ZERO_AAGUID:
        return virtual, of_model
    binding = model_finding(chain[0], aaguid=aaguid, required=trust.is_shared(aaguid))
    unknown = of_model is not None and not trust.has_anchors(aaguid)
    path = None if unknown else trust.chain_finding(aaguid, attestation.statement["x5c"], now)
    return virtual, of_model, binding, path


def _statement_findings(
    attestation: AttestationObject, leaf: x509.Certificate, client_data: bytes
) -> tuple[Finding, ...]:
    if attestation.format == "tpm":
        public_key = attestation.credential.public_key
        return tpm_findings(
            TpmStatement(attestation.statement, leaf, attestation.raw, public_key, client_data)
        )
    signed = attestation.data.raw + hashlib.sha256(client_data).digest()
    return packed_leaf_finding(leaf), finding_of(
        KeyRefusal.ATTESTATION_SIGNATURE, lambda: _check_packed(attestation.statement, leaf, signed)
    )


def _check_packed(statement: dict[str, Any], leaf: x509.Certificate, signed: bytes) -> None:
    algorithm, signature = statement["alg"], statement["sig"]
    key = leaf.public_key()
    if type(algorithm) is not int or not statement_algorithm_fits(key, algorithm):
        raise Refused(KeyRefusal.ATTESTATION_SIGNATURE, "the algorithm does not fit the certificate")
    check_signature(key, algorithm, signature, signed)
