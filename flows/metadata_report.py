"""An import says what changes for our keys: which stop and why, which of their models came, went or changed.

Only models of keys that are registered here are named; the hundreds of others
are counted. Kept with the import as JSON, and shown by page and command.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from authn.metadata.rules import UPDATE_AVAILABLE, blocks_enrolled, broken_rules
from authn.trust import Trust
from domain.metadata import Model
from flows.key_standing import WORKING, Fallen
from models.keys import Credential


def report_of(
    session: Session, before: Trust, counts: Trust, found: Sequence[Fallen], now: datetime
) -> dict[str, Any]:
    """Return the report of an import.

    *blocked*: keys that stop. *models*: models in use that are *new* to the
    metadata, *gone* from it or *changed* in it, with the number of *keys* that
    go on working. *warnings*: what stops nothing
    and wants a look. *admitted*: how many models new keys may be of.
    """
    used = Counter(session.scalars(select(Credential.aaguid).where(Credential.state.in_(WORKING))))
    left = used - Counter(one.key.aaguid for one in found)
    old = before.metadata.models if before.metadata else {}
    new = counts.metadata.models if counts.metadata else {}
    return {
        "blocked": [one.told() for one in found],
        "models": [
            told
            for aaguid in sorted(used)
            if (told := _change(aaguid, old.get(aaguid), new.get(aaguid), left[aaguid])) is not None
        ],
        "warnings": [
            {"aaguid": aaguid, "description": new[aaguid].description, "says": says}
            for aaguid in sorted(used)
            if aaguid in new
            for says in _warnings(new[aaguid], counts, now)
        ],
        "admitted": sum(1 for model in new.values() if not counts.against(model, now)),
    }


def _change(aaguid: str, old: Model | None, new: Model | None, keys: int) -> dict[str, Any] | None:
    if old == new:
        return None
    named = new or old
    what = "changed" if old and new else "new" if new else "gone"
    return {
        "aaguid": aaguid,
        "description": named.description if named else "",
        "keys": keys,
        "what": what,
        "before": [report.status for report in old.statuses] if old else [],
        "after": [report.status for report in new.statuses] if new else [],
    }


def _warnings(model: Model, counts: Trust, now: datetime) -> list[str]:
    """Return what stands in a model in use and stops no registered key."""
    told = [r.status for r in model.statuses if r.status == UPDATE_AVAILABLE and r.holds(now)]
    told += [f"{r.status} from {r.effective}" for r in model.statuses if not r.holds(now)]
    broken = broken_rules(model, counts.rules, algorithm=None, now=now)
    overlaid = counts.overlays(model.aaguid)
    told += [rule.value for rule in broken if overlaid or not blocks_enrolled(rule)]
    return list(dict.fromkeys(told))
