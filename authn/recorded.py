"""Read what an operator gives to ``doorward keys explain``: a recorded ceremony, an overlay, a time.

Answers: which ceremony was recorded, and what is to be trusted and denied?
Whoever wrote the file is the operator's own hand or a colleague's, so padding
of base64url, colons and capitals are forgiven, and notes of their own may stand
beside what is judged; what the browser presented is not touched, and forgiven
nothing. What cannot be read raises Unreadable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authn.cose import read_key
from authn.encoding import from_base64url
from authn.refused import Refused
from domain.authenticators import Anchor, StoredCredential, read_aaguid
from domain.errors import Invalid
from domain.metadata import Denials

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_PADDED = re.compile(r"(?:.{4})*(?:.{2}==|.{3}=)\Z")

_CEREMONY = ("rp_id", "origin", "challenge", "response", "credential")
_CREDENTIAL = ("id", "public_key", "sign_count", "backup_eligible", "user_handle")


class Unreadable(Invalid):
    """The operator's file or option cannot be read; nothing was judged."""

    code = "unreadable"


class Twice(dict[str, Any]):
    """A JSON object in which a name stood twice."""


@dataclass(frozen=True, slots=True)
class RecordedCredential:
    """What was stored of the key. *user_handle* None: it was not recorded."""

    stored: StoredCredential
    user_handle: bytes | None


@dataclass(frozen=True, slots=True)
class RecordedCeremony:
    """One ceremony. *response* is what the browser presented, as it stood in the file.

    *ignored* are members that nothing is known of, as they are told to the operator.
    """

    rp_id: str
    origin: str
    challenge: bytes
    response: object
    credential: RecordedCredential | None
    ignored: tuple[str, ...] = ()


def read_ceremony(text: bytes) -> RecordedCeremony:
    """Return the ceremony in *text*. Unknown members are ignored, unless they look like a missing one."""
    case = _object(text, "the ceremony")
    ignored = _strangers(case, "the ceremony", _CEREMONY)
    for name in ("rp_id", "origin", "challenge", "response"):
        if name not in case:
            raise Unreadable(f"the ceremony has no `{name}`")
    credential = case.get("credential")
    if credential is not None:
        ignored += _strangers(_mapping(credential, "`credential`"), "the credential", _CREDENTIAL)
    return RecordedCeremony(
        _text(case, "rp_id"),
        _text(case, "origin"),
        _binary(case, "challenge"),
        case["response"],
        None if credential is None else _credential(credential),
        ignored,
    )


def read_overlay(text: bytes) -> tuple[tuple[Anchor, ...], Denials]:
    """Return what the overlay in *text* allows and denies.

    Unknown members are refused: a denial that is misspelt would deny nothing.
    """
    overlay = _known(_object(text, "the overlay"), "the overlay", {"allow", "deny"})
    allowed = tuple(anchor for entry in _list(overlay, "allow") for anchor in _allowed(entry))
    denied = _known(overlay.get("deny") or {}, "`deny`", {"aaguids", "leaf_sha256", "spki_sha256"})
    return allowed, Denials(
        frozenset(_aaguid(one) for one in _list(denied, "aaguids")),
        frozenset(_digest(one) for one in _list(denied, "leaf_sha256")),
        frozenset(_digest(one) for one in _list(denied, "spki_sha256")),
    )


def read_time(text: str) -> datetime:
    """Return the moment in *text* (RFC 3339), in UTC."""
    match = _RFC3339.match(text.strip())
    try:
        if match is None:
            raise ValueError("it has another form")
        day, time, fraction, zone = match.groups()
        micro = f".{(fraction or '')[:6]:0<6}"
        return datetime.fromisoformat(f"{day}T{time}{micro}{zone.upper()}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(
            f"`{text[:40]}` is no time", remedy="Write it like 2026-11-25T12:00:00Z (RFC 3339)."
        ) from error


