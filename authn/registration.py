"""Verify the registration of a security key.

Answers: was this credential made for our challenge, on our page, by a key
model that the operator trusts, with touch and PIN, unable to leave the key?
Does not know other credentials: that an id was never seen before, and that a
serial is this person's, is for the flow to check.
Source: Web Authentication Level 3, section 7.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from authn.attestation import AttestationObject, Vouched, judge_attestation, read_attestation_object
from authn.authenticator_data import AuthenticatorData
from authn.certificates import enterprise_serial
from authn.client_data import CREATE, ceremony_findings, embedding_findings, read_client_data
from authn.cose import CredentialKey, read_key
from authn.findings import Judgement, found, unread
from authn.presented import Presented, PresentedRegistration, read_registration
from authn.trust import Trust
from domain.authenticators import VerifiedRegistration
from domain.key_refusals import KeyRefusal, Refusal
from domain.key_rules import KeyRules

_ELSEWHERE = frozenset({"hybrid", "internal"})


def verify_registration(
    presented: Presented, *, challenge: bytes, origin: str, rp_id: str, trust: Trust, now: datetime
) -> VerifiedRegistration | Refusal:
    """Return the verified registration, or the first reason why it is refused.

    *presented* is the browser's RegistrationResponseJSON, as text or already
    parsed; nothing in it can make this raise. *now* is aware UTC and is the
    time at which certificates, metadata and statuses count; a naive one raises
    ValueError. The challenge's age and single use, and uniqueness, are not checked.
    """
    judged = judge_registration(
        presented, challenge=challenge, origin=origin, rp_id=rp_id, trust=trust, now=now
    )
    return judged.answer


def judge_registration(
    presented: Presented, *, challenge: bytes, origin: str, rp_id: str, trust: Trust, now: datetime
) -> Judgement[VerifiedRegistration]:
    """Return everything that speaks against a registration; see :func:`verify_registration`."""
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    return unread(lambda: _judge(presented, challenge, origin, rp_id, trust, now))


def _judge(
    presented: Presented, challenge: bytes, origin: str, rp_id: str, trust: Trust, now: datetime
) -> Judgement[VerifiedRegistration]:
    response = read_registration(presented)
    client_data = read_client_data(response.client_data)
    attestation = read_attestation_object(response.attestation_object)
    data = attestation.data
    key = read_key(attestation.credential.public_key, trust.rules.algorithms)
    vouched = judge_attestation(attestation, client_data=response.client_data, key=key, trust=trust, now=now)
    findings = (
        *ceremony_findings(client_data, kind=CREATE, challenge=challenge, origin=origin),
        *embedding_findings(client_data),
        *data.answer_findings(rp_id),
        *data.flag_findings(),
        *_credential_findings(response, attestation, key),
        *vouched.findings,
        *_demanded(data, trust.rules),
    )
    if findings:
        return Judgement(findings)
    return Judgement((), _verified(response, attestation, key, vouched))


def _credential_findings(
    response: PresentedRegistration, attestation: AttestationObject, key: CredentialKey
) -> tuple[Refusal, ...]:
    swapped = attestation.credential.credential_id != response.credential_id
    elsewhere = response.hints.attachment == "platform" or (
        bool(response.transports) and set(response.transports) <= _ELSEWHERE
    )
    return found(
        (
            Refusal(KeyRefusal.CREDENTIAL_MISMATCH, "the response's id is not the signed one")
            if swapped
            else None,
            key.finding,
            Refusal(KeyRefusal.REMOTE_KEY, "by what the client says") if elsewhere else None,
        )
    )


def _demanded(data: AuthenticatorData, rules: KeyRules) -> Iterator[Refusal]:
    """Yield what the key does not report, signed, though the operator demands it."""
    if rules.min_pin_length and (data.min_pin_length or 0) < rules.min_pin_length:
        yield Refusal(KeyRefusal.PIN_TOO_SHORT, f"reported: {data.min_pin_length}")
    if rules.cred_protect and (data.cred_protect or 0) < rules.cred_protect:
        yield Refusal(KeyRefusal.PIN_NOT_ENFORCED, f"reported: {data.cred_protect}")


def _verified(
    response: PresentedRegistration, attestation: AttestationObject, key: CredentialKey, vouched: Vouched
) -> VerifiedRegistration:
    data, credential = attestation.data, attestation.credential
    if vouched.leaf is None or key.algorithm is None:
        raise RuntimeError("a registration without findings has a certificate and a key")
    return VerifiedRegistration(
        credential_id=credential.credential_id,
        public_key=credential.public_key,
        algorithm=key.algorithm,
        sign_count=data.sign_count,
        aaguid=credential.aaguid,
        transports_hint=response.transports,
        attestation_object=response.attestation_object,
        leaf_der=vouched.leaf_der,
        leaf_sha256=hashlib.sha256(vouched.leaf_der).hexdigest(),
        backup_eligible=data.backup_eligible,
        user_verified=data.user_verified,
        serial=enterprise_serial(vouched.leaf),
        min_pin_length=data.min_pin_length,
        cred_protect=data.cred_protect,
    )
