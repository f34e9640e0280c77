"""Tell everything that speaks against a recorded ceremony.

Answers: would this registration or this login be accepted at that time, and if
not, for which reasons, all of them? Judged by the same judges as the live
ceremony, so that both can never differ. What only the database knows (whose
key it is, whether it is suspended, whether its challenge was used) is not judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from authn.assertion import judge_assertion
from authn.findings import Judgement
from authn.metadata.blob import pinned_roots, verify_blob
from authn.metadata.entries import read_payload
from authn.recorded import RecordedCeremony, Twice, Unreadable
from authn.registration import judge_registration
from authn.trust import Trust
from domain.authenticators import VerifiedAssertion, VerifiedRegistration
from domain.key_refusals import KeyRefusal, Refusal
from domain.metadata import Metadata

Judged = Judgement[VerifiedRegistration] | Judgement[VerifiedAssertion]


def explain(recorded: RecordedCeremony, *, trust: Trust, now: datetime) -> Judged:
    """Return everything found, in the order of its weight; nothing: accepted.

    Raises Unreadable for an assertion without its credential.
    """
    kind = _kind(recorded)
    if kind is None:
        return _malformed("the response is neither that of a registration nor of a login")
    if _has_twice(recorded.response):
        return _malformed("a name stands twice in the response")
    # As text, so that what is too long as a whole is refused like in a live ceremony.
    presented = json.dumps(recorded.response)
    if kind == "registration":
        return judge_registration(
            presented,
            challenge=recorded.challenge,
            origin=recorded.origin,
            rp_id=recorded.rp_id,
            trust=trust,
            now=now,
        )
    return _explain_assertion(recorded, presented, trust)


def read_metadata(text: bytes, *, now: datetime) -> Metadata:
    """Return the metadata in *text*: a BLOB that FIDO signed, verified at *now*, or a bare payload."""
    bare = text.lstrip().startswith(b"{")
    payload = text if bare else verify_blob(text, roots=pinned_roots(), now=now)
    return read_payload(payload, signed=not bare).metadata


def _explain_assertion(recorded: RecordedCeremony, presented: str, trust: Trust) -> Judged:
    credential = recorded.credential
    if credential is None:
        raise Unreadable("an assertion is judged with its `credential`, and there is none")
    return judge_assertion(
        presented,
        challenge=recorded.challenge,
        origin=recorded.origin,
        rp_id=recorded.rp_id,
        allowed_ids=(credential.stored.credential_id,),
        credential=credential.stored,
        user_handle=credential.user_handle,
        sign_count_at_issue=credential.stored.sign_count,
        algorithms=trust.rules.algorithms,
    )


def _malformed(detail: str) -> Judged:
    found: Judgement[VerifiedRegistration] = Judgement((Refusal(KeyRefusal.MALFORMED, detail),))
    return found


def _kind(recorded: RecordedCeremony) -> str | None:
    """Return which ceremony was recorded. A stray member decides nothing: live ceremonies ignore it too."""
    inner = recorded.response.get("response") if isinstance(recorded.response, Mapping) else None
    if not isinstance(inner, Mapping):
        return None
    created, signed = "attestationObject" in inner, "signature" in inner
    if created and signed:
        return "registration" if recorded.credential is None else "assertion"
    return "registration" if created else "assertion" if signed else None


def _has_twice(value: object) -> bool:
    """Return whether a name stands twice anywhere in *value*; walks without recursion."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, Twice):
            return True
        if isinstance(one, Mapping):
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
    return False
