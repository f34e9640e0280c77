"""Who can do this, what can they do, and why? The same rules, asked the other way round.

Each answer is the one ``policies.decide`` would give. Without a session it
says what is true of every session: *always*, *no*, or *conditional*, which is
the rest. Nobody is passed over: that a page leaves somebody out, or says *no*
of a door that opens, is what an attacker would hope for.
``tests/properties/test_reverse_laws.py`` compares with deciding one by one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from domain.access import AccessRequest, Link, Subject, action_name, resource_id
from domain.decision import Decision, Reason
from policies import sentences
from policies.bundle import Bundle
from policies.decide import decide_for, facts_at
from policies.index import path_of
from policies.misses import Miss, closed, nearest_misses, no_permit, speaking, stopped
from policies.names import ANY
from policies.pages import PAGE, Page, key_before, page_of
from policies.rules import Rule, RuleEffect

T = TypeVar("T")


class Reach(StrEnum):
    """What the rules say of a door, whatever the session: it opens, it may open, it does not."""

    ALWAYS = "always"
    CONDITIONAL = "conditional"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who may be asked about. Pages ascend by *key*.

    *assignments* are their memberships. *stopped*: what denies them everything,
    whatever the rules say.
    """

    key: str
    subject: Subject
    assignments: Sequence[Link] = ()
    stopped: Reason | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """The session to decide for: what is known of it, and when (aware).

    *of*: what is known of single resources besides.
    """

    attributes: Mapping[str, Any]
    now: datetime
    of: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def about(self, resource: str) -> Mapping[str, Any]:
        """Return what is known of the session and of a resource: what is given, then what is stored."""
        more = self.of.get(resource)
        return {**more, **self.attributes} if more else self.attributes


@dataclass(frozen=True, slots=True)
class Ground:
    """A rule that speaks of a subject, and how: *way* leads from a membership to the rule's subject.

    Empty for a rule that names the subject itself, or everybody.
    """

    rule: Rule
    way: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return sentences.sentence(self.rule)

    @property
    def when(self) -> str:
        """Say the rule's condition; empty for none."""
        return sentences.condition(self.rule.when) if self.rule.when is not None else ""

    @property
    def words(self) -> str:
        """Say the way: ``as role support, which role senior-support includes``."""
        if not self.way:
            return "as everybody" if self.rule.subject == ANY else "by name"
        first, *more = (sentences.named(name) for name in self.way)
        if not more:
            return f"as {first}"
        *between, last = more
        by = f" by way of {', '.join(between)}" if between else ""
        return f"as {last}, which {first} includes{by}"


@dataclass(frozen=True, slots=True)
class Entry:
    """Whether one subject reaches one door, and why.

    *permits* and *forbids* are all the rules that speak of it. *misses*: why
    not, for a door that does not open. *decision* is there if a session was given.
    """

    who: Principal
    action: str
    resource: str
    reach: Reach
    permits: tuple[Ground, ...] = ()
    forbids: tuple[Ground, ...] = ()
    misses: tuple[Miss, ...] = ()
    decision: Decision | None = None

    @property
    def open(self) -> bool:
        """Whether the door opens, or for want of a session may open."""
        return self.reach is not Reach.NO if self.decision is None else self.decision.permitted


def who_can(
    action: str,
    resource: str,
    principals: Iterable[Principal],
    *,
    bundle: Bundle | None,
    given: Given | None = None,
    only: bool | None = None,
    cursor: str = "",
    limit: int = PAGE,
) -> Page[Entry]:
    """Return who of *principals*, which ascend by key, can do *action* on *resource*.

    *only*: those for whom it opens (True), does not (False), or all (None).
    Raises CursorInvalid for a cursor of another question, Invalid for an action
    or resource that is none, ValueError for principals that do not ascend.
    """
    question = who_question(action, resource)
    asking = _Asking(bundle, given)
    rules = asking.about(action, resource)
    after = key_before(question, cursor)
    behind = _behind(after, principals, lambda who: who.key)
    entries = (asking.entry(who, action, resource, rules) for who in behind)
    return asking.told(asking.found(entries, only, key=lambda e: e.who.key, question=question, limit=limit))


def what_can(
    who: Principal,
    doors: Iterable[tuple[str, str]],
    *,
    bundle: Bundle | None,
    given: Given | None = None,
    only: bool | None = None,
    cursor: str = "",
    limit: int = PAGE,
    misses: bool = True,
) -> Page[Entry]:
    """Return which of *doors* (resource, action), which ascend, *who* can open. Else as :func:`who_can`.

    *misses* False: nobody reads what was missed, so it is not worked out.
    """
    question = what_question(who)
    asking = _Asking(bundle, given)
    after = key_before(question, cursor)
    entries = (
        asking.entry(who, action, resource, asking.about(action, resource))
        for resource, action in _behind(after, doors, " ".join)
    )
    page = asking.found(
        entries, only, key=lambda e: f"{e.resource} {e.action}", question=question, limit=limit
    )
    return asking.told(page) if misses else page


