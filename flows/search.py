"""A service asks the other way round: who, what, how? (AuthZEN 1.0, section 8.)

An answer lists what an evaluation with the same words would permit, neither
more nor less: candidates come from the index of the rules, and each is then
decided as an evaluation decides it, with the session that the question names.
It is no check: nothing was used, and it is out of date when it arrives.

Who attacks this: whoever holds a service's credential and would learn who
works here and what they reach. Each kind of search is a right of its own that
a service must be given; it stays within the service's scope, and every search
is recorded. Whoever would make the broker work for hours: a page looks at so
many candidates and no more, and says where to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.access import Subject, SubjectKind
from domain.errors import Forbidden
from flows.asking import Asking
from flows.facts import published
from flows.parts import Parts
from flows.pep import Question, outside, outside_scope, refusal
from models.catalog import Service, covers, resources
from models.entities import entities
from models.people import Person, all_live_assignments
from policies.askers import askers
from policies.pages import cursor_after, key_before

LOOKED_AT = 200
"""How many candidates one page decides; a page with more behind it may hold fewer results than it could."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for: *question* lacks that part. *limit*: results on a page, at least 1."""

    what: str
    question: Question
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """Ids (subjects, resources) or names (actions), ascending. *next*: where to go on, empty at the end."""

    results: tuple[str, ...]
    next: str = ""


def search(parts: Parts, service_id: str, wanted: Search) -> Found:
    """Return a page of what is permitted, recorded.

    Raises Forbidden without the right or outside the scope (recorded),
    CursorInvalid for a cursor of another search, NotAuthenticated for a service
    that was disabled.
    """
    asking = Asking(parts, service_id, parts.clock.now())
    refused = _refused(asking, wanted)
    found = _page(asking, wanted) if refused is None else Found(())
    with parts.db.write() as session:  # apart: nobody waits to write while candidates are looked at
        parts.commit(session, _record(asking.service, wanted, found, refused))
    if refused is not None:
        raise refused
    return found


def _refused(asking: Asking, wanted: Search) -> Forbidden | None:
    """Return what forbids this search, if anything does."""
    q, service = wanted.question, asking.service
    if wanted.what not in service.searches:
        return Forbidden(
            f"this service may not search for {wanted.what}s",
            code="search-not-allowed",
            remedy="Ask an admin to allow the service this search.",
            outside="search",
        )
    if q.subject_type not in {*SubjectKind, *asking.shared().entity_types}:
        return None  # what nobody has ever heard of is found nowhere; only what exists can be out of reach
    action = None if wanted.what == "action" else q.action
    resource = None if wanted.what == "resource" else q.resource
    part = outside(service, subject_type=q.subject_type, action=action, resource=resource)
    return outside_scope(part) if part else None


def _record(service: Service, wanted: Search, found: Found, refused: Forbidden | None) -> Event:
    q = wanted.question
    named = {"subject_type": q.subject_type, "action": q.action, "resource": q.resource}
    if refused is not None:
        return refusal(service, refused.details["outside"], **named)
    details = {"search": wanted.what, "subject": q.subject_id, **named, "found": len(found.results)}
    return Event(EventKind.SERVICE_SEARCHED, service.id, service.id, details)


def _page(asking: Asking, wanted: Search) -> Found:
    q, service = wanted.question, asking.service
    binding = f"{service.id} {wanted.what} {q.subject_type} {q.subject_id} {q.action} {q.resource}"
    after = key_before(binding, wanted.cursor)
    with asking.parts.db.read() as session:
        candidates = SEARCHES[wanted.what](session, service, q, asking.now)
        behind = list(islice((key for key in candidates if key > after), LOOKED_AT + 1))
    results: list[str] = []
    last = ""
    for key in behind[:LOOKED_AT]:
        if len(results) == wanted.limit:
            break
        last = key
        if asking.would(_with(wanted, key)):
            results.append(key)
    more = bool(behind) and last != behind[-1]
    return Found(tuple(results), cursor_after(binding, last) if more else "")


def _with(wanted: Search, key: str) -> Question:
    """Return the question that an evaluation of one candidate would ask."""
    if wanted.what == "subject":
        return replace(wanted.question, subject_id=key)
    if wanted.what == "resource":
        return replace(wanted.question, resource=key)
    return replace(wanted.question, action=key)


def _subjects(session: Session, _service: Service, q: Question, now: datetime) -> Iterable[str]:
    """Return the subjects whom some rule might let in, ascending by id: of others none would be permitted."""
    bundle, _revisions = published(session)
    wanted = askers(q.action, q.resource, bundle=bundle)
    groups = all_live_assignments(session, now)
    if q.subject_type != SubjectKind.PERSON:
        found = ((row.id, row.key.partition(":")[2]) for row in entities(session, q.subject_type))
        return [id_ for row, id_ in found if wanted.include(Subject(q.subject_type, id_), groups[row])]
    people = session.scalars(select(Person.id).where(Person.state == "active"))
    return sorted(id_ for id_ in people if wanted.include(Subject(SubjectKind.PERSON, id_), groups[id_]))


def _resources(session: Session, service: Service, q: Question, _now: datetime) -> Iterable[str]:
    """Return the known resources of the type that the service may ask about, ascending."""
    known = {row.id for row in resources(session) if row.id.startswith(q.resource)}
    known |= {row.key for row in entities(session, q.resource.rstrip(":"))}
    return sorted(id_ for id_ in known if any(covers(prefix, id_) for prefix in service.prefixes))


def _actions(_session: Session, service: Service, _q: Question, _now: datetime) -> Iterable[str]:
    """Return the actions that the service may ask about, ascending."""
    return sorted(set(service.actions))


SEARCHES: dict[str, Callable[[Session, Service, Question, datetime], Iterable[str]]] = {
    "subject": _subjects,
    "resource": _resources,
    "action": _actions,
}
"""What can be searched for, and where its candidates come from."""
