"""Verify the assertion of a security key: at login and at every tap.

Answers: did this credential sign this challenge on our page, with touch and
PIN, and did its counter move on? Does not load the key, own the challenge or
move the stored counter: those are the flow's, in its transaction.
Source: Web Authentication Level 3, section 7.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from webauthn import verify_authentication_response
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    verify_signature,
)
from webauthn.helpers.structs import AuthenticationCredential, AuthenticatorAssertionResponse

from authn.authenticator_data import AuthenticatorData, read_authenticator_data
from authn.client_data import GET, check_ceremony, embedding, read_client_data
from authn.cose import algorithm_of
from authn.encoding import to_base64url
from authn.presented import Presented, PresentedAssertion, read_assertion, read_credential_id
from authn.refused import Refused, refusing
from domain.authenticators import StoredCredential, VerifiedAssertion
from domain.key_refusals import KeyRefusal, Refusal


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
) -> VerifiedAssertion | Refusal:
    """Return the verified assertion, or why it is refused.

    *presented* is the browser's AuthenticationResponseJSON, as text or already
    parsed; nothing in it can make this raise. *allowed_ids* is the list sent
    with the challenge (empty: everything is refused). *credential* was loaded
    by the presented id; that it belongs to the person with *user_handle* and
    is active is for the flow to check. *sign_count_at_issue* is the counter
    when the challenge was made: a count that is not above it refuses, unless
    both are zero. A refusal whose code is not quiet was signed by the key.
    """
    try:
        with refusing(KeyRefusal.MALFORMED):
            response = read_assertion(presented)
            _check_addressee(response, allowed_ids, credential, user_handle)
            client_data = read_client_data(response.client_data)
            check_ceremony(client_data, kind=GET, challenge=challenge, origin=origin)
            data = _signed_data(response, rp_id)
            findings = (
                embedding(client_data),
                _key_finding(credential),
                _flag_finding(data, credential),
                _counter_finding(data, sign_count_at_issue),
            )
            finding = next((found for found in findings if found is not None), None)
            _check_signature(response, credential, finding, challenge=challenge, origin=origin, rp_id=rp_id)
            return _verified(response, data, credential) if finding is None else finding
    except Refused as refused:
        return refused.refusal


def _check_addressee(
    response: PresentedAssertion,
    allowed_ids: Collection[bytes],
    credential: StoredCredential,
    user_handle: bytes,
) -> None:
    if response.credential_id not in allowed_ids:
        raise Refused(KeyRefusal.CREDENTIAL_MISMATCH, "the id is not in the list that was sent")
    if response.credential_id != credential.credential_id:
        raise Refused(KeyRefusal.CREDENTIAL_MISMATCH, "the id is not the loaded credential's")
    if response.user_handle is not None and response.user_handle != user_handle:
        raise Refused(KeyRefusal.USER_HANDLE_MISMATCH)


def _signed_data(response: PresentedAssertion, rp_id: str) -> AuthenticatorData:
    data = read_authenticator_data(response.authenticator_data)
    if data.attested is not None:
        raise Refused(KeyRefusal.MALFORMED, "an assertion brings a new credential")
    data.check_rp(rp_id)
    return data


def _key_finding(credential: StoredCredential) -> Refusal | None:
    try:
        algorithm = algorithm_of(credential.public_key)
    except Refused as refused:
        return refused.refusal
    if credential.algorithm != algorithm:
        return Refusal(
            KeyRefusal.ALGORITHM_REFUSED, f"stored as {credential.algorithm}, key says {algorithm}"
        )
    return None


def _flag_finding(data: AuthenticatorData, credential: StoredCredential) -> Refusal | None:
    if not data.user_present:
        return Refusal(KeyRefusal.NO_TOUCH)
    if data.backup_eligible != credential.backup_eligible:
        return Refusal(KeyRefusal.BACKUP_STATE, "eligibility changed since registration")
    if data.backup_eligible:
        return Refusal(KeyRefusal.SYNCED)
    if data.backed_up:
        return Refusal(KeyRefusal.BACKUP_STATE, "backed up without being eligible")
    if not data.user_verified:
        return Refusal(KeyRefusal.NO_PIN)
    return None


def _counter_finding(data: AuthenticatorData, sign_count_at_issue: int) -> Refusal | None:
    if data.sign_count == 0 and sign_count_at_issue == 0:
        return None
    if data.sign_count > sign_count_at_issue:
        return None
    return Refusal(KeyRefusal.COUNTER_REGRESSED, f"{data.sign_count} is not above {sign_count_at_issue}")


def _check_signature(
    response: PresentedAssertion,
    credential: StoredCredential,
    finding: Refusal | None,
    *,
    challenge: bytes,
    origin: str,
    rp_id: str,
) -> None:
    """Raise Refused unless the credential signed.

    A finding is only told to who holds the key: otherwise a stranger could see
    by its code that an id is real. The library refuses some findings before it
    looks at the signature, so then only its signature check is used.
    """
    with refusing(KeyRefusal.SIGNATURE_INVALID):
        if finding is not None:
            _check_signature_alone(response, credential)
            return
        verify_authentication_response(
            credential=AuthenticationCredential(
                id=to_base64url(response.credential_id),
                raw_id=response.credential_id,
                response=AuthenticatorAssertionResponse(
                    client_data_json=response.client_data,
                    authenticator_data=response.authenticator_data,
                    signature=response.signature,
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=credential.public_key,
            # Counters are judged above: the library's error for them is like any other,
            # and zero never raises it.
            credential_current_sign_count=0,
            require_user_verification=True,
        )


def _check_signature_alone(response: PresentedAssertion, credential: StoredCredential) -> None:
    key = decode_credential_public_key(credential.public_key)
    verify_signature(
        public_key=decoded_public_key_to_cryptography(key),
        signature_alg=key.alg,
        signature=response.signature,
        data=response.authenticator_data + hashlib.sha256(response.client_data).digest(),
    )


def _verified(
    response: PresentedAssertion, data: AuthenticatorData, credential: StoredCredential
) -> VerifiedAssertion:
    return VerifiedAssertion(
        credential_id=response.credential_id,
        sign_count=data.sign_count,
        sign_count_stored=credential.sign_count,
        user_verified=data.user_verified,
        client_data=response.client_data,
        authenticator_data=response.authenticator_data,
        signature=response.signature,
    )
