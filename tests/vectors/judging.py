"""Ask Doorward about a vector: the judges, and the command."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from authn.assertion import judge_assertion
from authn.findings import Judgement
from authn.registration import judge_registration
from authn.trust import Trust
from demo.wire import to_base64url
from domain.authenticators import Anchor, StoredCredential, VerifiedAssertion, VerifiedRegistration
from domain.key_rules import KeyRules
from tests.authn.recording import case, explained, overlay
from tests.vectors.resigned import Vector

NOW = datetime(2026, 11, 22, tzinfo=UTC)
AT_NOON = "2026-11-22T00:00:00Z"
HANDLE = b"handle"
USUAL = KeyRules()
# Everything that an operator can admit.
WIDEST = KeyRules(formats=frozenset({"packed", "tpm"}), algorithms=(-7, -8, -36, -257))


def anchored(vector: Vector) -> tuple[Anchor, ...]:
    """Trust the vectors' authority for exactly this model."""
    return (Anchor(vector.aaguid, vector.authority.certificate.public_bytes(Encoding.DER), "vectors"),)


def judged(
    vector: Vector, presented: dict[str, Any], rules: KeyRules = USUAL
) -> Judgement[VerifiedRegistration]:
    return judge_registration(
        presented,
        challenge=vector.challenge("registration"),
        origin=vector.published["origin"],
        rp_id=vector.published["rp_id"],
        trust=Trust(anchored(vector), rules=rules),
        now=NOW,
    )


def judged_login(
    vector: Vector,
    presented: dict[str, Any],
    rules: KeyRules = USUAL,
    *,
    eligible: bool | None = None,
    sign_count: int = 0,
) -> Judgement[VerifiedAssertion]:
    row = stored(vector, eligible=vector.eligible if eligible is None else eligible, sign_count=sign_count)
    return judge_assertion(
        presented,
        challenge=vector.challenge("authentication"),
        origin=vector.published["origin"],
        rp_id=vector.published["rp_id"],
        allowed_ids=[vector.credential_id],
        credential=row,
        user_handle=HANDLE,
        sign_count_at_issue=sign_count,
        algorithms=rules.algorithms,
    )


def stored(vector: Vector, *, eligible: bool, sign_count: int = 0) -> StoredCredential:
    return StoredCredential(
        "cred_1", vector.credential_id, vector.public_key, sign_count, eligible, vector.algorithm
    )


def told(
    folder: Path,
    vector: Vector,
    ceremony: str,
    presented: dict[str, Any],
    row: StoredCredential | None = None,
) -> tuple[str, ...]:
    """Return the reasons by ``doorward keys explain``."""
    credential = (
        None
        if row is None
        else {
            "id": to_base64url(row.credential_id),
            "public_key": to_base64url(row.public_key),
            "sign_count": row.sign_count,
            "backup_eligible": row.backup_eligible,
            "user_handle": to_base64url(HANDLE),
        }
    )
    recorded = case(
        presented,
        credential,
        rp_id=vector.published["rp_id"],
        origin=vector.published["origin"],
        challenge=to_base64url(vector.challenge(ceremony)),
    )
    said = explained(folder, recorded, allow=overlay(anchored(vector)), at=AT_NOON)
    assert said.exit_code == (1 if said.reasons else 0)
    return tuple(said.reasons)
