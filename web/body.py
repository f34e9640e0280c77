"""Read what a caller posted, strictly: one JSON object, every member once, no lone surrogates."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from domain.errors import Invalid


def json_object() -> dict[str, Any]:
    """Return the request's body if it is one JSON object (I-JSON, RFC 7493), else raise Invalid."""
    if request.mimetype != "application/json":
        raise Invalid("the body must be application/json", code="content-type")
    return parse_object(request.get_data())


def parse_object(data: bytes) -> dict[str, Any]:
    """Return *data* as one JSON object without repeated members, NaN or lone surrogates."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
        if "\\u0000" in json.dumps(value):
            raise ValueError("a text holds the character NUL")
    except (ValueError, RecursionError) as error:
        raise Invalid("the body is not one plain JSON object", code="json") from error
    if not isinstance(value, dict):
        raise Invalid("the body must be a JSON object", code="json")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member appears twice")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
