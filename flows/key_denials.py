"""An operator denies a key model, an attestation certificate or its key, whatever metadata says of it.

Who attacks this: whoever holds such a key; it stops in the same transaction,
and no new one comes in. Taking a denial back reinstates nobody: a key that was
stopped is reinstated by hand, one by one.
"""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.authenticators import read_aaguid
from domain.errors import Conflict, Invalid, NotFound
from flows.key_standing import fallen, locks_out_admins, stop
from flows.parts import Parts
from flows.trust import CERTIFICATE, KEY, MODEL, trust
from models.metadata import KeyDenial, denial, lock_imports, remove_denial

KINDS = (MODEL, CERTIFICATE, KEY)
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_REASON_MAX = 200


def deny(
    session: Session, parts: Parts, kind: str, value: str, *, reason: str, by: str, force: bool = False
) -> list[Event]:
    """Deny *value* and stop the registered keys that it covers; the caller commits the events.

    *kind* is ``aaguid``, ``leaf`` (SHA-256 of an attestation certificate or of
    one above it) or ``spki`` (SHA-256 of its public key). Raises Conflict where
    no admin would have a working key any more, unless *force*.
    """
    now = parts.clock.now()
    value, reason = _value(kind, value), reason.strip()[:_REASON_MAX]
    if not reason:
        raise Invalid("a denial needs a reason", code="denial-reason")
    lock_imports(session)
    if denial(session, kind, value) is not None:
        raise Conflict(f"`{value}` is denied already", code="denial-known")
    session.add(
        KeyDenial(
            id=parts.ids.new("kdn"), kind=kind, value=value, reason=reason, created_by=by, created_at=now
        )
    )
    session.flush()
    found = fallen(session, trust(session, parts), now)
    locks_out = locks_out_admins(session, found, now)
    if locks_out and not force:
        raise Conflict(
            "no admin would have a working key any more",
            code="locks-out-admins",
            remedy="Nothing is denied. See whose keys it covers with --dry-run, and give an admin a key that"
            " it does not cover. With --force it is denied all the same; then: doorward admin recover.",
        )
    details = {
        "kind": kind,
        "value": value,
        "reason": reason,
        "blocked": len(found),
        "locks_out_admins": locks_out,
    }
    events = stop(session, parts, found, by=by, now=now)
    return [Event(EventKind.KEY_DENIAL_ADDED, by, "-", details), *events]


def allow_again(session: Session, parts: Parts, kind: str, value: str, *, by: str) -> Event:
    """Take a denial back; the caller commits the event. Keys that it stopped stay stopped."""
    value = _value(kind, value)
    lock_imports(session)
    if not remove_denial(session, kind, value):
        raise NotFound(f"`{value}` is not denied", remedy="See: doorward keys deny-list")
    stop(session, parts, (), by=by, now=parts.clock.now())
    return Event(EventKind.KEY_DENIAL_REMOVED, by, "-", {"kind": kind, "value": value})


def _value(kind: str, value: str) -> str:
    value = value.strip()
    if kind == MODEL:
        model = read_aaguid(value)
        if model is None:
            raise Invalid(f"`{value[:80]}` is not an AAGUID", code="aaguid")
        return model
    if kind not in KINDS:
        raise Invalid(f"a denial is of {', '.join(KINDS)}", code="denial-kind")
    digest = value.lower().replace(":", "")
    if not _DIGEST.match(digest):
        raise Invalid(
            f"`{value[:80]}` is not a SHA-256",
            code="denial-value",
            remedy="Write 64 hexadecimal digits; a key's page shows those of its certificate.",
        )
    return digest
