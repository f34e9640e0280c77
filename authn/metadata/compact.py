"""The form in which metadata is stored: small, canonical, and read with suspicion.

Answers: which bytes stand for these models, and which models do these bytes
stand for? The text is canonical JSON (no icons, each anchor once), its SHA-256
names it, the body is its zlib. A body that was changed, or that would grow
beyond bounds, is refused whole.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from authn.metadata.entries import MAX_NUMBER
from crypto.canonical import canonical_json
from crypto.digests import sha256_hex
from crypto.secrets import base64url, from_base64url
from domain.metadata import Metadata, Model, StatusReport

VERSION = 1
MAX_TEXT_BYTES = 32 * 1024 * 1024


class CompactInvalid(ValueError):
    """The stored body is not what was written."""


@dataclass(frozen=True, slots=True)
class Compact:
    """*body* is what is stored, *digest* the SHA-256 (hex) of the text in it."""

    body: bytes
    digest: str


def pack(metadata: Metadata) -> Compact:
    """Return the compact form. Equal metadata has an equal digest; id and signedness are not in it."""
    certificates = sorted({c for model in metadata.models.values() for c in _certificates(model)})
    places = {certificate: place for place, certificate in enumerate(certificates)}
    text = canonical_json(
        {
            "version": VERSION,
            "number": metadata.number,
            "next_update": metadata.next_update.isoformat(),
            "certificates": [base64url(certificate) for certificate in certificates],
            "models": [_packed(model, places) for _, model in sorted(metadata.models.items())],
        }
    )
    return Compact(zlib.compress(text, 9), sha256_hex(text))


def unpack(compact: Compact, *, id: str, signed: bool) -> Metadata:
    """Return the metadata of *compact*. Raises CompactInvalid for every other body."""
    text = _inflated(compact.body)
    if sha256_hex(text) != compact.digest:
        raise CompactInvalid("the digest does not match")
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise CompactInvalid("another version of Doorward wrote it")
        certificates = [from_base64url(certificate) for certificate in document["certificates"]]
        models = [_unpacked(value, certificates) for value in document["models"]]
        return Metadata(
            id=id,
            number=_number(document["number"]),
            next_update=_moment(document["next_update"]),
            signed=signed,
            models={model.aaguid: model for model in models},
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise CompactInvalid(str(error)) from error


def _certificates(model: Model) -> list[bytes]:
    named = [report.certificate for report in model.statuses if report.certificate is not None]
    return [*model.anchors, *named]


def _packed(model: Model, places: Mapping[bytes, int]) -> dict[str, Any]:
    """Return the members of *model* that say something; the others are at their default when read."""
    values = {field.name: getattr(model, field.name) for field in fields(model)}
    values["anchors"] = [places[anchor] for anchor in model.anchors]
    values["statuses"] = [
        [
            report.status,
            None if report.effective is None else report.effective.isoformat(),
            None if report.certificate is None else places[report.certificate],
        ]
        for report in model.statuses
    ]
    values["verification"] = [list(way) for way in model.verification]
    return {
        name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if v not in ((), [], "")
    }


def _unpacked(value: dict[str, Any], certificates: list[bytes]) -> Model:
    readers: dict[str, Callable[[Any], Any]] = {
        "aaguid": _text,
        "description": _text,
        "statuses": lambda v: tuple(_status(item, certificates) for item in _list(v)),
        "anchors": lambda v: tuple(certificates[_number(place)] for place in _list(v)),
        "restricted": _boolean,
        "multi_device": _text,
        "verification": lambda v: tuple(_words(way) for way in _list(v)),
        "broken": _text,
    }
    words: Callable[[Any], Any] = _words
    members = {name: readers.get(name, words)(member) for name, member in value.items()}
    return Model(**{"description": "", **members})


def _status(value: Any, certificates: list[bytes]) -> StatusReport:
    status, effective, place = _list(value)
    return StatusReport(
        _text(status),
        None if effective is None else date.fromisoformat(effective),
        None if place is None else certificates[_number(place)],
    )


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(body, MAX_TEXT_BYTES)
    except zlib.error as error:
        raise CompactInvalid("the body is not zlib") from error
    if not inflater.eof or inflater.unused_data:
        raise CompactInvalid("the body is cut, continued or too large")
    return text


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _words(value: Any) -> tuple[str, ...]:
    return tuple(_text(word) for word in _list(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not true or false")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise TypeError("not a number")
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment
