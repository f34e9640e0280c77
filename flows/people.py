"""An admin enters people, invites them, gives memberships, and takes it all back.

Who attacks this: a person without the right (every function asks
``flows.admin`` first), an admin who re-invites somebody else's account to
register a key of their own (refused while the person has a working key), two
admins at once (unique names, locked rows).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import secret_digest
from crypto.secrets import new_secret
from domain.custody import Step
from domain.errors import Conflict, Invalid, NotFound
from flows import custody, reissue
from flows.end_access import end_root
from flows.invitation import login_name
from flows.parts import Parts
from models.base import changed_rows
from models.instance import instance, lock_instance
from models.keys import Credential, credentials_of, set_key_state
from models.people import (
    Assignment,
    Engagement,
    OneTimeCode,
    Person,
    Principal,
    live_assignments,
    lock_person,
    person_by_login,
    withdraw_codes,
)

_GROUP = re.compile(r"(role|group):[a-z0-9][a-z0-9._-]{0,62}\Z")


def create_person(
    session: Session, parts: Parts, *, name: str, display_name: str, by: str
) -> tuple[Person, Event]:
    """Enter a person; the caller commits the event."""
    now = parts.clock.now()
    name, shown = login_name(name), display_name.strip()
    if not shown or len(shown) > 128:
        raise Invalid("a display name is needed", code="display-name", remedy="Write the person's name.")
    if person_by_login(session, name) is not None:
        raise Conflict(f"the login name `{name}` is taken", code="login-name-taken")
    person = Person(
        id=parts.ids.new("prs"),
        login_name=name,
        display_name=shown,
        user_handle=parts.randomness.bytes(32),
        created_at=now,
    )
    session.add(Principal(id=person.id, kind="person"))
    session.flush()
    session.add(person)
    session.flush()
    return person, Event(EventKind.PERSON_CREATED, by, person.id, {"name": name, "display_name": shown})


def add_engagement(
    session: Session,
    parts: Parts,
    person_id: str,
    *,
    vendor: str,
    sponsor: str,
    project: str,
    starts_at: datetime,
    ends_at: datetime,
    by: str,
) -> Event:
    """Enter an engagement; the caller commits the event."""
    if session.get(Person, person_id) is None:
        raise NotFound("there is no such person")
    if starts_at >= ends_at:
        raise Invalid("an engagement must end after it starts", code="engagement-window")
    if not (vendor.strip() and sponsor.strip() and project.strip()):
        raise Invalid("an engagement needs a vendor, a sponsor and a project", code="engagement-fields")
    row = Engagement(
        id=parts.ids.new("eng"),
        person_id=person_id,
        vendor=vendor.strip(),
        sponsor=sponsor.strip(),
        project=project.strip(),
        starts_at=starts_at,
        ends_at=ends_at,
    )
    session.add(row)
    details = {
        "engagement": row.id,
        "vendor": row.vendor,
        "project": row.project,
        "ends": ends_at.isoformat(),
    }
    return Event(EventKind.ENGAGEMENT_CREATED, by, person_id, details)


def end_engagement(session: Session, parts: Parts, engagement_id: str, *, by: str) -> list[Event]:
    """End an engagement now; all access of the person ends with it."""
    now = parts.clock.now()
    row = session.get(Engagement, engagement_id)
    if row is None or row.state != "active":
        raise NotFound("there is no such running engagement")
    lock_person(session, row.person_id)
    row.state, row.ends_at = "ended", min(row.ends_at, now)
    ended = end_root(session, "person", row.person_id, cause="engagement-ended", by=by)
    return [Event(EventKind.ENGAGEMENT_ENDED, by, row.person_id, {"engagement": row.id}), ended]


def make_link(
    session: Session, parts: Parts, *, purpose: str, person_id: str | None, lifetime: timedelta, by: str
) -> str:
    """Make a one-time secret; older ones of the same purpose and person stop working."""
    now = parts.clock.now()
    withdraw_codes(session, purpose, person_id, now)
    prefix = {"bootstrap": "dwb", "invite": "dwi", "recover": "dwr", "device": "dwd"}[purpose]
    secret = new_secret(prefix, parts.randomness, length=24)
    session.add(
        OneTimeCode(
            id=parts.ids.new("otc"),
            purpose=purpose,
            digest=secret_digest(secret),
            person_id=person_id,
            created_by=by,
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    session.flush()
    return secret


def invite(session: Session, parts: Parts, person_id: str, *, by: str) -> tuple[str, Event]:
    """Make the link with which a person registers their key. Refused while they have one.

    Whoever had an active key before needs a re-issue that is ready; this uses it up.
    Codes that would have activated an earlier key stop working:
    ``flows.activate.make_code`` makes the one that goes with this link.
    """
    person = lock_person(session, person_id)
    if person is None or person.state != "active":
        raise NotFound("there is no such active person")
    for key in credentials_of(session, person_id):
        if key.state in {"active", "pending"}:
            words = "a working key" if key.state == "active" else "a key that waits to be activated"
            remedy = "Revoke the key first, if it is lost; then invite again."
            if reissue.had_a_key(session, person_id):
                remedy = "If it is lost, revoke it. A new key then needs a re-issue, asked for on their page."
            raise Conflict(f"this person has {words}", code="has-key", remedy=remedy)
    now = parts.clock.now()
    reissued = reissue.use(session, person_id, now) if reissue.had_a_key(session, person_id) else None
    withdraw_codes(session, "activate", person_id, now)
    secret = make_link(
        session, parts, purpose="invite", person_id=person_id, lifetime=parts.limits.invite, by=by
    )
    details = {"reissue": reissued} if reissued else {}
    return secret, Event(EventKind.INVITE_MADE, by, person_id, details)


def bootstrap_link(parts: Parts) -> str | None:
    """Make the first admin's one-time link, or None once an admin has existed.

    Called by the launcher only, which prints it to the terminal.
    """
    with parts.db.write() as session:
        if instance(session).first_admin_at is not None:
            return None
        secret = make_link(
            session, parts, purpose="bootstrap", person_id=None, lifetime=parts.limits.bootstrap, by="host"
        )
        parts.commit(session, Event(EventKind.BOOTSTRAP_LINK_MADE, "host", "-"))
    return f"{parts.deployment.public_url}/register/{secret}"


def recover_admin(parts: Parts, name: str) -> str:
    """Make a link on the host for an admin who lost their key: all their old keys are revoked."""
    now = parts.clock.now()
    with parts.db.write() as session:
        person = person_by_login(session, login_name(name))
        roles = {row.group for row in live_assignments(session, person.id, now)} if person else set()
        if person is None or "role:admin" not in roles:
            raise NotFound(f"`{name}` is not an admin")
        lock_person(session, person.id)
        person.state = "active"
        revoked = [
            event
            for key in credentials_of(session, person.id)
            if key.state != "revoked"
            for event in _revoked(session, parts, key, now)
        ]
        ended = end_root(session, "person", person.id, cause="admin-recovery", by="host")
        secret = make_link(
            session, parts, purpose="recover", person_id=person.id, lifetime=parts.limits.bootstrap, by="host"
        )
        parts.commit(session, Event(EventKind.ADMIN_RECOVERY, "host", person.id), *revoked, ended)
    return f"{parts.deployment.public_url}/register/{secret}"


def _revoked(session: Session, parts: Parts, key: Credential, now: datetime) -> list[Event]:
    reason = "admin-recovery"
    set_key_state(session, key, "revoked", id=parts.ids.new("kst"), by="host", reason=reason, now=now)
    details = {"key": key.id, "reason": reason}
    steps = custody.follows_key(session, parts, key, Step.REVOKED, by="host")
    return [Event(EventKind.KEY_REVOKED, "host", key.person_id, details), *steps]


def assign(
    session: Session, parts: Parts, principal_id: str, group: str, *, not_after: datetime | None, by: str
) -> Event:
    """Give a membership; the caller commits the event."""
    now = parts.clock.now()
    if session.get(Principal, principal_id) is None:
        raise NotFound("there is nobody by this id")
    if not _GROUP.match(group):
        raise Invalid(f"`{group[:80]}` is not a role or group", code="group-name", remedy="Write role:name.")
    if any(row.group == group for row in live_assignments(session, principal_id, now)):
        raise Conflict(f"the membership of `{group}` exists already", code="assignment-exists")
    if not_after is not None and not_after <= now:
        raise Invalid("a membership must end in the future", code="assignment-window")
    row = Assignment(
        id=parts.ids.new("asg"),
        principal_id=principal_id,
        group=group,
        created_by=by,
        created_at=now,
        not_after=not_after,
    )
    session.add(row)
    ends = not_after.isoformat() if not_after else None
    return Event(EventKind.ASSIGNMENT_MADE, by, principal_id, {"group": group, "not_after": ends})


def unassign(session: Session, parts: Parts, assignment_id: str, *, by: str) -> Event:
    """End a membership now. The last admin cannot be unassigned."""
    now = parts.clock.now()
    row = session.get(Assignment, assignment_id)
    if row is None or row.ended_at is not None:
        raise NotFound("there is no such membership")
    if row.group == "role:admin" and is_last_admin(session, row.principal_id, now):
        raise Conflict("this is the last admin", code="last-admin", remedy="Make another admin first.")
    changed_rows(
        session,
        update(Assignment)
        .where(Assignment.id == assignment_id, Assignment.ended_at.is_(None))
        .values(ended_at=now)
        .execution_options(concerns=row.principal_id),
    )
    return Event(EventKind.ASSIGNMENT_ENDED, by, row.principal_id, {"group": row.group})


def suspend(session: Session, parts: Parts, person_id: str, *, reason: str, by: str) -> list[Event]:
    """Stop a person: nothing of theirs works from the commit on. The last admin cannot be."""
    person = lock_person(session, person_id)
    if person is None or person.state != "active":
        raise NotFound("there is no such active person")
    if is_last_admin(session, person_id, parts.clock.now()):
        raise Conflict("this is the last admin", code="last-admin", remedy="Make another admin first.")
    person.state = "suspended"
    for purpose in ("invite", "recover", "activate", "device"):
        withdraw_codes(session, purpose, person_id, parts.clock.now())
    ended = end_root(session, "person", person_id, cause="person-suspended", by=by)
    return [Event(EventKind.PERSON_SUSPENDED, by, person_id, {"reason": reason}), ended]


def resume(session: Session, person_id: str, *, by: str) -> Event:
    """Let a suspended person in again; they log in anew."""
    person = lock_person(session, person_id)
    if person is None or person.state != "suspended":
        raise NotFound("there is no such suspended person")
    person.state = "active"
    return Event(EventKind.PERSON_RESUMED, by, person_id)


def is_last_admin(session: Session, person_id: str, now: datetime) -> bool:
    """Whether nobody but this person is an active admin. Two that ask at once ask one after the other."""
    lock_instance(session)
    admins = session.scalars(
        select(Assignment.principal_id)
        .join(Person, Person.id == Assignment.principal_id)
        .where(
            Assignment.group == "role:admin",
            Assignment.ended_at.is_(None),
            Assignment.not_after.is_(None) | (Assignment.not_after > now),
            Person.state == "active",
        )
    ).all()
    return set(admins) == {person_id}
