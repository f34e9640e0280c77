"""What was answered, or why there is no answer. Both are a value; neither is true or false by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

_REASON = "This could not be checked, so it stays closed."
_REMEDY = "Try again. If it goes on, tell whoever runs this service."


class NoAnswer(StrEnum):
    """Why there is no decision of the broker. Each denies."""

    BROKER_UNREACHABLE = "broker-unreachable"
    """No connection, no answer before the deadline, 429 or 5xx."""
    BROKER_REFUSED = "broker-refused"
    """The broker does not answer this service: 401, 403 (outside its scope), another 4xx, or a redirect."""
    ANSWER_MALFORMED = "answer-malformed"
    """What came is not an answer of AuthZEN to this question, or it is too long."""
    QUESTION_MALFORMED = "question-malformed"
    """The question cannot be asked: wrong here already, or refused by the broker with 400 or 413."""
    CREDENTIAL_UNAVAILABLE = "credential-unavailable"
    """The `token` callable failed, or gave no token."""
    OBLIGATION_UNKNOWN = "obligation-unknown"
    """The broker permits under an obligation that this version cannot keep."""
    NOT_ASKED = "not-asked"
    """An earlier answer of the batch ended it, see `until`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one question. Ask :attr:`permitted`; a Decision has no truth value."""

    permitted: bool
    code: str
    """For admins and logs: the broker's reason code (`grant-ended`), or a value of :class:`NoAnswer`."""
    reason: str = ""
    """For the person: one English sentence."""
    remedy: str = ""
    """For the person: what to do about a denial. Empty on a permit."""
    id: str = ""
    """The row in the broker's decision log; empty if there is none."""
    max_lifetime: timedelta | None = None
    """Act on this permit no longer than this. None: for this one act."""
    access_request: str = ""
    """On a denial that the person can cure: the page that tells how."""
    step_up: str = ""
    """On a denial for want of a fresh touch: the page where it is given."""
    detail: str = ""
    """For logs: what went wrong where there is no answer. Holds no secret and no token."""

    @property
    def answered(self) -> bool:
        """Whether the broker decided; False for every value of :class:`NoAnswer`."""
        return self.code not in set(NoAnswer)

    def __bool__(self) -> bool:
        raise TypeError("ask decision.permitted; a Decision has no truth value")


class Denied(Exception):
    """`require` was not permitted. :attr:`decision` says why."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(f"{decision.code}: {decision.reason}")
        self.decision = decision


def no_answer(why: NoAnswer, detail: str) -> Decision:
    """Return the denial for want of an answer."""
    return Decision(False, why.value, _REASON, _REMEDY, detail=detail)
