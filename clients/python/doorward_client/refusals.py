"""What a guarded service answers instead of acting: 401, 403 or 503, as problem details. Knows no framework.

The broker's code for admins is left out: the caller gets the sentence, the
remedy and the reference. Source: RFC 9457; RFC 6750, section 3.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from .decision import Decision, NoAnswer, no_answer

_ASKED = {NoAnswer.QUESTION_MALFORMED.value}
"""Without an answer, and yet not a failure of the broker: the request names what cannot be asked for."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A whole HTTP response."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes


def no_token() -> Refusal:
    """Return the answer to a request without a readable access token."""
    return _refusal(
        401, "no-token", "Unauthorized", "Send an access token of Doorward.",
        fields=(("WWW-Authenticate", 'Bearer realm="doorward"'),),
    )  # fmt: skip


def not_listed() -> Refusal:
    """Return the answer to a path that no row lists, or that is not written in its one spelling."""
    return _refusal(403, "not-listed", "Forbidden", "Nothing is open at this address.")


def refused(decision: Decision) -> Refusal:
    """Return the answer to a request that *decision* does not permit."""
    if not decision.answered and decision.code not in _ASKED:
        told = no_answer(NoAnswer.BROKER_UNREACHABLE, "")
        return _refusal(503, "no-decision", "Service Unavailable", told.reason, remedy=told.remedy)
    return _refusal(
        403, "denied", "Forbidden", decision.reason,
        remedy=decision.remedy, reference=decision.id,
        access_request=decision.access_request, step_up=decision.step_up,
    )  # fmt: skip


def _refusal(
    status: int, code: str, title: str, detail: str, *,
    fields: tuple[tuple[str, str], ...] = (), **members: str,
) -> Refusal:  # fmt: skip
    problem = {
        "type": f"urn:doorward:problem:{code}", "title": title, "status": status, "detail": detail,
        "code": code, **{name: value for name, value in members.items() if value},
    }  # fmt: skip
    body = json.dumps(problem).encode("ascii")
    ours = (
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    )
    return Refusal(status, ours + fields, body)
