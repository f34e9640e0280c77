"""Read base64url, JSON and CBOR with one meaning each.

Answers: which value do these presented bytes stand for? Where an encoding
allows several spellings or a decoder forgives, this refuses: two parsers that
read one message differently are a way around both.
Source: RFC 4648 section 5, RFC 8259, RFC 8949; CTAP 2.1 section 8 (definite
lengths, no duplicate keys).
"""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any, NoReturn

import cbor2

from authn.refused import Refused, refusing
from domain.key_refusals import KeyRefusal

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")
# Characters that may end a text of 2 or 3 over a multiple of 4: those whose unused bits are zero.
_LAST = {2: "AQgw", 3: "AEIMQUYcgkosw048"}
_CBOR_DEPTH = 8


def to_base64url(value: bytes) -> str:
    """Return *value* in base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def from_base64url(text: object, what: str, limit: int, *, over: KeyRefusal = KeyRefusal.TOO_LARGE) -> bytes:
    """Return the bytes of *text*; at most *limit* of them, else refuse with *over*.

    Padding, foreign characters and unused bits that are not zero are refused.
    """
    if not isinstance(text, str):
        raise Refused(KeyRefusal.MALFORMED, f"{what} is not a string")
    if len(text) > (limit * 4 + 2) // 3:
        raise Refused(over, f"{what} is longer than {limit} bytes")
    if not _BASE64URL.match(text) or len(text) % 4 == 1:
        raise Refused(KeyRefusal.MALFORMED, f"{what} is not base64url")
    unused = len(text) % 4
    if unused and text[-1] not in _LAST[unused]:
        raise Refused(KeyRefusal.MALFORMED, f"{what} is not canonical base64url")
    return base64.urlsafe_b64decode(text + "==" if unused == 2 else text + "=" if unused else text)


def json_object(text: str, what: str) -> dict[str, Any]:
    """Return the JSON object in *text*. Duplicate keys at any depth and NaN are refused."""
    with refusing(KeyRefusal.MALFORMED):
        value = _JSON.decode(text)
    if not isinstance(value, dict):
        raise Refused(KeyRefusal.MALFORMED, f"{what} is not a JSON object")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refused(KeyRefusal.MALFORMED, "a key stands twice in a JSON object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise Refused(KeyRefusal.MALFORMED, f"{name} is not JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_no_constant)


def cbor_item(data: bytes, start: int) -> tuple[Any, int]:
    """Return the CBOR item at *start* of *data* and the position right after it."""
    stream = io.BytesIO(data)
    stream.seek(start)
    with refusing(KeyRefusal.MALFORMED):
        value = cbor2.CBORDecoder(
            stream, max_depth=_CBOR_DEPTH, allow_indefinite=False, allow_duplicate_keys=False
        ).decode()
    return value, stream.tell()


def cbor_map(data: bytes, what: str) -> dict[Any, Any]:
    """Return the CBOR map that *data* is. Trailing bytes are refused."""
    value, end = cbor_item(data, 0)
    if not isinstance(value, dict):
        raise Refused(KeyRefusal.MALFORMED, f"{what} is not a CBOR map")
    if end != len(data):
        raise Refused(KeyRefusal.MALFORMED, f"{len(data) - end} bytes follow {what}")
    return value
