"""A contractor sees what they can reach, opens it, and is told why not.

Who attacks this: somebody who asks for more than the rules give (each action
is decided apart), for longer (the window is the least of rule, session,
engagement and product limit), or while "end everything" runs (person, key and
session are share-locked from the check to the commit; see ``flows.liveness``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from domain.access import Subject, SubjectKind
from domain.decision import Decision
from domain.errors import Invalid, NotAuthenticated
from domain.evidence import Assessment
from flows.decide import Asked, Known, attributes_of, covering_grant, decide_and_log, know, settled
from flows.liveness import (
    Roots,
    grant_problem,
    lock_roots,
    read_roots,
    require_agreeing_clocks,
    session_problem,
)
from flows.parts import Parts
from flows.properties import of_resources
from flows.session import Viewer
from models.access import Grant, grants_of
from models.catalog import Resource, Service, resources
from models.people import links_of
from models.sessions import BrowserSession
from policies.reverse import Given, Principal, what_can

MAX_ACTIONS = 16


@dataclass(frozen=True, slots=True)
class Door:
    """One resource on My access: what may be done, what not and why, and what is open."""

    resource: Resource
    decisions: tuple[tuple[str, Decision], ...]
    grant: Grant | None
    home_url: str | None

    @property
    def openable(self) -> tuple[str, ...]:
        """The actions that may be opened now."""
        return tuple(action for action, decision in self.decisions if decision.permitted)

    @property
    def curable(self) -> bool:
        return not self.openable and any(decision.curable for _, decision in self.decisions)

    @property
    def standing(self) -> bool:
        """Whether everything that may be done here needs no grant."""
        allowed = [d for _, d in self.decisions if d.permitted]
        return bool(allowed) and all(d.obligations.standing for d in allowed)

    @property
    def decision(self) -> Decision:
        """The decision to show for the whole door: a permit if there is one, else the nearest cure."""
        permits = [d for _, d in self.decisions if d.permitted]
        curable = [d for _, d in self.decisions if d.curable]
        return (permits or curable or [d for _, d in self.decisions])[0]


@dataclass(frozen=True, slots=True)
class MyAccess:
    """Everything on the page: doors by state, and what is known of this session."""

    doors: tuple[Door, ...]
    assessment: Assessment
    elsewhere: tuple[Grant, ...]
    at: datetime


def my_access(parts: Parts, viewer: Viewer) -> MyAccess:
    """Answer, for every resource and action: open now, can be opened, or closed and why."""
    now = parts.clock.now()
    with parts.db.read() as session:
        roots = _roots(session, viewer)
        known = know(session, parts, viewer.person_id, roots, now)
        rows = resources(session)
        said = _what_rules_say(session, rows, roots, known, now)
        doors = tuple(_door(session, row, said, roots, known, now) for row in rows)
        other = tuple(
            grant
            for grant in grants_of(session, viewer.person_id)
            if grant.session_id != viewer.session_id and _lives(session, grant, now)
        )
        return MyAccess(doors, known.assessment, other, now)


def why(parts: Parts, viewer: Viewer, *, action: str, resource: str) -> Decision:
    """Decide and log one question of the person about themselves, for the page that explains it."""
    now = parts.clock.now()
    with parts.db.write() as session:
        asked = Asked("page", viewer.person_id, action, resource, roots=_roots(session, viewer))
        decision = decide_and_log(session, parts, asked, now)
        parts.commit(session)
        return decision


def resource_title(parts: Parts, resource: str) -> str:
    """Return the name that people know a resource by, or its id."""
    with parts.db.read() as session:
        row = session.get(Resource, resource)
        return row.title if row else resource


@dataclass(frozen=True, slots=True)
class Opening:
    """The outcome of opening a resource: a grant, or the decision that says why not."""

    decision: Decision
    grant_id: str | None = None
    not_after: datetime | None = None


def open_resource(parts: Parts, viewer: Viewer, *, resource: str, actions: Sequence[str]) -> Opening:
    """Open *resource* for *actions* (all or nothing) and record it, or record the refusal."""
    require_few(actions)
    now = parts.clock.now()
    with parts.db.write() as session:
        require_agreeing_clocks(session, parts.limits, now)
        row = session.get(BrowserSession, viewer.session_id)
        roots = lock_roots(session, row) if row else None
        if roots is None or session_problem(roots, now=now):
            raise NotAuthenticated("the session has ended", remedy="Log in again.")
        known = know(session, parts, viewer.person_id, roots, now)
        decisions = [
            decide_and_log(
                session,
                parts,
                Asked("page", viewer.person_id, action, resource, roots=roots),
                now,
                known=known,
            )
            for action in actions
        ]
        refused = next((d for d in decisions if not d.permitted), None)
        if refused is not None:
            parts.commit(session, _event(EventKind.GRANT_REFUSED, viewer, resource, actions, refused))
            return Opening(refused)
        grant = _grant(session, parts, roots, known, decisions, resource, actions, now)
        parts.commit(session, _event(EventKind.GRANT_ISSUED, viewer, resource, actions, decisions[0], grant))
        return Opening(decisions[0], grant.id, grant.not_after)


def require_few(actions: Sequence[str]) -> None:
    """Refuse none, repeated, or more than sixteen actions before a transaction begins."""
    if not 0 < len(actions) <= MAX_ACTIONS or len(set(actions)) != len(actions):
        raise Invalid("name one to sixteen actions, each once", code="actions")


def window_end(
    parts: Parts, roots: Roots, known: Known, decisions: Sequence[Decision], now: datetime
) -> datetime:
    """Return the end of a grant: the least of rules, product limit, session and engagement."""
    caps: list[timedelta] = [d.obligations.max_lifetime or parts.limits.grant for d in decisions]
    ends = [now + min(caps), roots.session.expires_at]
    if known.engagement is not None:
        ends.append(known.engagement.ends_at)
    return min(ends)


def _grant(
    session: Session,
    parts: Parts,
    roots: Roots,
    known: Known,
    decisions: Sequence[Decision],
    resource: str,
    actions: Sequence[str],
    now: datetime,
) -> Grant:
    grant = Grant(
        id=parts.ids.new("grt"),
        person_id=roots.person.id,
        session_id=roots.session.id,
        engagement_id=known.engagement.id if known.engagement else None,
        resources=[resource],
        actions=list(actions),
        decision_id=decisions[0].id,
        not_before=now,
        not_after=window_end(parts, roots, known, decisions, now),
        person_epoch=roots.person.epoch,
        credential_epoch=roots.credential.epoch,
        created_at=now,
    )
    session.add(grant)
    session.flush()
    return grant


def _event(
    kind: EventKind,
    viewer: Viewer,
    resource: str,
    actions: Sequence[str],
    decision: Decision,
    grant: Grant | None = None,
) -> Event:
    details = {
        "resource": resource,
        "actions": list(actions),
        "decision": decision.id,
        "reason": decision.reason.code.value,
    }
    if grant is not None:
        details |= {"grant": grant.id, "not_after": grant.not_after.isoformat()}
    return Event(kind, actor=viewer.person_id, subject=viewer.person_id, details=details)


def _what_rules_say(
    session: Session, rows: Sequence[Resource], roots: Roots, known: Known, now: datetime
) -> dict[tuple[str, str], Decision]:
    """Return what the policy says of every action on every resource, asked at once."""
    subject = Subject(SubjectKind.PERSON, roots.person.id)
    links = links_of(session, subject.id, "person", now)
    stored = of_resources(session, known.bundle, [row.id for row in rows])
    given = Given(attributes_of(Asked("page", subject.id, "", "", roots=roots), known, now), now, stored)
    doors = sorted((row.id, action) for row in rows for action in row.actions)
    page = what_can(
        Principal(subject.id, subject, links),
        doors,
        bundle=known.bundle,
        given=given,
        limit=len(doors) or 1,
        misses=False,
    )
    return {(e.resource, e.action): e.decision for e in page.entries if e.decision is not None}


def _door(
    session: Session,
    row: Resource,
    said: Mapping[tuple[str, str], Decision],
    roots: Roots,
    known: Known,
    now: datetime,
) -> Door:
    decisions = tuple(
        (
            action,
            settled(
                Asked("page", roots.person.id, action, row.id, roots=roots),
                said[row.id, action],
                known,
                now,
            ),
        )
        for action in row.actions
    )
    live = known.facts.grants
    covering = (covering_grant(live, roots, action, row.id, now) for action in row.actions)
    grant = next(filter(None, covering), None)
    service = session.get(Service, row.service_id) if row.service_id else None
    return Door(row, decisions, grant, service.home_url if service else None)


def _roots(session: Session, viewer: Viewer) -> Roots:
    roots = read_roots(session, viewer.session_id)
    if roots is None:
        raise NotAuthenticated("the session has ended", remedy="Log in again.")
    return roots


def _lives(session: Session, grant: Grant, now: datetime) -> bool:
    roots = read_roots(session, grant.session_id)
    return (
        roots is not None
        and session_problem(roots, now=now) is None
        and grant_problem(grant, roots, now=now) is None
    )
