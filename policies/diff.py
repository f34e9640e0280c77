"""What does a new bundle change, rule by rule? For the author, the approver and the record.

Compares what is written; who gains and who loses is another question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from domain.access import Link
from policies.bundle import Bundle
from policies.rules import Rule
from policies.sentences import named, sentence
from policies.trials import Trial

T = TypeVar("T", Rule, Trial)


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. *rule* is the id of a rule or test, or a link's row; *before* and *after* are rows."""

    kind: ChangeKind
    rule: str
    before: str | None
    after: str | None
    sentence: str


def diff(old: Bundle | None, new: Bundle) -> tuple[Change, ...]:
    """Return the changes from *old* (None: nothing was published) to *new*.

    Rules first, by id, then links, then tests. Two bundles of one digest have none.
    """
    rules = _by_id("p", old.rules if old is not None else (), new.rules, sentence)
    tests = _by_id("t", old.tests if old is not None else (), new.tests, Trial.sentence)
    return (*rules, *_links(old, new), *tests)


def _by_id(kind: str, old: Iterable[T], new: Iterable[T], tell: Callable[[T], str]) -> list[Change]:
    before, after = {each.row[0]: each for each in old}, {each.row[0]: each for each in new}
    changes = []
    for id_ in sorted(before.keys() | after.keys()):
        was, is_ = before.get(id_), after.get(id_)
        if was is not None and is_ is not None and was.row == is_.row:
            continue
        told = " → ".join(tell(one) for one in (was, is_) if one is not None)
        changes.append(Change(_kind(was, is_), id_, _row(kind, was), _row(kind, is_), told))
    return changes


def _row(kind: str, one: Rule | Trial | None) -> str | None:
    return None if one is None else ", ".join((kind, *one.row))


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
        row(kind, link): f"{link.member} belongs to {named(link.group)}"
        for kind, links in (("g2", bundle.resource_links), ("g3", bundle.action_links))
        for link in links
    }
    return {**roles, **groups}


def _kind(before: object, after: object) -> ChangeKind:
    if before is None:
        return ChangeKind.ADDED
    return ChangeKind.REMOVED if after is None else ChangeKind.CHANGED
