"""What does one AuthZEN evaluation request ask, and how does it fill a model's parameters?

Strict: one JSON object a line, every member once, no NaN, no lone surrogates;
what could be spelt in two ways is refused, not mended. Members that are not
known are ignored, as AuthZEN asks. Beside AuthZEN's members there is ``now``,
the moment to decide for.
Source: OpenID AuthZEN Authorization API 1.0, section 5.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.errors import Invalid
from domain.plain_json import read_object
from policies.casbin import spelling
from policies.casbin.evaluate import Asked
from policies.casbin.tree import Param
from policies.problems import shown

MAX_LINE = 64 * 1024
"""Most bytes of one question."""
MAX_TEXT = 512

_SUBJECT = ("sub", "subject", "user")
_RESOURCE = ("obj", "object", "resource", "thing")
_ACTION = ("act", "action")
_NOW = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entity:
    """A subject, an action (*id* is its name, *type* empty) or a resource, and its properties."""

    type: str
    id: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    subject: Entity
    action: Entity
    resource: Entity
    context: Mapping[str, Any]
    now: datetime


def read(line: bytes, now: datetime) -> Question:
    """Return the question of one line. *now*, aware, is its moment unless it names one.

    Raises Invalid with what is wrong and what to write.
    """
    body = _object(line)
    subject, action, resource = (_member(body, name) for name in ("subject", "action", "resource"))
    return Question(
        subject=Entity(_text(subject, "subject", "type"), _text(subject, "subject", "id"), _held(subject)),
        action=Entity("", _text(action, "action", "name"), _held(action)),
        resource=Entity(
            _text(resource, "resource", "type"), _text(resource, "resource", "id"), _held(resource)
        ),
        context=_held(body, "context"),
        now=_moment(body["now"]) if "now" in body else now,
    )


def fill(
    question: Question, parameters: Iterable[str], paths: Mapping[Param, bool]
) -> tuple[dict[str, Any], dict[str, Mapping[str, Any]]]:
    """Return the value of each of *parameters*, and what stands behind it. An absent one has none.

    *paths* are what patterns of paths are matched with, and whether a query behind one is passed over.
    Raises Invalid for one that has two values, and for text that is empty, not plain, or a second
    spelling of a path.
    """
    values: dict[str, Any] = {}
    properties: dict[str, Mapping[str, Any]] = {}
    for name in parameters:
        entity = _entity(question, name)
        if entity is not None:
            values[name], properties[name] = entity.id, entity.properties
        else:
            found = _looked_up(question, name)
            if isinstance(found, Mapping):
                properties[name] = found
            elif found is not None:
                values[name] = found
        value = values.get(name)
        if isinstance(value, str):
            _check_text(value, name)
    asked = Asked(values, properties, question.now)
    for param in sorted(paths, key=str):
        path = asked.get(param)
        if isinstance(path, str):
            _check_path(path, str(param), query=paths[param])
    return values, properties


def _entity(question: Question, name: str) -> Entity | None:
    """Return what a parameter of this name is about, if its name says so."""
    if name in _SUBJECT:
        return question.subject
    if name in _RESOURCE:
        return question.resource
    return question.action if name in _ACTION else None


def _looked_up(question: Question, name: str) -> Any:
    """Return what context and properties hold under *name*; two different values are an error."""
    places = {
        "context": question.context,
        "subject.properties": question.subject.properties,
        "resource.properties": question.resource.properties,
        "action.properties": question.action.properties,
    }
    found = [(place, held[name]) for place, held in places.items() if name in held]
    differing = [place for place, value in found if not _same(value, found[0][1])]
    if differing:
        message = f"{shown(name)} is one value in {found[0][0]} and another in {differing[0]}"
        raise Invalid(message, code="question-two-values", remedy="Give it once.")
    return found[0][1] if found else None


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise Invalid(
            f"a question has at most {MAX_LINE} bytes",
            code="question-long",
            remedy="Send one question a line.",
        )
    try:
        return read_object(line)
    except ValueError as error:
        remedy = "Send one JSON object a line, in UTF-8, each member once."
        raise Invalid("the line is not one plain JSON object", code="question-json", remedy=remedy) from error


def _member(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise _malformed(name, "an object")
    return value


def _held(entity: Mapping[str, Any], name: str = "properties") -> Mapping[str, Any]:
    value = entity.get(name, {})
    if not isinstance(value, dict):
        raise _malformed(name, "an object")
    return value


def _text(entity: Mapping[str, Any], where: str, name: str) -> str:
    value = entity.get(name)
    if not isinstance(value, str):
        raise _malformed(f"{where}.{name}", "a text")
    _check_text(value, f"{where}.{name}")
    return value


def _check_text(value: str, name: str) -> None:
    if not value or len(value) > MAX_TEXT or not spelling.is_plain(value):
        form = "in the compatibility form of Unicode (NFKC) and each drawn"
        what = f"is not a text of 1 to {MAX_TEXT} printable characters, {form}"
        raise Invalid(f"`{name}` {what}", code="question-text", remedy="Give the value as it is registered.")


def _check_path(value: str, name: str, *, query: bool) -> None:
    """Refuse what some would read as another path: dot segments, empty ones, percent-encoding, queries."""
    if not spelling.is_one_path(value, query=query):
        message = f"{shown(value)} can be read as another path, and `{name}` is matched by patterns"
        remedy = (
            "Give the path in its one form: no `.`, `..`, `//`, `\\`, `?`, `#`, `;`, no percent-encoding."
        )
        raise Invalid(message, code="question-path", remedy=remedy)


def _moment(presented: Any) -> datetime:
    try:
        if not isinstance(presented, str) or not _NOW.fullmatch(presented):
            raise ValueError
        moment = datetime.fromisoformat(presented.upper())
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        remedy = "Write it in ISO 8601 with its offset, for example 2026-01-31T09:00:00Z."
        raise Invalid("`now` is not a moment", code="question-now", remedy=remedy) from None
    return moment


def _malformed(name: str, what: str) -> Invalid:
    remedy = "Send subject {type, id}, action {name}, resource {type, id} and, if needed, context."
    return Invalid(f"`{name}` is not {what}", code="question-malformed", remedy=remedy)
