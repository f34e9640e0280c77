"""Is this one plain JSON object, which every reader reads alike?

JSON as programs differ about it (RFC 7493, I-JSON): a member twice, NaN and
infinities, numbers too large, lone surrogates, the character NUL.
"""

from __future__ import annotations

import json
import math
from typing import Any


def read_object(data: bytes) -> dict[str, Any]:
    """Return the object that *data* is in UTF-8. Raises ValueError, saying why, for anything else."""
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
        if b"\\u" in data:  # only escapes write what UTF-8, or a text of JSON, cannot hold
            json.dumps(value, ensure_ascii=False).encode("utf-8")
            if "\\u0000" in json.dumps(value):
                raise ValueError("a text holds the character NUL")
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member appears twice")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value
