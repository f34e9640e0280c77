"""What codes and tokens share: the rows they are issued under, locked, and their end.

INVARIANT: whoever ends access raises an epoch or ends a row under its lock;
whoever issues holds share locks on the same rows from the check to the commit.
So nothing can be born under what ended once the end has returned. The order of
locks is the documented one: person, key, service, session, grant, code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from domain.decision import Decision
from domain.evidence import Tier
from evidence.observe import POSTURE_LIFETIME
from flows.decide import Known
from flows.liveness import Roots
from flows.parts import Parts
from models.access import Grant, live_grants, lock_grant
from models.catalog import Service, covers, lock_service
from models.keys import lock_credential
from models.people import lock_person
from models.sessions import BrowserSession, lock_session


@dataclass(frozen=True, slots=True)
class Locked:
    """The share-locked rows that a code or token hangs on. *client* is the service that gets it."""

    roots: Roots
    client: Service
    grant: Grant | None = None


def lock_all(session: Session, session_id: str, client_id: str, grant_id: str | None) -> Locked | None:
    """Share-lock person, key, service, session and grant, in this order; None if one is gone."""
    row = session.get(BrowserSession, session_id)
    if row is None:
        return None
    person = lock_person(session, row.person_id, share=True)
    credential = lock_credential(session, row.credential_id, share=True)
    client = lock_service(session, client_id, share=True)
    locked = lock_session(session, session_id, share=True)
    grant = lock_grant(session, grant_id, share=True) if grant_id is not None else None
    if person is None or credential is None or client is None or locked is None:
        return None
    return Locked(Roots(person, credential, locked), client, grant)


def grant_for(
    session: Session, session_id: str, resource: str, actions: Sequence[str], now: datetime
) -> Grant | None:
    """Return the grant of this session that covers all *actions* on *resource* the longest, if any."""
    covering = [
        grant
        for grant in live_grants(session, session_id, now)
        if set(actions) <= set(grant.actions) and any(covers(prefix, resource) for prefix in grant.resources)
    ]
    return covering[-1] if covering else None


def token_end(
    parts: Parts, locked: Locked, known: Known, decisions: Sequence[Decision], now: datetime
) -> datetime:
    """Return when a token must end, to the second: the least of everything it depends on.

    The product's limit, the rules' caps, grant, session and engagement, what
    the tier allows, and how long the laptop's last report still counts.
    """
    limits = parts.limits
    ends = [now + limits.token, locked.roots.session.expires_at]
    ends += [now + decision.obligations.cap(limits.token) for decision in decisions]
    ends.append(now + limits.tier_token[Tier(known.assessment.tier)])
    if locked.grant is not None:
        ends.append(locked.grant.not_after)
    if known.engagement is not None:
        ends.append(known.engagement.ends_at)
    age = known.assessment.attributes.get("posture_age")
    if age is not None and (remaining := POSTURE_LIFETIME - timedelta(seconds=age)) > timedelta(0):
        ends.append(now + remaining)
    return min(ends).replace(microsecond=0)
