"""A browser enters a site behind a proxy, and leaves it.

Who attacks this: somebody who brings another browser into their own session
(login CSRF), or uses a code that they saw (the code answers a challenge whose
verifier only the browser that began holds, in a cookie of the site's own host);
who uses a code twice, or on another site (it is used up before anything is
compared, and names service and address); who keeps a cookie after the end (it
stands for a session and a grant, and dies with them).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import equal, secret_digest
from crypto.secrets import new_secret
from domain.errors import NotAuthenticated
from domain.sites import Site
from flows.forward_auth import live_site_session
from flows.issuance import Locked, lock_all
from flows.liveness import grant_problem, require_agreeing_clocks, session_problem
from flows.parts import Parts
from flows.pep import active_service
from models.access import AuthorizationCode, consume_authorization_code
from models.sites import SiteSession, end_site_session
from tokens.metadata import AUTHORIZE
from tokens.pkce import METHOD, s256

_VERIFIER = re.compile(r"dwn_[A-Za-z0-9_-]{43}\Z")
MAX_STATE = 2000
"""Longest address that a login comes back to, in characters; a longer one leads to the site's root."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that begins: what the browser keeps, and where it goes."""

    verifier: str
    location: str


@dataclass(frozen=True, slots=True)
class Entered:
    """The new cookie of a site, and when it ends."""

    cookie: str
    expires_at: datetime


def begin(parts: Parts, service_id: str, site: Site, *, to: str, verifier: str | None) -> Begun:
    """Send the browser to us for a code. *verifier*: of a login that this browser has begun already.

    It is kept, so that several tabs that begin at once can all end.
    """
    with parts.db.read() as session:
        service = active_service(session, service_id)
    if verifier is None or not _VERIFIER.match(verifier):
        verifier = new_secret("dwn", parts.randomness)
    asked = {
        "response_type": "code",
        "client_id": service.name,
        "redirect_uri": site.callback,
        "scope": "read",
        "resource": site.resource,
        "state": to if len(to) <= MAX_STATE else "/",
        "code_challenge": s256(verifier),
        "code_challenge_method": METHOD,
    }
    return Begun(verifier, f"{parts.deployment.public_url}{AUTHORIZE}?{urlencode(asked)}")


def enter(parts: Parts, service_id: str, site: Site, *, code: str, verifier: str | None) -> Entered:
    """Exchange a code for a cookie of *site*. Raises NotAuthenticated; a known code is then used up."""
    now = parts.clock.now()
    digest = secret_digest(code)
    with parts.db.read() as session:
        known = session.get(AuthorizationCode, digest)
    if known is None:
        raise _refused()
    with parts.db.write() as session:
        require_agreeing_clocks(session, parts.limits, now)
        row = session.get_one(AuthorizationCode, digest)
        locked = lock_all(session, row.session_id, service_id, row.grant_id)
        fresh = consume_authorization_code(session, digest, now)
        why = _why_not(row, locked, site, verifier, now) if fresh else "code-reused"
        about = {"site": site.origin, "session": row.session_id, "grant": row.grant_id}
        if why is None:
            cookie, expires_at = _site_session(session, parts, service_id, site, row, locked, now)
            entered = Event(EventKind.SITE_ENTERED, row.person_id, row.person_id, about)
            parts.commit(session, entered)
            return Entered(cookie, expires_at)
        refused = Event(EventKind.SITE_REFUSED, service_id, row.person_id, {**about, "reason": why})
        # A code counts once: whoever repeats it writes nothing more.
        parts.commit(session, *([refused] if fresh else []))
    raise _refused()


def _refused() -> NotAuthenticated:
    return NotAuthenticated(
        "this login was not begun in this browser, or took too long", code="site-login", remedy="Begin again."
    )


def _why_not(
    row: AuthorizationCode, locked: Locked | None, site: Site, verifier: str | None, now: datetime
) -> str | None:
    """Return why the code gives no entry, or None."""
    if locked is None or locked.client.state != "active":
        return "client-ended"
    if row.client_id != locked.client.id or row.redirect_uri != site.callback:
        return "code-of-another-site"
    if now >= row.expires_at:
        return "code-over"
    if verifier is None or not _VERIFIER.match(verifier) or not equal(s256(verifier), row.code_challenge):
        return "code-of-another-browser"
    problem = session_problem(locked.roots, now=now) or grant_problem(locked.grant, locked.roots, now=now)
    return problem.value if problem else None


def _site_session(
    session: Session,
    parts: Parts,
    service_id: str,
    site: Site,
    row: AuthorizationCode,
    locked: Locked | None,
    now: datetime,
) -> tuple[str, datetime]:
    assert locked is not None
    assert locked.grant is not None
    cookie = new_secret("dwv", parts.randomness)
    session.add(
        SiteSession(
            digest=secret_digest(cookie),
            service_id=service_id,
            origin=site.origin,
            grant_id=row.grant_id,
            session_id=row.session_id,
            person_id=row.person_id,
            created_at=now,
            expires_at=locked.grant.not_after,
        )
    )
    session.flush()
    return cookie, locked.grant.not_after


def entered(parts: Parts, service_id: str, site: Site, cookie: str | None) -> bool:
    """Whether this browser is in the site: its cookie came back, and has not run out."""
    now = parts.clock.now()
    with parts.db.read() as session:
        return cookie is not None and live_site_session(session, service_id, site, cookie, now) is not None


def leave(parts: Parts, service_id: str, site: Site, cookie: str | None) -> None:
    """End this browser's visit; what was opened goes on, and ends on My access."""
    now = parts.clock.now()
    with parts.db.write() as session:
        row = live_site_session(session, service_id, site, cookie, now) if cookie is not None else None
        if row is None or not end_site_session(session, row.digest, now):
            return
        about = {"site": site.origin, "session": row.session_id, "grant": row.grant_id}
        parts.commit(session, Event(EventKind.SITE_LEFT, row.person_id, row.person_id, about))
