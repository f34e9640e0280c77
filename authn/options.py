"""Write the options of a ceremony for the browser.

Answers: what do we ask of the browser and the key? The result is JSON for
``PublicKeyCredential.parseCreationOptionsFromJSON`` and
``parseRequestOptionsFromJSON``. Options are wishes: the browser may ignore each of
them, so whatever matters is checked again on the answer.
Source: Web Authentication Level 3, sections 5.4 to 5.8, 10.1; CTAP 2.1
section 12 (credProtect, minPinLength).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from authn.encoding import to_base64url
from domain.key_rules import KeyRules

REGISTRATION_TIMEOUT = timedelta(minutes=5)
ASSERTION_TIMEOUT = timedelta(minutes=2)

_USUAL = KeyRules()
_MILLISECOND = timedelta(milliseconds=1)


def registration_options(
    *,
    rp_id: str,
    rp_name: str,
    user_handle: bytes,
    user_name: str,
    display_name: str,
    challenge: bytes,
    exclude: Sequence[bytes],
    rules: KeyRules = _USUAL,
) -> dict[str, Any]:
    """Return creation options for a roaming key with PIN, touch and attestation.

    *user_handle* is random and says nothing about the person. *exclude* are
    the ids of all keys the person has or had, revoked ones included. Offered
    is exactly what *rules* admit.
    """
    return {
        "rp": {"id": rp_id, "name": rp_name},
        "user": {"id": to_base64url(user_handle), "name": user_name, "displayName": display_name},
        "challenge": to_base64url(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in rules.algorithms],
        "timeout": REGISTRATION_TIMEOUT // _MILLISECOND,
        "excludeCredentials": _descriptors(exclude),
        "authenticatorSelection": {
            "authenticatorAttachment": "cross-platform",
            "residentKey": "discouraged",
            "requireResidentKey": False,
            "userVerification": "required",
        },
        "hints": ["security-key"],
        "attestation": "enterprise" if rules.enterprise else "direct",
        "attestationFormats": sorted(rules.formats),
        "extensions": {
            "credProps": True,
            "credentialProtectionPolicy": "userVerificationRequired",
            # A key that cannot is refused by us, with a reason, not by the browser without one.
            "enforceCredentialProtectionPolicy": False,
            "minPinLength": True,
        },
    }


def assertion_options(
    *,
    rp_id: str,
    challenge: bytes,
    allow: Sequence[bytes],
    timeout: timedelta = ASSERTION_TIMEOUT,
) -> dict[str, Any]:
    """Return request options for one of the credentials *allow*, with PIN and touch.

    Raises ValueError for an empty *allow*: to a browser that means any
    credential. For a name that nobody has, see ``authn.decoys``.
    """
    if not allow:
        raise ValueError("an empty list would allow every credential")
    return {
        "challenge": to_base64url(challenge),
        "rpId": rp_id,
        "timeout": timeout // _MILLISECOND,
        "allowCredentials": _descriptors(allow),
        "userVerification": "required",
        "hints": ["security-key"],
    }


def _descriptors(credential_ids: Sequence[bytes]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": to_base64url(credential_id)} for credential_id in credential_ids]
