"""Read what came back, strictly. Whatever is not exactly an answer denies; nothing in here raises.

Does not send, wait or ask again: see ``attempts``. Source: OpenID AuthZEN
Authorization API 1.0, sections 6.2, 7.2 and 12; RFC 9457.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from .decision import Decision, NoAnswer, no_answer
from .question import Until

_CODE = re.compile(r"[a-z0-9-]{1,64}")
_SECONDS = re.compile(r"[0-9]{1,6}")
_LONGEST_SECONDS = 366 * 86_400
_ASK_AGAIN = {429, 503}
_QUESTION = {400, 413}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came over the wire: status, fields with names in lower case, the whole body."""

    status: int
    fields: Sequence[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value.strip() for key, value in self.fields if key == name]


@dataclass(frozen=True, slots=True)
class Failure:
    """There is no answer. *again*: asking again may help, but not before *after_seconds*."""

    why: NoAnswer
    detail: str
    again: bool = False
    after_seconds: float = 0.0

    def decision(self) -> Decision:
        return no_answer(self.why, self.detail)


def document(answer: Answer, request_id: str) -> dict[str, Any] | Failure:
    """Return the JSON object of an answer to the request *request_id*."""
    if answer.status != 200:
        return _refusal(answer)
    echoed = answer.values("x-request-id")
    if echoed and echoed != [request_id]:
        return _malformed("the answer is to another request")
    if [kind.partition(";")[0].strip().lower() for kind in answer.values("content-type")] != [
        "application/json"
    ]:
        return _malformed("the answer is not application/json")
    if answer.values("content-encoding"):
        return _malformed("the answer is encoded, which was not asked for")
    return _object(answer.body) or _malformed("the answer is not one plain JSON object")


def decision(body: dict[str, Any]) -> Decision:
    """Return the decision that the object *body* states."""
    verdict, context = body.get("decision"), body.get("context", {})
    if not isinstance(verdict, bool) or not isinstance(context, dict):
        return no_answer(NoAnswer.ANSWER_MALFORMED, "the answer states no decision")
    obligations = context.get("obligations", [])
    if not isinstance(obligations, list) or not all(isinstance(one, dict) for one in obligations):
        return no_answer(NoAnswer.ANSWER_MALFORMED, "the obligations are not a list of objects")
    if "error" in context:
        return _unanswered(context["error"])
    if verdict:
        return _permit(context, obligations)
    request = context.get("access_request")
    return Decision(
        False,
        _english(context, "reason_admin") or "denied",
        _english(context, "reason_user") or "Access was denied.",
        _english(context, "remedy"),
        _text(context, "id"),
        access_request=_page(request),
        step_up=next((_page(one) for one in obligations if one.get("type") == "step-up"), ""),
    )


def decisions(
    body: dict[str, Any], asked: int, until: Until | None, wrong: dict[int, str]
) -> tuple[Decision, ...]:
    """Return one decision for each of *asked* questions; *wrong* are those that could not be asked.

    A batch that is cut elsewhere than *until* says is malformed as a whole: it
    is not known which answer belongs to which question.
    """
    items = body.get("evaluations")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return (no_answer(NoAnswer.ANSWER_MALFORMED, "the answers are not a list of objects"),) * asked
    ends = until is Until.PERMIT
    cut = (number for number, item in enumerate(items, 1) if until and item.get("decision") is ends)
    if len(items) != next(cut, asked):
        return (no_answer(NoAnswer.ANSWER_MALFORMED, "answers are missing, or too many"),) * asked
    read = [decision(item) for item in items]
    for number, problem in wrong.items():
        if number < len(read):
            read[number] = no_answer(NoAnswer.QUESTION_MALFORMED, problem)
    rest = no_answer(NoAnswer.NOT_ASKED, "an earlier answer ended the batch")
    return (*read, *(rest for _ in range(asked - len(read))))


def _permit(context: dict[str, Any], obligations: list[dict[str, Any]]) -> Decision:
    lifetimes = [_lifetime(one) for one in obligations]
    known = [lifetime for lifetime in lifetimes if lifetime is not None]
    if len(known) != len(lifetimes):
        return no_answer(NoAnswer.OBLIGATION_UNKNOWN, "the permit has an obligation that is not known here")
    return Decision(
        True,
        _english(context, "reason_admin") or "permitted",
        _english(context, "reason_user"),
        id=_text(context, "id"),
        max_lifetime=min(known, default=None),
    )


def _lifetime(obligation: dict[str, Any]) -> timedelta | None:
    seconds = obligation.get("seconds")
    if obligation.get("type") != "max-lifetime" or type(seconds) is not int:
        return None
    return timedelta(seconds=seconds) if 0 < seconds <= _LONGEST_SECONDS else None


def _unanswered(error: object) -> Decision:
    """Return the denial for an item of a batch that the broker could not answer."""
    status, code = (error.get("status"), error.get("code")) if isinstance(error, dict) else (None, None)
    why = NoAnswer.QUESTION_MALFORMED if status in _QUESTION else NoAnswer.BROKER_REFUSED
    return no_answer(why, _told(status, code))


def _refusal(answer: Answer) -> Failure:
    status = answer.status
    detail = _told(status, (_object(answer.body) or {}).get("code"))
    if status in _ASK_AGAIN:
        return _later(answer, detail)
    if status >= 500:
        return Failure(NoAnswer.BROKER_UNREACHABLE, detail)
    if status in _QUESTION:
        return Failure(NoAnswer.QUESTION_MALFORMED, detail)
    return Failure(NoAnswer.BROKER_REFUSED if status >= 300 else NoAnswer.ANSWER_MALFORMED, detail)


def _later(answer: Answer, detail: str) -> Failure:
    """Return when to ask again. A date is left unread: it names whole seconds, a deadline is shorter."""
    after = answer.values("retry-after")
    readable = all(_SECONDS.fullmatch(value) for value in after)
    return Failure(
        NoAnswer.BROKER_UNREACHABLE,
        detail,
        again=readable,
        after_seconds=max(map(float, after), default=0.0) if readable else 0.0,
    )


def _told(status: object, code: object) -> str:
    """Return status and code of a refusal, if they are such; nothing else of it is believed."""
    told = [str(status)] if type(status) is int else []
    return " ".join([*told, code] if isinstance(code, str) and _CODE.fullmatch(code) else told)


def _malformed(detail: str) -> Failure:
    return Failure(NoAnswer.ANSWER_MALFORMED, detail)


def _object(body: bytes) -> dict[str, Any] | None:
    """Return *body* if it is one JSON object in UTF-8 with every member once, and no NaN (RFC 7493)."""
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_never)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members


def _never(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""


def _english(context: dict[str, Any], name: str) -> str:
    words = context.get(name)
    return _text(words, "en") if isinstance(words, dict) else ""


def _page(holder: object) -> str:
    """Return the form's address if a browser may be sent there."""
    url = _text(holder, "form_url") if isinstance(holder, dict) else ""
    try:
        return url if urlsplit(url).scheme in {"http", "https"} else ""
    except ValueError:
        return ""
