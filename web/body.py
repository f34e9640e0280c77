"""Read what a caller posted, strictly: one JSON object, every member once, no lone surrogates."""

from __future__ import annotations

from typing import Any

from flask import request

from domain.errors import Invalid
from domain.plain_json import read_object


def json_object() -> dict[str, Any]:
    """Return the request's body if it is one JSON object (I-JSON, RFC 7493), else raise Invalid."""
    if request.mimetype != "application/json":
        raise Invalid("the body must be application/json", code="content-type")
    return parse_object(request.get_data())


def parse_object(data: bytes) -> dict[str, Any]:
    """Return *data* as one JSON object without repeated members, NaN or lone surrogates."""
    try:
        return read_object(data)
    except ValueError as error:
        raise Invalid("the body is not one plain JSON object", code="json") from error
