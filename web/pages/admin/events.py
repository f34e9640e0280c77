"""Audit records as lines of a timeline: what happened in a sentence, who did it, the link to the record."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.events import EventKind
from domain.custody import Step, item_name
from domain.key_refusals import ActivationFault, KeyRefusal
from domain.reasons import ReasonCode
from flows.audit_view import title_of
from models.audit import AuditDetail, AuditRecord

_ALARM = frozenset({"code.reused", "admin.recovery", "key.suspended", "key.shared", "custody.broken"})
_OF_ITEMS = {
    kind.code
    for kind in (EventKind.CUSTODY_STEP, EventKind.CUSTODY_BROKEN, EventKind.CUSTODY_ADDRESS_REFUSED)
}
_CLOSED = ("refused", "ended", "suspended", "revoked", "disabled", "removed")
_OPEN = ("issued", "registered", "approved", "succeeded", "resumed", "published")
_ID = re.compile(r"[a-z]{3}_[0-9A-Za-z_-]{8,}")
_WAITING = ("enrolled", "made", "draft-saved")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline, in the shape of the timeline macro."""

    at: datetime
    title: str
    kind: str
    text: str
    by: str
    href: str


def kind_of(code: str) -> str:
    """Return the kind of state that shows what a record means: open, waiting, closed, alarm or neutral."""
    if code in _ALARM:
        return "alarm"
    ending = code.rpartition(".")[2]
    for kind, words in (("closed", _CLOSED), ("waiting", _WAITING), ("open", _OPEN)):
        if any(ending.endswith(word) for word in words):
            return kind
    return "neutral"


def title(record: AuditRecord, detail: AuditDetail | None) -> str:
    """Return what a record says, in a sentence without its stop; of a physical key, which one and what."""
    told = detail.details if detail else {}
    if record.kind in _OF_ITEMS and "item" in told:
        name = item_name(str(told["item"]), told.get("serial"))
        words = Step(told["step"]).words if record.kind == EventKind.CUSTODY_STEP.code else ""
        return f"Key {name}: {words or title_of(record.kind)[:1].lower() + title_of(record.kind)[1:]}"
    return title_of(record.kind)


def in_short(details: dict[str, Any]) -> str:
    """Return the details that say most, in one line."""
    told = [_asked(details)]
    if reason := details.get("reason") or details.get("why"):
        told.append(_reason(str(reason)))
    for name in ("display_name", "label", "title", "group", "vendor", "project", "name", "address", "entity"):
        if details.get(name):
            told.append(str(details[name]))
    if details.get("revision"):
        told.append(f"revision {details['revision']}")
    return " · ".join(dict.fromkeys(filter(None, told)))


def ids_in(details: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the ids in *details* with the names that they stand under."""
    values = ((name, value if isinstance(value, list) else [value]) for name, value in details.items())
    found = ((name, each) for name, several in values for each in several)
    return tuple((name, each) for name, each in found if isinstance(each, str) and _ID.fullmatch(each))


def timeline(rows: Iterable[tuple[Any, Any]], names: dict[str, str], *, about: str) -> list[Line]:
    """Return *rows* (records with details) as lines; *about* is whose page it is."""
    return [
        Line(
            at=record.at,
            title=title(record, detail),
            kind=kind_of(record.kind),
            text=in_short(detail.details) if detail else "",
            by="" if record.actor == about else f"by {names.get(record.actor, record.actor)}",
            href=f"/admin/audit/{record.sequence}",
        )
        for record, detail in rows
    ]


def _asked(details: dict[str, Any]) -> str:
    """Return the actions and resources of a record: what somebody wanted to do, and with what."""
    action = details.get("action", "")
    actions = details.get("actions") or [action.get("do", "") if isinstance(action, dict) else action]
    resources = details.get("resources") or [details.get("resource") or details.get("area") or ""]
    return " ".join(filter(None, (_joined(actions), _joined(resources))))


def _joined(values: Any) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


def _reason(code: str) -> str:
    """Return what a code of a refused key or of a decision says, or the words that somebody wrote."""
    try:
        return KeyRefusal(code).text.sentence.removesuffix(".")
    except ValueError:
        pass
    try:
        return ActivationFault(code).words
    except ValueError:
        pass
    try:
        return ReasonCode(code).text.sentence.removesuffix(".")
    except ValueError:
        return code
