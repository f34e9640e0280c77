"""Who are asked about together? People of the same memberships, of whom the same rules speak.

A set of classes of people is a whole number, one bit for each class: parting
thousands of them by a role is one operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.access import Link, Subject
from policies.bundle import Bundle
from policies.names import ANY, MEMBERSHIPS
from policies.rules import Rule

SOMEBODY = "person:-"
"""Whoever is not known: no rule can name them."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who is known: ``person:prs_1`` and the roles and groups they hold."""

    name: str
    memberships: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Classes of people (one bit each) of whom exactly these rules speak, before and after."""

    mask: int
    before: tuple[Rule, ...]
    after: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class _Class:
    """People who answer to the same names. No *members*: somebody who would hold *label*."""

    members: tuple[str, ...]
    label: str
    before: frozenset[str]
    after: frozenset[str]


class Crowd:
    """Everybody known, and whoever is not known but meant by a rule that changed."""

    def __init__(
        self, old: Bundle | None, new: Bundle, holders: Sequence[Holder], changed: Sequence[Rule]
    ) -> None:
        self._bundles = [bundle for bundle in (old, new) if bundle is not None]
        self._subjects = {subject for bundle in self._bundles for subject in bundle.rules.subjects}
        self._classes = _known(old, new, holders, self._subjects)
        self._classes += self._unknown(old, new, changed)
        self._before: dict[str, int] = {}
        self._after: dict[str, int] = {}
        self._moved: set[str] = set()
        for number, each in enumerate(self._classes):
            for names, masks in ((each.before, self._before), (each.after, self._after)):
                for name in names:
                    masks[name] = masks.get(name, 0) | 1 << number
            if each.before != each.after and old is not None:
                self._moved |= each.before ^ each.after
        self._labels = self._names_of_sets()

    def moved_rules(self) -> list[Rule]:
        """Return the rules about names that somebody answers to in one of both bundles only."""
        if not self._moved:
            return []
        return [rule for bundle in self._bundles for rule in bundle.rules if rule.subject in self._moved]

    def parts(self, before: Sequence[Rule], after: Sequence[Rule]) -> list[Part]:
        """Part everybody by which of the rules *before* and *after* speak of them; none where none do.

        Both are all the rules about one action on one resource.
        """
        whole = (1 << len(self._classes)) - 1
        parts: list[tuple[int, frozenset[str], frozenset[str]]] = [(whole, frozenset(), frozenset())]
        for name in {rule.subject for rule in before}:
            parts = _split(parts, self._before.get(name, 0), frozenset((name,)), frozenset())
        for name in {rule.subject for rule in after}:
            parts = _split(parts, self._after.get(name, 0), frozenset(), frozenset((name,)))
        return [
            Part(
                mask,
                tuple(rule for rule in before if rule.subject in was),
                tuple(rule for rule in after if rule.subject in is_),
            )
            for mask, was, is_ in parts
            if was or is_
        ]

    def people(self, mask: int) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the people of *mask* with the name that they share, then each name that nobody holds yet."""
        classes = [each for number, each in enumerate(self._classes) if mask >> number & 1]
        who = tuple(sorted(name for each in classes for name in each.members))
        label = self._labels.get(frozenset(who), "") if who else ""
        if who:
            yield who, label
        for each in classes:
            if not each.members and label != ANY:
                yield (), each.label

    def _unknown(self, old: Bundle | None, new: Bundle, changed: Sequence[Rule]) -> list[_Class]:
        """Return somebody for each role that nobody holds, and each person not known, of a changed line.

        They will matter one day: never silent.
        """
        links = set(old.links if old is not None else ()) ^ set(new.links)
        wanted = {rule.subject for rule in changed} | {link.member for link in links}
        answered = {name for each in self._classes for name in each.before | each.after}
        classes = []
        for name in sorted(wanted - answered):
            held = (name,) if name.startswith(MEMBERSHIPS) else ()
            own = SOMEBODY if held or name == ANY else name
            classes.append(_class(old, new, own, held, (), name))
        return classes

    def _names_of_sets(self) -> dict[frozenset[str], str]:
        """Return the widest name for each set of people that answer to one name."""
        answering: dict[str, set[str]] = {}
        for each in self._classes:
            for name in each.before | each.after:
                if name == ANY or name.startswith(MEMBERSHIPS):
                    answering.setdefault(name, set()).update(each.members)
        return {frozenset(answering[name]): name for name in sorted(answering, reverse=True)}


def _split(
    parts: list[tuple[int, frozenset[str], frozenset[str]]],
    holding: int,
    was: frozenset[str],
    is_: frozenset[str],
) -> list[tuple[int, frozenset[str], frozenset[str]]]:
    found = []
    for mask, before, after in parts:
        if inside := mask & holding:
            found.append((inside, before | was, after | is_))
        if outside := mask & ~holding:
            found.append((outside, before, after))
    return found


def _known(old: Bundle | None, new: Bundle, holders: Sequence[Holder], subjects: set[str]) -> list[_Class]:
    members: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for one in holders:
        own = one.name if one.name in subjects else ""
        members.setdefault((tuple(sorted(one.memberships)), own), []).append(one.name)
    return [_class(old, new, them[0], held, tuple(them), "") for (held, _), them in members.items()]


def _class(
    old: Bundle | None,
    new: Bundle,
    name: str,
    held: tuple[str, ...],
    members: tuple[str, ...],
    label: str,
) -> _Class:
    kind, _, id_ = name.partition(":")
    subject = Subject(kind, id_)
    links = [Link(str(subject), group) for group in held]
    before = old.index.names_of(subject, links) if old is not None else frozenset[str]()
    return _Class(members, label, before, new.index.names_of(subject, links))
