"""A client exchanges a code for a token.

Who attacks this: somebody who has seen a code (it is used up before anything
about it is compared, so that a wrong guess burns it; a second use ends all
tokens of the first), somebody who redeems while access is being ended (the
rows a token hangs on are share-locked from the check to the commit), a client
that waits until the person may not any more (policy is asked again, now).

One transaction: the code is used up, the token stored and both recorded
together, or nothing has happened. A refusal commits its record, and the code
stays used up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from crypto.digests import secret_digest
from domain.decision import Decision
from domain.errors import TooMany
from flows.decide import Asked, Known, decide_and_log, know
from flows.issuance import Locked, lock_all, token_end
from flows.liveness import grant_problem, require_agreeing_clocks, session_problem
from flows.parts import Parts
from models.access import AuthorizationCode, Token, consume_authorization_code, revoke_tokens
from models.catalog import Service, guard_of, lock_service
from models.sessions import count_try
from tokens.access_token import SERVICE_SCOPE, Claims, sign_service_token
from tokens.client import Client
from tokens.code_grant import TakenCode
from tokens.credentials import PUBLIC
from tokens.endpoint import Answer
from tokens.exchange import TokenEndpoint
from tokens.metadata import TOKEN
from tokens.refused import OAuthRefused

SERVICE_TOKEN_LIFETIME = timedelta(minutes=5)
UNKNOWN_WINDOW = timedelta(minutes=1)
MAX_UNKNOWN = 30


def exchange(parts: Parts, client: Client, fields: dict[str, str]) -> Answer:
    """Answer one token request of a proven client; what was done or refused is committed.

    Raises TooMany when a client presents more than 30 unknown codes a minute,
    or a public one is refused that often: it proves nothing, and must not be
    able to fill the record.
    """
    now = parts.clock.now()
    with parts.db.write() as session:
        require_agreeing_clocks(session, parts.limits, now)
        desk = _Desk(session, parts, client, now)
        url = parts.deployment.public_url + TOKEN
        answer = TokenEndpoint(client, url=url, desk=desk).answer(fields)
        if answer.status != 200 and client.method == PUBLIC and not desk.unknown:
            desk.unknown = count_try(session, f"refused:{client.service_id}", now, UNKNOWN_WINDOW)
        if desk.unknown > MAX_UNKNOWN:
            parts.commit(session)
            raise TooMany("too many unknown codes", retry_after=UNKNOWN_WINDOW)
        if answer.status != 200:
            reason = desk.why or str(answer.body.get("error"))
            details = {"reason": reason, "error": answer.body.get("error"), **desk.about}
            desk.events.append(
                Event(EventKind.TOKEN_REFUSED, client.service_id, desk.person or client.service_id, details)
            )
        parts.commit(session, *desk.events)
        return answer


@dataclass(slots=True)
class _Desk:
    """Takes codes and makes tokens in the caller's transaction; collects what to record."""

    session: Session
    parts: Parts
    client: Client
    now: datetime
    unknown: int = 0
    events: list[Event] = field(default_factory=list)
    why: str = ""
    person: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    locked: Locked | None = None

    def take_code(self, code: str, client: Client) -> TakenCode | None:
        """Use the code up; None refuses, and *why* says the reason to the record only."""
        digest = secret_digest(code)
        row = self.session.get(AuthorizationCode, digest)
        if row is None:
            key = f"code-unknown:{client.service_id}"
            self.unknown = count_try(self.session, key, self.now, UNKNOWN_WINDOW)
            return self._no_code("code-unknown")
        self.person = row.person_id
        self.about = {
            "grant": row.grant_id,
            "resource": row.resource,
            "actions": list(row.actions),
            "client": client.client_id,
        }
        self.locked = lock_all(self.session, row.session_id, client.service_id, row.grant_id)
        if not consume_authorization_code(self.session, digest, self.now):
            self._reused(row, client)
            return self._no_code("code-reused")
        if row.client_id != client.service_id:
            return self._no_code("code-of-another-client")
        if self.now >= row.expires_at:
            return self._no_code("code-over")
        return TakenCode(row.redirect_uri, row.code_challenge, " ".join(row.actions), row)

    def token_for_code(self, taken: TakenCode) -> dict[str, Any]:
        """Ask everything again, now; then store the token and return the answer."""
        row: AuthorizationCode = taken.row
        locked = self._alive()
        known = know(self.session, self.parts, row.person_id, locked.roots, self.now)
        decisions = [self._decide(row, action, locked, known) for action in row.actions]
        refused = next((d for d in decisions if not d.permitted), None)
        if refused is not None:
            raise self._refused(refused.reason.code.value)
        guard = guard_of(self.session, row.resource)
        if guard is None:
            self.why = "resource-unguarded"
            raise OAuthRefused("invalid_target", "no service guards the resource")
        ends = token_end(self.parts, locked, known, decisions, self.now)
        lifetime = int((ends - self.now).total_seconds())
        if lifetime < 1:
            raise self._refused("no-lifetime")
        claims = self._store(row, locked, known, guard, ends)
        return {
            "access_token": claims.sign(self.parts.token_signer),
            "token_type": "Bearer",
            "expires_in": lifetime,
            "scope": taken.scope,
        }

    def token_for_service(self, client: Client) -> dict[str, Any]:
        """Return a service's own short token for the decision point. Its end is its only life cycle."""
        row = lock_service(self.session, client.service_id, share=True)
        if row is None or not self._same(row):
            raise self._refused("client-ended")
        began = self.now.replace(microsecond=0)
        jti = self.parts.ids.new("tok")
        token = sign_service_token(
            self.parts.token_signer,
            issuer=self.parts.deployment.public_url,
            client_id=row.name,
            epoch=row.epoch,
            jti=jti,
            issued_at=began,
            expires_at=began + SERVICE_TOKEN_LIFETIME,
        )
        details = {"token": jti, "scope": SERVICE_SCOPE}
        self.events.append(Event(EventKind.TOKEN_ISSUED, row.id, row.id, details))
        lifetime = int((began + SERVICE_TOKEN_LIFETIME - self.now).total_seconds())
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": lifetime,
            "scope": SERVICE_SCOPE,
        }

    def _no_code(self, why: str) -> TakenCode | None:
        self.why = why
        return None

    def _refused(self, why: str) -> OAuthRefused:
        self.why = why
        return OAuthRefused("invalid_grant", f"access has ended or is denied: {why}")

    def _reused(self, row: AuthorizationCode, client: Client) -> None:
        """End every token that the first use gave: one of the two callers is a thief."""
        ended = revoke_tokens(self.session, row.person_id, "code-reused", self.now, family=row.digest)
        self.events.append(
            Event(EventKind.CODE_REUSED, client.service_id, row.person_id, {**self.about, "ended": ended})
        )

    def _same(self, service: Service) -> bool:
        """Whether the client is still what it proved to be."""
        return service.state == "active" and service.epoch == self.client.epoch

    def _alive(self) -> Locked:
        """Return the locked rows if client, session and grant are live, else refuse."""
        locked = self.locked
        if locked is None or not self._same(locked.client):
            raise self._refused("client-ended")
        problem = session_problem(locked.roots, now=self.now) or grant_problem(
            locked.grant, locked.roots, now=self.now
        )
        if problem is not None:
            raise self._refused(problem.value)
        return locked

    def _decide(self, row: AuthorizationCode, action: str, locked: Locked, known: Known) -> Decision:
        asked = Asked(
            "issuance",
            row.person_id,
            action,
            row.resource,
            roots=locked.roots,
            grant=locked.grant,
            service_id=row.client_id,
            use=True,
        )
        return decide_and_log(self.session, self.parts, asked, self.now, known=known)

    def _store(
        self, row: AuthorizationCode, locked: Locked, known: Known, guard: Service, ends: datetime
    ) -> Claims:
        claims = Claims(
            issuer=self.parts.deployment.public_url,
            person=row.person_id,
            audience=guard.audience,
            client_id=locked.client.name,
            jti=self.parts.ids.new("tok"),
            resource=row.resource,
            actions=tuple(row.actions),
            grant=row.grant_id,
            issued_at=self.now.replace(microsecond=0),
            expires_at=ends,
            authenticated_at=locked.roots.session.created_at,
            tier=int(known.assessment.tier),
        )
        self.session.add(_token_row(claims, row, locked))
        details = {"token": claims.jti, "audience": claims.audience, "expires": ends.isoformat()}
        issued = Event(EventKind.TOKEN_ISSUED, row.client_id, row.person_id, {**self.about, **details})
        self.events.append(issued)
        return claims


def _token_row(claims: Claims, row: AuthorizationCode, locked: Locked) -> Token:
    return Token(
        jti=claims.jti,
        family=row.digest,
        grant_id=row.grant_id,
        session_id=row.session_id,
        person_id=row.person_id,
        client_id=row.client_id,
        audience=claims.audience,
        resource=row.resource,
        actions=list(row.actions),
        person_epoch=locked.roots.person.epoch,
        credential_epoch=locked.roots.credential.epoch,
        client_epoch=locked.client.epoch,
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
    )
