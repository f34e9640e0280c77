"""Verify the assertion of a security key: at login and at every tap.

Answers: did this credential sign this challenge on our page, with touch and
PIN, and did its counter move on? Does not load the key, own the challenge or
move the stored counter: those are the flow's, in its transaction.
Source: Web Authentication Level 3, section 7.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from typing import Any

from authn.authenticator_data import AuthenticatorData, read_authenticator_data
from authn.client_data import GET, ceremony_findings, embedding_findings, read_client_data
from authn.cose import CredentialKey, check_signature, read_key
from authn.findings import Finding, Judgement, finding_of, found, unread
from authn.presented import (
    Presented,
    PresentedAssertion,
    read_assertion,
    read_credential_id,
    remote_members,
)
from authn.refused import Refused, refusing
from domain.authenticators import StoredCredential, VerifiedAssertion
from domain.key_refusals import KeyRefusal, Refusal
from domain.key_rules import KeyRules

_ALGORITHMS = KeyRules().algorithms


def presented_credential_id(presented: Presented) -> bytes | Refusal:
    """Return the id by which to load the credential, or why there is none.

    The id is not signed: it is a claim until :func:`verify_assertion` agrees.
    """
    try:
        with refusing(KeyRefusal.MALFORMED):
            return read_credential_id(presented)
    except Refused as refused:
        return refused.refusal


def verify_assertion(
    presented: Presented,
    *,
    challenge: bytes,
    origin: str,
    rp_id: str,
    allowed_ids: Collection[bytes],
    credential: StoredCredential,
    user_handle: bytes,
    sign_count_at_issue: int,
    algorithms: Collection[int] = _ALGORITHMS,
) -> VerifiedAssertion | Refusal:
    """Return the verified assertion, or the first reason why it is refused.

    *presented* is the browser's AuthenticationResponseJSON, as text or already
    parsed; nothing in it can make this raise. *allowed_ids* is the list sent
    with the challenge (empty: everything is refused). *credential* was loaded
    by the presented id; that it belongs to the person with *user_handle* and
    is active is for the flow to check. *sign_count_at_issue* is the counter
    when the challenge was made: a count that is not above it refuses, unless
    both are zero. *algorithms* are those admitted today. A refusal whose code
    is not quiet was signed by the key.
    """
    judged = judge_assertion(
        presented,
        challenge=challenge,
        origin=origin,
        rp_id=rp_id,
        allowed_ids=allowed_ids,
        credential=credential,
        user_handle=user_handle,
        sign_count_at_issue=sign_count_at_issue,
        algorithms=algorithms,
    )
    return judged.answer


def judge_assertion(
    presented: Presented,
    *,
    challenge: bytes,
    origin: str,
    rp_id: str,
    allowed_ids: Collection[bytes],
    credential: StoredCredential,
    user_handle: bytes | None,
    sign_count_at_issue: int,
    algorithms: Collection[int] = _ALGORITHMS,
) -> Judgement[VerifiedAssertion]:
    """Return everything that speaks against an assertion; see :func:`verify_assertion`.

    What a stranger can bring about comes first, then the signature, then what
    only the key can have signed; of that the counter first, because a copy of
    the key must not hide behind a smaller fault. *user_handle* None: unknown,
    so that a presented one cannot be compared.
    """

    def judge() -> Judgement[VerifiedAssertion]:
        response = read_assertion(presented)
        client_data = read_client_data(response.client_data)
        data = _read_data(response)
        key = read_key(credential.public_key, algorithms)
        findings = found(
            (
                *_addressee_findings(response, allowed_ids, credential, user_handle),
                *ceremony_findings(client_data, kind=GET, challenge=challenge, origin=origin),
                *data.answer_findings(rp_id),
                *_key_findings(credential, key),
                _signature_finding(response, key),
                _counter_finding(data, sign_count_at_issue),
                *embedding_findings(client_data),
                *_backup_findings(data, credential),
                *data.flag_findings(),
            )
        )
        if findings:
            return Judgement(findings)
        return Judgement((), _verified(response, data, credential, client_data))

    return unread(judge)


def _read_data(response: PresentedAssertion) -> AuthenticatorData:
    data = read_authenticator_data(response.authenticator_data)
    if data.attested is not None:
        raise Refused(KeyRefusal.MALFORMED, "an assertion brings a new credential")
    return data


def _addressee_findings(
    response: PresentedAssertion,
    allowed_ids: Collection[bytes],
    credential: StoredCredential,
    user_handle: bytes | None,
) -> Iterator[Refusal]:
    if response.credential_id not in allowed_ids:
        yield Refusal(KeyRefusal.CREDENTIAL_MISMATCH, "the id is not in the list that was sent")
    elif response.credential_id != credential.credential_id:
        yield Refusal(KeyRefusal.CREDENTIAL_MISMATCH, "the id is not the loaded credential's")
    if None not in (response.user_handle, user_handle) and response.user_handle != user_handle:
        yield Refusal(KeyRefusal.USER_HANDLE_MISMATCH)


def _key_findings(credential: StoredCredential, key: CredentialKey) -> Iterator[Refusal]:
    """Yield why the stored key is not accepted today. Our own row says so: no stranger brings this about."""
    if key.finding is not None:
        yield key.finding
    elif credential.algorithm != key.algorithm:
        said = f"stored as {credential.algorithm}, key says {key.algorithm}"
        yield Refusal(KeyRefusal.ALGORITHM_REFUSED, said)


def _signature_finding(response: PresentedAssertion, key: CredentialKey) -> Finding:
    """Return why the signature is not the key's. A key that cannot be used has a finding of its own."""
    if key.key is None or key.algorithm is None:
        return None
    public_key, algorithm = key.key, key.algorithm
    signed = response.authenticator_data + hashlib.sha256(response.client_data).digest()
    return finding_of(
        KeyRefusal.SIGNATURE_INVALID,
        lambda: check_signature(public_key, algorithm, response.signature, signed),
    )


def _counter_finding(data: AuthenticatorData, sign_count_at_issue: int) -> Finding:
    if data.sign_count > sign_count_at_issue or data.sign_count == sign_count_at_issue == 0:
        return None
    return Refusal(KeyRefusal.COUNTER_REGRESSED, f"{data.sign_count} is not above {sign_count_at_issue}")


def _backup_findings(data: AuthenticatorData, credential: StoredCredential) -> Iterator[Refusal]:
    if data.backup_eligible != credential.backup_eligible:
        yield Refusal(KeyRefusal.BACKUP_STATE, "eligibility changed since registration")


def _verified(
    response: PresentedAssertion,
    data: AuthenticatorData,
    credential: StoredCredential,
    client_data: dict[str, Any],
) -> VerifiedAssertion:
    return VerifiedAssertion(
        credential_id=response.credential_id,
        sign_count=data.sign_count,
        sign_count_stored=credential.sign_count,
        user_verified=data.user_verified,
        client_data=response.client_data,
        authenticator_data=response.authenticator_data,
        signature=response.signature,
        attachment_hint=response.hints.attachment,
        remote_hint=(*response.hints.remote, *remote_members(client_data)),
    )
