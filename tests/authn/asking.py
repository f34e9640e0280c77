"""Ask the two: the bare library, and Doorward.

The library is asked as its documentation shows, with its defaults; where trust
matters it is given roots as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.structs import AttestationFormat

from authn.assertion import judge_assertion, verify_assertion
from authn.presented import Presented
from authn.registration import judge_registration, verify_registration
from authn.trust import Trust
from domain.authenticators import Anchor, StoredCredential, VerifiedAssertion, VerifiedRegistration
from domain.key_refusals import KeyRefusal, Refusal
from domain.key_rules import KeyRules
from tests.authn.forgery import (
    ANCHORS,
    AUTHORITY,
    CHALLENGE,
    CREDENTIAL_ID,
    FOREIGN_AUTHORITY,
    NOW,
    ORIGIN,
    RP_ID,
    USER_HANDLE,
    stored,
)

ROOTS = {
    AttestationFormat.PACKED: [
        authority.certificate.public_bytes(Encoding.PEM) for authority in (AUTHORITY, FOREIGN_AUTHORITY)
    ]
}


def library_accepts_registration(presented: dict[str, Any], *, roots: bool = False) -> bool:
    try:
        verify_registration_response(
            credential=presented,
            expected_challenge=CHALLENGE,
            expected_rp_id=RP_ID,
            expected_origin=ORIGIN,
            pem_root_certs_bytes_by_fmt=ROOTS if roots else None,
        )
    except Exception:
        return False
    return True


def library_accepts_assertion(
    presented: dict[str, Any], credential: StoredCredential | None = None, *, current: int = 7
) -> bool:
    try:
        verify_authentication_response(
            credential=presented,
            expected_challenge=CHALLENGE,
            expected_rp_id=RP_ID,
            expected_origin=ORIGIN,
            credential_public_key=(credential or stored()).public_key,
            credential_current_sign_count=current,
        )
    except Exception:
        return False
    return True


def register(
    presented: Presented,
    anchors: Sequence[Anchor] = ANCHORS,
    *,
    trust: Trust | None = None,
    now: datetime = NOW,
    **rules: Any,
) -> VerifiedRegistration | Refusal:
    """Register with the overlay *anchors* and the usual rules but for *rules*, or with *trust*."""
    trust = trust or Trust(tuple(anchors), rules=KeyRules(**rules))
    return verify_registration(
        presented, challenge=CHALLENGE, origin=ORIGIN, rp_id=RP_ID, trust=trust, now=now
    )


def told(presented: Presented, trust: Trust | None = None) -> tuple[str, ...]:
    """Return every code that the judge of registrations tells."""
    trust = trust or Trust(ANCHORS)
    judged = judge_registration(
        presented, challenge=CHALLENGE, origin=ORIGIN, rp_id=RP_ID, trust=trust, now=NOW
    )
    return judged.codes


def sign_in(presented: Presented, **changes: Any) -> VerifiedAssertion | Refusal:
    return verify_assertion(presented, **_asked(changes))


def told_at_login(presented: Presented, **changes: Any) -> tuple[str, ...]:
    """Return every code that the judge of assertions tells."""
    return judge_assertion(presented, **_asked(changes)).codes


def _asked(changes: dict[str, Any]) -> dict[str, Any]:
    credential = changes.pop("credential", None) or stored()
    arguments: dict[str, Any] = {
        "challenge": CHALLENGE,
        "origin": ORIGIN,
        "rp_id": RP_ID,
        "allowed_ids": [CREDENTIAL_ID],
        "credential": credential,
        "user_handle": USER_HANDLE,
        "sign_count_at_issue": 7,
    }
    return arguments | changes


def code(answer: object) -> KeyRefusal | None:
    """Return the code of a refusal, or None for anything verified."""
    return answer.code if isinstance(answer, Refusal) else None
