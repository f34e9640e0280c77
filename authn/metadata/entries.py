"""Read the payload of the FIDO Metadata Service, each entry by itself.

Answers: which models does it name, and what does each entry say? One entry that
cannot be read never stops the others: its model becomes *broken* and is
refused, without a name it is counted. Judges nothing.
Source: FIDO Metadata Service 3.0, section 3.1; FIDO Metadata Statement 3.0,
section 4. Entries by key identifier (U2F) and by AAID (UAF) are counted and
left out: such keys cannot be registered here.
"""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.utils import CryptographyDeprecationWarning

from authn.metadata.refused import MetadataRefused
from crypto.secrets import from_base64
from domain.authenticators import read_aaguid
from domain.metadata import Metadata, Model, StatusReport

MAX_NUMBER = 2**53 - 1
_MAX_WORDS = 64
_MAX_ITEMS = 256
_MAX_TEXT = 200
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_UNREADABLE = "UNREADABLE"
"""Stands for a status that is no text; no list of known words holds it."""

_T = TypeVar("_T")
_Words = tuple[str, ...]
_NONE: _Words = ()


@dataclass(frozen=True, slots=True)
class Payload:
    """What was read. *counts* are entries by kind, models by outcome, and anchors."""

    metadata: Metadata
    counts: dict[str, int]


def read_payload(payload: bytes, *, signed: bool) -> Payload:
    """Return what *payload* (JSON) holds. Raises MetadataRefused if the whole cannot be read."""
    document = _document(payload)
    reader = _Reader()
    for entry in document["entries"]:
        reader.add(entry)
    metadata = Metadata(
        id="",
        number=document["no"],
        next_update=_end_of(document["nextUpdate"]),
        signed=signed,
        models=dict(sorted(reader.models.items())),
    )
    return Payload(metadata, reader.counted())


def _document(payload: bytes) -> dict[str, Any]:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MetadataRefused("the metadata is not JSON", code="metadata-unreadable") from error
    if not isinstance(document, dict) or not isinstance(document.get("entries"), list):
        raise MetadataRefused("the metadata has no list of entries", code="metadata-unreadable")
    number, due = document.get("no"), document.get("nextUpdate")
    if type(number) is not int or not 0 <= number <= MAX_NUMBER:
        raise MetadataRefused("the metadata has no number", code="metadata-unreadable")
    day = _date(due)
    if day is None or day == date.max:
        raise MetadataRefused("the metadata does not say when it is due", code="metadata-unreadable")
    return {"no": number, "nextUpdate": day, "entries": document["entries"]}


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC)


