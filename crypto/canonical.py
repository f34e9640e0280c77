"""One byte string for one JSON value (RFC 8785), so that digests agree everywhere."""

from __future__ import annotations

from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """Return the canonical JSON of *value*.

    *value* is made of dict (string keys), list, tuple, str, int within ±2^53,
    float, bool and None. Raises ValueError for anything else.
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error
