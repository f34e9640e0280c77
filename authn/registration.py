"""Verify the registration of a security key.

Answers: was this credential made for our challenge, on our page, by a key
model that the operator trusts, with touch and PIN, unable to leave the key?
Does not know other credentials: that an id was never seen before, and that a
serial is this person's, is for the flow to check.
Source: Web Authentication Level 3, section 7.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from webauthn import verify_registration_response
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AuthenticatorAttestationResponse, RegistrationCredential

from authn.attestation import check_attestation, read_attestation_object
from authn.authenticator_data import AttestedCredential, AuthenticatorData
from authn.certificates import enterprise_serial
from authn.client_data import CREATE, check_ceremony, embedding, read_client_data
from authn.cose import ALGORITHMS, algorithm_of
from authn.encoding import to_base64url
from authn.presented import Presented, PresentedRegistration, read_registration
from authn.refused import Refused, refusing
from domain.authenticators import Anchor, VerifiedRegistration
from domain.key_refusals import KeyRefusal, Refusal


def verify_registration(
    presented: Presented,
    *,
    challenge: bytes,
    origin: str,
    rp_id: str,
    anchors: Sequence[Anchor],
    now: datetime,
) -> VerifiedRegistration | Refusal:
    """Return the verified registration, or why it is refused.

    *presented* is the browser's RegistrationResponseJSON, as text or already
    parsed; nothing in it can make this raise. *anchors* are all trusted ones;
    without any, everything is refused. *now* is aware UTC and is the time at
    which certificates must be valid; a naive one raises ValueError. The
    challenge's age and single use, and uniqueness, are not checked.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    try:
        with refusing(KeyRefusal.MALFORMED):
            response = read_registration(presented)
            _check_client(response, challenge=challenge, origin=origin)
            return _verify(
                response, challenge=challenge, origin=origin, rp_id=rp_id, anchors=anchors, now=now
            )
    except Refused as refused:
        return refused.refusal


def _check_client(response: PresentedRegistration, *, challenge: bytes, origin: str) -> None:
    client_data = read_client_data(response.client_data)
    check_ceremony(client_data, kind=CREATE, challenge=challenge, origin=origin)
    embedded = embedding(client_data)
    if embedded is not None:
        raise Refused(embedded.code, embedded.detail)


def _verify(
    response: PresentedRegistration,
    *,
    challenge: bytes,
    origin: str,
    rp_id: str,
    anchors: Sequence[Anchor],
    now: datetime,
) -> VerifiedRegistration:
    attestation = read_attestation_object(response.attestation_object)
    data = attestation.authenticator_data
    _check_flags(data, rp_id=rp_id)
    credential = _new_credential(data, response.credential_id)
    algorithm = algorithm_of(credential.public_key)
    leaf = check_attestation(attestation, aaguid=credential.aaguid, anchors=anchors, now=now)
    _check_signature(response, challenge=challenge, origin=origin, rp_id=rp_id)
    return _verified(response, data, credential, algorithm, leaf)


def _check_flags(data: AuthenticatorData, *, rp_id: str) -> None:
    data.check_rp(rp_id)
    if not data.user_present:
        raise Refused(KeyRefusal.NO_TOUCH)
    if data.backup_eligible:
        raise Refused(KeyRefusal.SYNCED)
    if data.backed_up:
        raise Refused(KeyRefusal.BACKUP_STATE, "backed up without being eligible")
    if not data.user_verified:
        raise Refused(KeyRefusal.NO_PIN)


def _new_credential(data: AuthenticatorData, presented_id: bytes) -> AttestedCredential:
    if data.attested is None:
        raise Refused(KeyRefusal.MALFORMED, "no attested credential")
    if data.attested.credential_id != presented_id:
        raise Refused(KeyRefusal.CREDENTIAL_MISMATCH, "the response's id is not the signed one")
    return data.attested


def _check_signature(response: PresentedRegistration, *, challenge: bytes, origin: str, rp_id: str) -> None:
    # The library gets no roots on purpose: it cannot end a path at an intermediate and reads
    # the machine's clock. INVARIANT: authn.trust has checked the chain before this line.
    with refusing(KeyRefusal.ATTESTATION_SIGNATURE):
        verify_registration_response(
            credential=RegistrationCredential(
                id=to_base64url(response.credential_id),
                raw_id=response.credential_id,
                response=AuthenticatorAttestationResponse(
                    client_data_json=response.client_data,
                    attestation_object=response.attestation_object,
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_presence=True,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(algorithm) for algorithm in ALGORITHMS],
        )


def _verified(
    response: PresentedRegistration,
    data: AuthenticatorData,
    credential: AttestedCredential,
    algorithm: int,
    leaf: x509.Certificate,
) -> VerifiedRegistration:
    der = leaf.public_bytes(Encoding.DER)
    return VerifiedRegistration(
        credential_id=credential.credential_id,
        public_key=credential.public_key,
        algorithm=algorithm,
        sign_count=data.sign_count,
        aaguid=credential.aaguid,
        transports_hint=response.transports,
        attestation_object=response.attestation_object,
        leaf_der=der,
        leaf_sha256=hashlib.sha256(der).hexdigest(),
        backup_eligible=data.backup_eligible,
        user_verified=data.user_verified,
        serial=enterprise_serial(leaf),
    )
