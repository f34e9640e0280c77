"""Who can reach this, what can they reach, and why? The published rules, asked the other way round.

Answers for admins, without a session: what is true of whatever laptop and
place somebody comes from; or for facts that are given. People stand by their
login name. Whoever is suspended, or has no running engagement, reaches
nothing, as in ``flows.decide``; and nobody reaches what is not registered.

Who attacks this: somebody who would be left out of a list that an auditor
reads (all people are asked about, or all who answer to a rule that lets
somebody in), and a contractor who would read the rules (the caller has asked
``flows.admin`` for policy and people).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.access import Link, Subject, SubjectKind, action_name, resource_id
from domain.decision import Reason
from domain.errors import NotFound
from domain.reasons import ReasonCode
from flows.facts import published
from flows.liveness import engagement_problem, person_problem
from flows.parts import Parts
from flows.properties import of_resources
from models.catalog import Resource, covers, resources
from models.people import Engagement, Person, all_live_assignments, name_holds
from policies.askers import Askers, askers
from policies.bundle import Bundle
from policies.misses import nobodys, stopped
from policies.pages import PAGE, Page
from policies.reverse import Entry, Given, Principal, what_can, who_can


@dataclass(frozen=True, slots=True)
class WhoReaches:
    """A page of people who reach a resource, or do not.

    *covering*: the registered resources that are or hold it, nearest first; none of
    what is not known. *people*: by login name, those of the page. *revision*: of the rules, 0 for none.
    *lacking*: why no rule lets anybody do this; empty if one does.
    """

    page: Page[Entry]
    covering: tuple[Resource, ...]
    people: dict[str, Person]
    revision: int
    lacking: str


@dataclass(frozen=True, slots=True)
class WhatReaches:
    """A page of doors that a person reaches, or does not.

    *groups*: what they belong to. *stopped*: why everything is closed to them, or
    nothing. *titles*: of the resources, by id.
    """

    page: Page[Entry]
    person: Person
    groups: tuple[str, ...]
    stopped: str
    titles: dict[str, str]
    revision: int


def who_reaches(
    parts: Parts,
    *,
    action: str,
    resource: str,
    search: str = "",
    only: bool | None = None,
    given: Given | None = None,
    cursor: str = "",
    limit: int = PAGE,
) -> WhoReaches:
    """Return who can do *action* on *resource*. *search* is part of a name; else as ``policies.who_can``."""
    action_name(action)
    resource_id(resource)
    now = given.now if given is not None else parts.clock.now()
    with parts.db.read() as session:
        bundle, revisions = published(session)
        covering = _covering(session, resource)
        everybody = select(Person).where(name_holds(search)) if search else select(Person)
        found = {row.login_name: row for row in session.scalars(everybody)}
        looked_at = askers(action, resource, bundle=bundle) if only else None
        principals = _principals(session, found, now, known=bool(covering), looked_at=looked_at)
        page = who_can(
            action,
            resource,
            principals,
            bundle=bundle,
            given=_with_stored(session, bundle, given, [resource]),
            only=only,
            cursor=cursor,
            limit=limit,
        )
        people = {entry.who.key: found[entry.who.key] for entry in page.entries}
        missing = nobodys(action, resource, bundle=bundle)
        lacking = missing.sentence if missing is not None else ""
        return WhoReaches(page, covering, people, revisions.publication, lacking)


def what_reaches(
    parts: Parts,
    person_id: str,
    *,
    actions: Collection[str] = (),
    search: str = "",
    only: bool | None = None,
    given: Given | None = None,
    more: Sequence[str] = (),
    cursor: str = "",
    limit: int = PAGE,
) -> WhatReaches:
    """Return which registered doors a person can open. *search* is part of a resource's id or name.

    *actions*: only these, where any are named. *more*: roles and groups, as if the
    person had them too. Raises NotFound for a person who is not there.
    """
    now = given.now if given is not None else parts.clock.now()
    with parts.db.read() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise NotFound("there is no such person")
        bundle, revisions = published(session)
        rows = [row for row in resources(session) if _fits(row, search)]
        titles = {row.id: row.title for row in rows}
        doors = sorted(
            (row.id, name) for row in rows for name in row.actions if not actions or name in actions
        )
        who = _alone(session, person, now, more)
        given = _with_stored(session, bundle, given, titles)
        page = what_can(who, doors, bundle=bundle, given=given, only=only, cursor=cursor, limit=limit)
        why = stopped(who.stopped).sentence if who.stopped is not None else ""
        groups = tuple(link.group for link in who.assignments)
        return WhatReaches(page, person, groups, why, titles, revisions.publication)


def explained(
    parts: Parts, person_id: str, *, action: str, resource: str, given: Given, more: Sequence[str] = ()
) -> Entry:
    """Return the decision for one person, given facts, and why. *more* as in :func:`what_reaches`.

    Raises NotFound.
    """
    action_name(action)
    resource_id(resource)
    with parts.db.read() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise NotFound("there is no such person")
        bundle, _revisions = published(session)
        who = _alone(session, person, given.now, more, known=bool(_covering(session, resource)))
        known = _with_stored(session, bundle, given, [resource])
        [entry] = who_can(action, resource, [who], bundle=bundle, given=known).entries
        return entry


def _with_stored(
    session: Session, bundle: Bundle | None, given: Given | None, resources_: Iterable[str]
) -> Given | None:
    """Return what is given with what is stored of resources; None where nothing is given."""
    return None if given is None else replace(given, of=of_resources(session, bundle, resources_))


def published_bundle(parts: Parts) -> tuple[Bundle | None, int]:
    """Return the rules in force and their revision; None and 0 if none were published."""
    with parts.db.read() as session:
        bundle, revisions = published(session)
        return bundle, revisions.publication


def _principals(
    session: Session,
    people: dict[str, Person],
    now: datetime,
    *,
    known: bool,
    looked_at: Askers | None = None,
) -> list[Principal]:
    """Return *people*, ascending by login name, with what they belong to and what stops them.

    *looked_at*: only those who answer to one of these names. Three queries, however many people.
    """
    alone = next(iter(people.values())).id if len(people) == 1 else None
    groups = all_live_assignments(session, now, principal_id=alone)
    engaged: defaultdict[str, list[Engagement]] = defaultdict(list)
    query = select(Engagement) if alone is None else select(Engagement).where(Engagement.person_id == alone)
    for row in session.scalars(query):
        engaged[row.person_id].append(row)
    found = []
    for login in sorted(people):  # by code point, whatever the database's order is
        person = people[login]
        subject = Subject(SubjectKind.PERSON, person.id)
        if looked_at is not None and not looked_at.include(subject, groups[person.id]):
            continue
        links = tuple(Link(str(subject), group) for group in sorted(groups[person.id]))
        found.append(Principal(login, subject, links, _stopped(person, engaged[person.id], known, now)))
    return found


def _alone(
    session: Session, person: Person, now: datetime, more: Sequence[str], *, known: bool = True
) -> Principal:
    """Return one person, as if they belonged to *more* besides."""
    [who] = _principals(session, {person.login_name: person}, now, known=known)
    held = {link.group for link in who.assignments} | set(more)
    return replace(who, assignments=tuple(Link(str(who.subject), group) for group in sorted(held)))


def _stopped(person: Person, ever: list[Engagement], known: bool, now: datetime) -> Reason | None:
    """Return what denies a person everything, or this, whatever the rules say; as ``flows.decide`` does."""
    if problem := person_problem(person):
        return Reason.of(problem)
    if not any(row.state == "active" and row.starts_at <= now < row.ends_at for row in ever):
        return engagement_problem(ever, now)
    return None if known else Reason.of(ReasonCode.RESOURCE_UNKNOWN)


def _covering(session: Session, resource: str) -> tuple[Resource, ...]:
    """Return the registered resources that are *resource* or hold it, nearest first."""
    found = [row for row in resources(session) if covers(row.id, resource)]
    return tuple(sorted(found, key=lambda row: len(row.id), reverse=True))


def _fits(row: Resource, search: str) -> bool:
    low = search.lower()
    return low in row.id.lower() or low in row.title.lower()