def _credential(value: Mapping[str, Any]) -> RecordedCredential:
    for name in ("id", "public_key"):
        if name not in value:
            raise Unreadable(f"the credential has no `{name}`")
    public_key, count, eligible = (
        _binary(value, "public_key"),
        value.get("sign_count"),
        value.get("backup_eligible"),
    )
    if count is not None and (type(count) is not int or not 0 <= count < 1 << 32):
        raise Unreadable("`sign_count` is not a counter")
    if eligible is not None and type(eligible) is not bool:
        raise Unreadable("`backup_eligible` is neither true nor false")
    handle = None if value.get("user_handle") is None else _binary(value, "user_handle")
    stored = StoredCredential(
        id="recorded",
        credential_id=_binary(value, "id"),
        public_key=public_key,
        sign_count=count or 0,
        backup_eligible=bool(eligible),
        # Not recorded: it is as the key says.
        algorithm=read_key(public_key, ()).algorithm or 0,
    )
    return RecordedCredential(stored, handle)


def _allowed(entry: object) -> tuple[Anchor, ...]:
    members = _known(entry, "an entry of `allow`", {"aaguid", "anchors", "label"})
    model, label = _aaguid(members.get("aaguid")), members.get("label") or ""
    if not isinstance(label, str):
        raise Unreadable("a label is not text")
    pems = _list(members, "anchors")
    try:
        certificates = [one for pem in pems for one in x509.load_pem_x509_certificates(_ascii(pem))]
    except (ValueError, x509.InvalidVersion) as error:
        raise Unreadable(f"an anchor of `{model}` is no certificate (PEM)") from error
    return tuple(Anchor(model, one.public_bytes(Encoding.DER), label) for one in certificates)


def _ascii(pem: object) -> bytes:
    if not isinstance(pem, str):
        raise Unreadable("an anchor is not text (PEM)")
    return pem.encode("utf-8", "replace")


def _object(text: bytes, what: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_noticing, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{what} is not JSON: {error}") from error
    if not isinstance(value, dict) or isinstance(value, Twice):
        raise Unreadable(f"{what} is not a JSON object with each name once")
    return value


def _noticing(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    return value if len(value) == len(pairs) else Twice(value)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _strangers(members: Mapping[str, Any], what: str, names: Collection[str]) -> tuple[str, ...]:
    """Return the unknown names in *members*, as they are told.

    One that looks like a name that is missing is refused: under the right name it could change the verdict.
    """
    unknown = [str(name) for name in members if name not in names]
    missing = {_bare(name): name for name in names if name not in members}
    for name in unknown:
        meant = get_close_matches(_bare(name), missing, n=1)
        if meant:
            raise Unreadable(f"{what} holds `{name[:40]}`", remedy=f"Write `{missing[meant[0]]}`.")
    return tuple(f"`{name[:40]}` of {what}" for name in unknown)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name[:40]).lower()


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or isinstance(value, Twice):
        raise Unreadable(f"{what} is not an object with each name once")
    return value


def _known(given: object, what: str, names: set[str]) -> Mapping[str, Any]:
    value = _mapping(given, what)
    unknown = sorted(set(value) - names)
    if unknown:
        raise Unreadable(
            f"{what} holds `{str(unknown[0])[:40]}`", remedy=f"Known are: {', '.join(sorted(names))}."
        )
    return value


def _list(members: Mapping[str, Any], name: str) -> list[Any]:
    value = members.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"`{name}` is not a list")
    return value


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members[name]
    if not isinstance(value, str) or not value:
        raise Unreadable(f"`{name}` is not text")
    return value


def _binary(members: Mapping[str, Any], name: str) -> bytes:
    """Return the bytes of a member: base64url in its one spelling, but the padding may stand."""
    value = members[name]
    text = value.rstrip("=") if isinstance(value, str) and _PADDED.match(value) else value
    try:
        binary = from_base64url(text, f"`{name}`", len(text) if isinstance(text, str) else 0)
    except Refused as refused:
        raise Unreadable(refused.refusal.detail) from refused
    if not binary:
        raise Unreadable(f"`{name}` is empty")
    return binary


def _aaguid(value: object) -> str:
    model = read_aaguid(value)
    if model is None:
        raise Unreadable(f"`{str(value)[:40]}` is not an AAGUID")
    return model


def _digest(value: object) -> str:
    digest = re.sub(r"[:\s]", "", value).lower() if isinstance(value, str) else ""
    if not _SHA256.match(digest):
        raise Unreadable(f"`{str(value)[:80]}` is not a SHA-256 digest in hex")
    return digest