class _Reader:
    """Gathers models and counts over the entries of one payload."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.counts: Counter[str] = Counter()

    def add(self, entry: object) -> None:
        self.counts["entries"] += 1
        members = entry if isinstance(entry, dict) else {}
        aaguid = read_aaguid(members.get("aaguid"))
        if aaguid is None:
            self.counts[_kind(members)] += 1
            return
        model = _model(aaguid, members, self.counts)
        known = self.models.get(aaguid)
        if known is not None:
            # Which of the two is true cannot be told: refuse the model, and forget no status of either.
            model = replace(known, broken="listed twice", statuses=known.statuses + model.statuses)
            self.counts["listed-twice"] += 1
        self.models[aaguid] = model

    def counted(self) -> dict[str, int]:
        self.counts["models"] = len(self.models)
        self.counts["broken"] = sum(1 for model in self.models.values() if model.broken)
        names = ("entries", "models", "broken", "listed-twice", "nameless", "u2f", "uaf")
        return {name: self.counts[name] for name in (*names, "anchors", "anchors-unreadable")}


def _kind(members: dict[str, Any]) -> str:
    """Return what an entry without a readable AAGUID is counted as."""
    if "aaguid" in members:
        return "nameless"
    if "attestationCertificateKeyIdentifiers" in members:
        return "u2f"
    return "uaf" if "aaid" in members else "nameless"


class _Statement:
    """The statement of one entry; gathers the names of members that cannot be read."""

    def __init__(self, value: object) -> None:
        self.members: dict[str, Any] = value if isinstance(value, dict) else {}
        self.problems: list[str] = [] if isinstance(value, dict) else ["metadataStatement"]

    def read(
        self, name: str, reader: Callable[[object], _T | None], default: _T, *, optional: bool = False
    ) -> _T:
        """Return what *reader* makes of a member, or *default*; None from *reader* is a problem."""
        given = self.members.get(name)
        if optional and given is None:
            return default
        value = reader(given)
        if value is None:
            self.problems.append(name)
            return default
        return value


def _model(aaguid: str, entry: dict[str, Any], counts: Counter[str]) -> Model:
    statement = _Statement(entry.get("metadataStatement"))
    statuses = _statuses(entry.get("statusReports"), statement.problems)
    named = statement.members.get("aaguid")
    if named is not None and read_aaguid(named) != aaguid:
        statement.problems.append("aaguid")
    if statement.members.get("protocolFamily") != "fido2":
        statement.problems.append("protocolFamily")
    types = statement.read("attestationTypes", _words, _NONE)
    return Model(
        aaguid=aaguid,
        description=statement.read("description", _text, ""),
        statuses=statuses,
        anchors=_anchors(statement, types, counts),
        key_protection=statement.read("keyProtection", _words, _NONE),
        restricted=statement.read("isKeyRestricted", _boolean, True, optional=True),
        attachment=statement.read("attachmentHint", _words, _NONE),
        multi_device=statement.read("multiDeviceCredentialSupport", _text, "", optional=True),
        attestation_types=types,
        algorithms=statement.read("authenticationAlgorithms", _words, _NONE),
        verification=statement.read("userVerificationDetails", _verification, ()),
        matcher_protection=statement.read("matcherProtection", _words, _NONE),
        broken=", ".join(dict.fromkeys(statement.problems)),
    )


def _anchors(statement: _Statement, types: tuple[str, ...], counts: Counter[str]) -> tuple[bytes, ...]:
    """Return the anchors that can be read. A model that needs some and has none is broken."""
    nothing: list[object] = []
    listed = statement.read("attestationRootCertificates", _list, nothing)
    read = [_certificate(item) for item in listed]
    counts["anchors"] += len(listed)
    counts["anchors-unreadable"] += read.count(None)
    anchors = tuple(dict.fromkeys(anchor for anchor in read if anchor is not None))
    if not anchors and (listed or {"basic_full", "attca"} & set(types)):
        statement.problems.append("attestationRootCertificates")
    return anchors


def _statuses(value: object, problems: list[str]) -> tuple[StatusReport, ...]:
    """Return the statuses, newest first. What cannot be read of one is made worse, never left out."""
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_ITEMS:
        problems.append("statusReports")
        return ()
    read = [_status(item, problems) for item in value]
    return tuple(sorted(read, key=lambda report: report.effective or date.max, reverse=True))


def _status(item: object, problems: list[str]) -> StatusReport:
    status = _text(item.get("status")) if isinstance(item, dict) else None
    if status is None or not isinstance(item, dict):
        problems.append("statusReports")
        return StatusReport(_UNREADABLE)
    effective = _date(item.get("effectiveDate"))
    if effective is None and item.get("effectiveDate") is not None:
        problems.append("statusReports")
    # A certificate that cannot be read names none: then the status is about the whole model.
    return StatusReport(status, effective, _certificate(item.get("certificate")))


def _certificate(value: object) -> bytes | None:
    """Return the DER in base64 *value*, or None if no part of it that we need can be read."""
    if not isinstance(value, str):
        return None
    try:
        der = from_base64("".join(value.split()))
        with warnings.catch_warnings():
            # What cryptography says it will stop to read (serial numbers below one) is not read now either.
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            certificate = x509.load_der_x509_certificate(der)
            _ = certificate.subject, certificate.issuer, certificate.extensions, certificate.public_key()
    except (ValueError, UnsupportedAlgorithm, CryptographyDeprecationWarning, TypeError):
        return None
    return der


def _text(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        return None
    return value.strip()[:_MAX_TEXT]


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _list(value: object) -> list[object] | None:
    return value if isinstance(value, list) and len(value) <= _MAX_ITEMS else None


def _words(value: object) -> _Words | None:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_WORDS:
        return None
    words = [_text(word) for word in value]
    return None if None in words else tuple(dict.fromkeys(word for word in words if word))


def _verification(value: object) -> tuple[tuple[str, ...], ...] | None:
    """Return the ways to verify the user, each as the methods that are used together."""
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_WORDS:
        return None
    ways = [_methods(way) for way in value]
    return None if None in ways else tuple(way for way in ways if way)


def _methods(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(method, dict) for method in value):
        return None
    return _words([method.get("userVerificationMethod") for method in value])


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _DAY.match(value) else None
    except ValueError:
        return None