def who_question(action: str, resource: str) -> str:
    """Return what the cursors of one question of :func:`who_can` belong to."""
    return f"who {action} {resource}"


def what_question(who: Principal) -> str:
    return f"what {who.subject}"


class _Asking:
    """One question to one bundle, and what its answers share."""

    def __init__(self, bundle: Bundle | None, given: Given | None) -> None:
        self.bundle = bundle
        self.given = given
        self.facts = facts_at(given.attributes, given.now) if given is not None else {}
        self.includes: dict[str, list[str]] = {}
        for link in sorted(bundle.links, key=lambda link: link.group) if bundle is not None else ():
            self.includes.setdefault(link.member, []).append(link.group)

    def about(self, action: str, resource: str) -> tuple[Rule, ...]:
        """Return the rules about a door. Raises Invalid for an action or resource that is none."""
        action_name(action)
        resource_id(resource)
        return speaking(action, resource, bundle=self.bundle)

    def names(self, who: Principal) -> frozenset[str]:
        if self.bundle is None:
            return frozenset()
        return self.bundle.index.names_of(who.subject, who.assignments)

    def entry(self, who: Principal, action: str, resource: str, rules: Sequence[Rule]) -> Entry:
        """Return the answer without its misses, which only those entries get that are read."""
        names = self.names(who)
        grounds = [Ground(rule, self.way(who, rule.subject)) for rule in rules if rule.subject in names]
        permits = tuple(ground for ground in grounds if ground.rule.effect is RuleEffect.ALLOW)
        forbids = tuple(ground for ground in grounds if ground.rule.effect is RuleEffect.DENY)
        reach = Reach.NO if who.stopped is not None else _reach(permits, forbids, resource)
        decision = self.decision(names, who, action, resource)
        return Entry(who, action, resource, reach, permits, forbids, decision=decision)

    def found(self, entries: Iterable[Entry], only: bool | None, **paging: Any) -> Page[Entry]:
        return page_of((entry for entry in entries if only is None or entry.open is only), **paging)

    def told(self, page: Page[Entry]) -> Page[Entry]:
        """Return the page with the misses of each entry that is closed."""
        entries = (e if e.open else replace(e, misses=self.misses(e)) for e in page.entries)
        return replace(page, entries=tuple(entries))

    def decision(self, names: frozenset[str], who: Principal, action: str, resource: str) -> Decision | None:
        if self.given is None:
            return None
        known = self.given.about(resource)
        request = AccessRequest(who.subject, action, resource, known)
        facts = self.facts if known is self.given.attributes else facts_at(known, self.given.now)
        decision = decide_for(names, request, bundle=self.bundle, facts=facts, now=self.given.now)
        return decision if who.stopped is None else decision.denied(who.stopped)

    def misses(self, entry: Entry) -> tuple[Miss, ...]:
        if entry.who.stopped is not None:
            return (stopped(entry.who.stopped),)
        names = self.names(entry.who)
        if self.given is not None:
            return nearest_misses(
                names,
                entry.action,
                entry.resource,
                bundle=self.bundle,
                attributes=self.given.about(entry.resource),
                now=self.given.now,
            )
        missing = no_permit(names, entry.action, entry.resource, bundle=self.bundle)
        closing = (closed(ground.rule) for ground in entry.forbids if _settled(ground, entry.resource))
        return (*((missing,) if missing is not None else ()), *closing)

    def way(self, who: Principal, name: str) -> tuple[str, ...]:
        """Return the shortest way from a membership of *who* to *name*; of equals the first by name."""
        if name in (ANY, str(who.subject)):
            return ()
        held = sorted({link.group for link in who.assignments if link.member == str(who.subject)})
        ways: deque[tuple[str, ...]] = deque((group,) for group in held)
        seen = set(held)
        while ways:
            way = ways.popleft()
            if way[-1] == name:
                return way
            for group in self.includes.get(way[-1], ()):
                if group not in seen:
                    seen.add(group)
                    ways.append((*way, group))
        raise ValueError(f"`{who.subject}` does not answer to `{name}`")


def _reach(permits: Sequence[Ground], forbids: Sequence[Ground], resource: str) -> Reach:
    """Say what holds of every session. A deny with a condition may apply: what is not known suffices."""
    if not permits or any(_settled(ground, resource) for ground in forbids):
        return Reach.NO
    if not forbids and any(_settled(ground, resource) for ground in permits):
        return Reach.ALWAYS
    return Reach.CONDITIONAL


def _settled(ground: Ground, resource: str) -> bool:
    """Whether a rule applies whatever the session: it has no condition, or asks for the path alone."""
    return ground.rule.value({"path": path_of(resource)}) is True


def _behind(after: str, items: Iterable[T], key: Callable[[T], str]) -> Iterator[T]:
    """Yield the items behind *after*. Raises ValueError unless all ascend: a page would pass some over."""
    last = None
    for item in items:
        here = key(item)
        if last is not None and here <= last:
            raise ValueError(f"`{here}` does not ascend from `{last}`")
        last = here
        if here > after:
            yield item
