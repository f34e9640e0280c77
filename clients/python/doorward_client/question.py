"""What is asked, and how it is written for AuthZEN."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"
MAX_QUESTIONS = 100
"""As many as the broker answers at once."""
_SESSION = {"token", "grant_id"}


class Until(Enum):
    """Which answer of a batch ends it; the value is AuthZEN's semantic."""

    DENY = "deny_on_first_deny"
    PERMIT = "permit_on_first_permit"


@dataclass(frozen=True, slots=True)
class Question:
    """May *subject* do *action* to *resource*?

    *subject* is the id of a person (`prs_…`), *resource* is `type:id`. Name the
    session by *token* or by *grant_id*, not by both: without one there is no
    evidence, and hardly a rule permits.
    """

    subject: str
    action: str
    resource: str
    token: str | None = field(default=None, repr=False, kw_only=True)
    grant_id: str | None = field(default=None, kw_only=True)
    context: Mapping[str, Any] | None = field(default=None, repr=False, kw_only=True)
    subject_type: str = field(default="person", kw_only=True)


def written(question: Question) -> dict[str, Any]:
    """Return the question as AuthZEN's JSON object. Raises ValueError if it cannot be asked.

    Leaves the grammar of names and ids to the broker.
    """
    words = (question.subject, question.subject_type, question.action, question.resource)
    if not all(isinstance(word, str) and word for word in words):
        raise ValueError("subject, action and resource are words")
    kind, _, name = question.resource.partition(":")
    if not kind or not name:
        raise ValueError("a resource is type:id")
    session = {"token": question.token, "grant_id": question.grant_id}
    named = {key: value for key, value in session.items() if value is not None}
    if len(named) > 1 or not all(isinstance(value, str) and value for value in named.values()):
        raise ValueError("name the session by token or by grant_id")
    context = {} if question.context is None else question.context
    if not isinstance(context, Mapping) or _SESSION & context.keys():
        raise ValueError("the context is a mapping, without token and grant_id")
    return {
        "subject": {"type": question.subject_type, "id": question.subject},
        "action": {"name": question.action},
        "resource": {"type": kind, "id": name},
        "context": {**context, **named},
    }


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return *document* as JSON. Raises ValueError for what JSON cannot say."""
    try:
        return json.dumps(document, allow_nan=False).encode("ascii")
    except (TypeError, RecursionError) as error:
        raise ValueError("the question is no JSON") from error


def batch(questions: Sequence[Question], until: Until | None) -> tuple[bytes, dict[int, str]]:
    """Return the body that asks *questions* at once, and what is wrong with which.

    A question that cannot be asked goes as an empty one: the broker answers it
    with an error in its place, and the others are answered as ever.
    """
    items: list[dict[str, Any]] = []
    wrong: dict[int, str] = {}
    for number, question in enumerate(questions):
        try:
            item = written(question)
            encoded(item)
        except ValueError as error:
            item, wrong[number] = {}, str(error)
        items.append(item)
    body: dict[str, Any] = {"evaluations": items}
    if until is not None:
        body["options"] = {"evaluations_semantic": until.value}
    return encoded(body), wrong
