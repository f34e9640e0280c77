"""A client ends a token that it got.

Who attacks this: a client that ends another's tokens (nothing happens, and
nothing tells it whether the token exists). A token that is over, unknown or
not ours is no error: what the client wanted holds already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from audit.events import Event, EventKind
from flows.parts import Parts
from models.access import Token, revoke_tokens
from tokens.access_token import TokenInvalid, read_jti
from tokens.client import Client
from tokens.endpoint import Answer
from tokens.lookup import revocation
from tokens.metadata import REVOKE


def revoke(parts: Parts, client: Client, fields: dict[str, str]) -> Answer:
    """Answer one revocation request of a proven client."""
    now = parts.clock.now()
    with parts.db.write() as session:
        desk = _Desk(session, parts, now)
        url = parts.deployment.public_url + REVOKE
        answer = revocation(client, fields, url=url, desk=desk)
        parts.commit(session, *desk.events)
        return answer


@dataclass(frozen=True, slots=True)
class _Desk:
    """Revokes in the caller's transaction; collects what to record."""

    session: Session
    parts: Parts
    now: datetime
    events: list[Event] = field(default_factory=list)

    def revoke(self, token: str, client: Client) -> None:
        """End the token if it is this client's and alive; otherwise do nothing."""
        try:
            jti = read_jti(token, self.parts.token_keys, issuer=self.parts.deployment.public_url)
        except TokenInvalid:
            return
        row = self.session.get(Token, jti)
        if row is None or row.client_id != client.service_id:
            return
        if revoke_tokens(self.session, row.person_id, "by-client", self.now, jti=jti):
            details = {"token": jti, "grant": row.grant_id, "cause": "by-client"}
            self.events.append(Event(EventKind.TOKEN_REVOKED, client.service_id, row.person_id, details))
