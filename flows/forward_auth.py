"""A proxy asks before it passes a request on: may whoever sends it do this here, now?

Who attacks this: a client behind the proxy that sends the proxy's own headers
(method, path, host: the edge takes them only from the family of the proxy's
kind), spells a path in another way (``domain.sites``), brings a cookie of
another site, a token for another service, one that is bound to a key, or two
sessions at once so that we and the application would mean different ones. The
person is the one of the session that is named, and the evidence is that
session's: no other session of theirs can help.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crypto.digests import secret_digest
from domain.access import SubjectKind
from domain.decision import Decision
from domain.errors import Forbidden, NotAuthenticated
from domain.reasons import ReasonCode
from domain.sites import Site, action_of, resource_of
from flows.decide import covering_grant
from flows.evaluate import evaluate
from flows.liveness import read_roots
from flows.parts import Parts
from flows.pep import Question, active_service
from flows.sites import Place, find_site
from models.access import live_grants
from models.catalog import Service
from models.people import Person
from models.sites import SiteSession
from tokens.access_token import TokenBound, TokenInvalid, read

DOOR = "forward-auth"
_OVER = frozenset({ReasonCode.SESSION_MISSING, ReasonCode.SESSION_ENDED, ReasonCode.GRANT_ENDED})


class NoSession(NotAuthenticated):
    """No session is named at *site*, or it is over."""

    code = "no-session"

    def __init__(self, message: str, *, site: Site, **details: Any) -> None:
        super().__init__(message, **details)
        self.site = site


@dataclass(frozen=True, slots=True)
class Presented:
    """A request at a site: where it goes, and what its sender brings. Nothing of it is checked."""

    method: str
    target: str
    bearer: str | None = None
    cookie: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided, about which question, and whose session it was."""

    site: Site
    question: Question
    decision: Decision
    login_name: str

    @property
    def over(self) -> bool:
        """Whether what was presented is worth nothing any more: then logging in can help."""
        return not self.decision.permitted and self.decision.reason.code in _OVER


def ask(parts: Parts, service_id: str, place: Place, presented: Presented) -> Outcome:
    """Decide one request. Raises Forbidden for what is never asked, NoSession without a session."""
    site = find_site(parts, service_id, place)
    action, resource = action_of(presented.method), resource_of(site, presented.target)
    if presented.bearer is not None and presented.cookie is not None:
        raise Forbidden(
            "the request names two sessions: a token and a cookie",
            code="two-sessions",
            remedy="Send one of them.",
        )
    now = parts.clock.now()
    with parts.db.read() as session:
        service = active_service(session, service_id)
        question = Question(SubjectKind.PERSON.value, "", action, resource, door=DOOR)
        if presented.bearer is not None:
            question = _of_token(parts, service, site, question, presented.bearer, now)
        elif presented.cookie is not None:
            question = _of_cookie(session, service, site, question, presented.cookie, now)
        else:
            raise NoSession("you are not logged in here", site=site, remedy="Log in, or send a token.")
        person = session.get(Person, question.subject_id)
    return Outcome(site, question, evaluate(parts, service_id, question), person.login_name if person else "")


def _of_token(
    parts: Parts, service: Service, site: Site, question: Question, token: str, now: datetime
) -> Question:
    """Return the question with the session of an access token for this service."""
    issuer = parts.deployment.public_url
    try:
        claims = read(token, parts.token_keys, issuer=issuer, audience=service.audience, now=now)
    except TokenBound as error:
        raise NoSession(
            "the token is bound to a key, and comes without a proof",
            site=site,
            code="token-bound",
            remedy="Get a token that is not bound, or use a service that checks the proof.",
        ) from error
    except TokenInvalid as error:
        raise NoSession(
            "the token is not for this service, or is over", site=site, code="token-invalid"
        ) from error
    return replace(question, subject_id=str(claims.get("sub", "")), token=token)


def _of_cookie(
    session: Session, service: Service, site: Site, question: Question, cookie: str, now: datetime
) -> Question:
    """Return the question with the session that a cookie of this site stands for.

    The grant is the one of that session that covers the question; without any,
    the one under which the site was entered.
    """
    row = live_site_session(session, service.id, site, cookie, now)
    if row is None:
        raise NoSession("your visit to this site is over", site=site, remedy="Log in again.")
    roots = read_roots(session, row.session_id)
    opened = live_grants(session, row.session_id, now)
    covering = covering_grant(opened, roots, question.action, question.resource, now) if roots else None
    return replace(
        question, subject_id=row.person_id, grant_id=covering.id if covering is not None else row.grant_id
    )


def live_site_session(
    session: Session, service_id: str, site: Site, cookie: str, now: datetime
) -> SiteSession | None:
    """Return what *cookie* stands for at this site of this service, and at no other."""
    row = session.get(SiteSession, secret_digest(cookie))
    if row is None or (row.service_id, row.origin) != (service_id, site.origin):
        return None
    return row if row.ended_at is None and now < row.expires_at else None
