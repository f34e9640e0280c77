"""A service asks what a token says, now.

Who attacks this: a caller that fishes for tokens of others (inactive unless
the token is for the caller), a revoked or outlived token (live state decides,
not the signature), a person who may not any more (the rules are asked again,
for each action: what they deny is missing from the scope, and without any
action the token is inactive). Every question is in the decision log before it
is answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from flows.decide import Asked, decide_and_log, know
from flows.parts import Parts
from flows.presented_token import Found, find_token
from models.catalog import Service
from tokens.client import Client
from tokens.credentials import PUBLIC, invalid_client
from tokens.endpoint import Answer
from tokens.lookup import introspection
from tokens.metadata import INTROSPECT


def introspect(parts: Parts, client: Client, fields: dict[str, str]) -> Answer:
    """Answer one introspection request of a proven client. Raises OAuthRefused for a public one."""
    if client.method == PUBLIC:
        raise invalid_client("introspection needs an authenticated client")
    now = parts.clock.now()
    with parts.db.write() as session:
        desk = _Desk(session, parts, now)
        url = parts.deployment.public_url + INTROSPECT
        answer = introspection(client, fields, url=url, desk=desk)
        parts.commit(session)
        return answer


@dataclass(frozen=True, slots=True)
class _Desk:
    """Looks tokens up in the caller's transaction."""

    session: Session
    parts: Parts
    now: datetime

    def look_up(self, token: str, client: Client) -> dict[str, Any] | None:
        """Return what the token says now, or None."""
        caller = self.session.get(Service, client.service_id)
        found = find_token(self.session, self.parts, token, caller, self.now) if caller else None
        if found is None or caller is None:
            return None
        allowed = self._allowed(found, caller)
        return self._says(found, allowed) if allowed else None

    def _allowed(self, found: Found, caller: Service) -> list[str]:
        """Decide and log each action of the token; return those that are permitted."""
        row = found.token
        known = know(self.session, self.parts, row.person_id, found.roots, self.now)
        allowed = []
        for action in row.actions:
            asked = Asked(
                "introspection",
                row.person_id,
                action,
                row.resource,
                roots=found.roots,
                grant=found.grant,
                service_id=caller.id,
                use=True,
                problem=found.problem,
            )
            if decide_and_log(self.session, self.parts, asked, self.now, known=known).permitted:
                allowed.append(action)
        return allowed

    def _says(self, found: Found, allowed: list[str]) -> dict[str, Any]:
        row = found.token
        return {
            "iss": self.parts.deployment.public_url,
            "sub": row.person_id,
            "aud": row.audience,
            "client_id": found.client.name,
            "iat": int(row.issued_at.timestamp()),
            "exp": int(row.expires_at.timestamp()),
            "jti": row.jti,
            "token_type": "Bearer",
            "scope": " ".join(allowed),
            "resource": row.resource,
            "grant_id": row.grant_id,
            "auth_time": int(found.roots.session.created_at.timestamp()),
        }
