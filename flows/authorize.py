"""A service sends a person to us: may it have a token for what they opened?

Who attacks this: a page that sends the person here to have a code delivered
elsewhere (client and redirect address are compared exactly before anything is
redirected), somebody who injects a code (PKCE for every client, `iss` in the
answer), a service that asks for more than the person opened (a code exists
only under a live grant of this session that covers resource and actions, and
only if the rules permit the use now).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import secret_digest
from crypto.secrets import new_secret
from domain.decision import Decision
from domain.errors import NotAuthenticated
from flows.access import MAX_ACTIONS, open_resource
from flows.decide import Asked, decide_and_log, know
from flows.issuance import Locked, grant_for, lock_all
from flows.liveness import grant_problem, require_agreeing_clocks, session_problem
from flows.parts import Parts
from flows.service_auth import client_of
from flows.session import Viewer
from models.access import AuthorizationCode, Grant
from models.catalog import Resource, covers, guard_of, resources, service_by_name
from tokens import authorization
from tokens.authorization import AuthorizationEndpoint, RefusedToClient, trusted
from tokens.refused import OAuthRefused, Untrusted


@dataclass(frozen=True, slots=True)
class Continue:
    """Send the browser to *location*."""

    location: str


@dataclass(frozen=True, slots=True)
class Explain:
    """Show the person what is asked, and what they can do.

    *decision* says whether they may open it now (then a button does), or why
    not. *back* returns to the service without access.
    """

    asked: authorization.Asked
    title: str
    resource: Resource | None
    decision: Decision
    back: str


def check(parts: Parts, fields: Mapping[str, str]) -> authorization.Asked:
    """Return the request if it is in order. Raises Untrusted (show it) or RefusedToClient (redirect)."""
    with parts.db.read() as session:
        service = service_by_name(session, fields.get("client_id", ""))
        if service is None or service.state != "active":
            raise Untrusted("this application is not registered here")
        endpoint = AuthorizationEndpoint(client_of(service), issuer=parts.deployment.public_url)
        asked = endpoint.check(fields)
        if len(asked.actions) > MAX_ACTIONS:
            raise endpoint.refusal(fields, OAuthRefused("invalid_scope", "too many actions at once"))
        if guard_of(session, asked.resource) is None:
            raise endpoint.refusal(fields, OAuthRefused("invalid_target", "no service guards the resource"))
        return asked


def refuse_to_client(
    parts: Parts, certain: Mapping[str, str], refused: OAuthRefused
) -> RefusedToClient | Untrusted:
    """Return how to refuse a request that cannot be read: to the client only if it is certain."""
    with parts.db.read() as session:
        service = service_by_name(session, certain.get("client_id", ""))
        known = client_of(service) if service is not None and service.state == "active" else None
    try:
        client, _ = trusted(known, certain)
    except Untrusted as untrusted:
        return untrusted
    return AuthorizationEndpoint(client, issuer=parts.deployment.public_url).refusal(certain, refused)


def look(parts: Parts, viewer: Viewer, asked: authorization.Asked) -> Continue | Explain:
    """Issue a code if a live grant covers what is asked and the rules permit it now; else explain."""
    now = parts.clock.now()
    with parts.db.write() as session:
        require_agreeing_clocks(session, parts.limits, now)
        grant = grant_for(session, viewer.session_id, asked.resource, asked.actions, now)
        locked = lock_all(
            session, viewer.session_id, asked.client.service_id, grant.id if grant is not None else None
        )
        if locked is None or session_problem(locked.roots, now=now):
            raise NotAuthenticated("the session has ended", remedy="Log in again.")
        live = locked.grant is not None and grant_problem(locked.grant, locked.roots, now=now) is None
        decision = _decide(session, parts, asked, locked, live, now)
        if live and decision.permitted and locked.grant is not None and locked.client.state == "active":
            desk = _Desk(session, parts, asked, locked.grant, now)
            issuer = parts.deployment.public_url
            location = AuthorizationEndpoint(asked.client, issuer=issuer, desk=desk).issue(asked)
            parts.commit(session, _event(EventKind.CODE_ISSUED, viewer, asked, decision, locked.grant))
            return Continue(location)
        explained = _explain(session, parts, asked, decision)
        refused = () if decision.permitted else (_event(EventKind.CODE_REFUSED, viewer, asked, decision),)
        parts.commit(session, *refused)
        return explained


def open_and_continue(parts: Parts, viewer: Viewer, asked: authorization.Asked) -> Continue | Explain:
    """The person pressed the button: open the resource, then issue the code; or explain the refusal."""
    opening = open_resource(parts, viewer, resource=asked.resource, actions=asked.actions)
    if opening.grant_id is None:
        with parts.db.read() as session:
            return _explain(session, parts, asked, opening.decision)
    return look(parts, viewer, asked)


def _decide(
    session: Session, parts: Parts, asked: authorization.Asked, locked: Locked, live: bool, now: datetime
) -> Decision:
    """Decide and log every action; return the first denial, else the first permit."""
    known = know(session, parts, locked.roots.person.id, locked.roots, now)
    decisions = [
        decide_and_log(
            session,
            parts,
            Asked(
                "authorize",
                locked.roots.person.id,
                action,
                asked.resource,
                roots=locked.roots,
                grant=locked.grant if live else None,
                service_id=asked.client.service_id,
                use=live,
            ),
            now,
            known=known,
        )
        for action in asked.actions
    ]
    return next((d for d in decisions if not d.permitted), decisions[0])


def _explain(session: Session, parts: Parts, asked: authorization.Asked, decision: Decision) -> Explain:
    service = service_by_name(session, asked.client.client_id)
    covering = [row for row in resources(session) if covers(row.id, asked.resource)]
    denied = OAuthRefused("access_denied", "the person has no access, or did not open it")
    endpoint = AuthorizationEndpoint(asked.client, issuer=parts.deployment.public_url)
    return Explain(
        asked=asked,
        title=service.title if service else asked.client.client_id,
        resource=max(covering, key=lambda row: len(row.id), default=None),
        decision=decision,
        back=endpoint.refusal(asked.fields, denied).location,
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """Makes and keeps a code in the caller's transaction."""

    session: Session
    parts: Parts
    asked: authorization.Asked
    grant: Grant
    now: datetime

    def new_code(self) -> str:
        return new_secret("dwc", self.parts.randomness)

    def keep_code(self, code: str, fields: Mapping[str, str]) -> None:
        self.session.add(
            AuthorizationCode(
                digest=secret_digest(code),
                client_id=self.asked.client.service_id,
                grant_id=self.grant.id,
                session_id=self.grant.session_id,
                person_id=self.grant.person_id,
                redirect_uri=fields["redirect_uri"],
                resource=fields["resource"],
                actions=list(self.asked.actions),
                code_challenge=fields["code_challenge"],
                created_at=self.now,
                expires_at=self.now + self.parts.limits.authorization_code,
            )
        )


def _event(
    kind: EventKind,
    viewer: Viewer,
    asked: authorization.Asked,
    decision: Decision,
    grant: Grant | None = None,
) -> Event:
    details = {
        "client": asked.client.client_id,
        "resource": asked.resource,
        "actions": list(asked.actions),
        "decision": decision.id,
        "reason": decision.reason.code.value,
    }
    details |= {"grant": grant.id} if grant is not None else {}
    return Event(kind, viewer.person_id, viewer.person_id, details)
