"""What does a new bundle change, rule by rule? For the author, the approver and the record.

Compares what is written; who gains and who loses is another question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.access import Link
from policies.bundle import Bundle
from policies.rules import Rule
from policies.sentences import named, sentence


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. *rule* is the rule's id, or for a link its row; *before* and *after* are rows."""

    kind: ChangeKind
    rule: str
    before: str | None
    after: str | None
    sentence: str


def diff(old: Bundle | None, new: Bundle) -> tuple[Change, ...]:
    """Return the changes from *old* (None: nothing was published) to *new*.

    Rules first, by id, then links. Two bundles of one digest have none.
    """
    return (*_rules(old, new), *_links(old, new))


def _rules(old: Bundle | None, new: Bundle) -> list[Change]:
    before = {rule.id: rule for rule in old.rules} if old is not None else {}
    after = {rule.id: rule for rule in new.rules}
    changes = []
    for id_ in sorted(before.keys() | after.keys()):
        was, is_ = before.get(id_), after.get(id_)
        if was is not None and is_ is not None and was.row == is_.row:
            continue
        told = " → ".join(sentence(rule) for rule in (was, is_) if rule is not None)
        changes.append(Change(_kind(was, is_), id_, _row(was), _row(is_), told))
    return changes


def _links(old: Bundle | None, new: Bundle) -> list[Change]:
    before = _linked(old) if old is not None else {}
    after = _linked(new)
    return [
        Change(
            _kind(before.get(row), after.get(row)),
            row,
            row if row in before else None,
            row if row in after else None,
            before.get(row) or after[row],
        )
        for row in sorted(before.keys() ^ after.keys())
    ]


def _linked(bundle: Bundle) -> Mapping[str, str]:
    def row(kind: str, link: Link) -> str:
        return f"{kind}, {link.member}, {link.group}"

    roles = {row("g", link): f"{named(link.member)} includes {named(link.group)}" for link in bundle.links}
    groups = {
        row("g2", link): f"{link.member} belongs to {named(link.group)}" for link in bundle.resource_links
    }
    return {**roles, **groups}


def _kind(before: object, after: object) -> ChangeKind:
    if before is None:
        return ChangeKind.ADDED
    return ChangeKind.REMOVED if after is None else ChangeKind.CHANGED


def _row(rule: Rule | None) -> str | None:
    return None if rule is None else ", ".join(("p", *rule.row))
