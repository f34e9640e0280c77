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
from typing import Any

from domain.access import SubjectKind
from domain.errors import NotAuthenticated
from flows.asking import Asking
from flows.parts import Parts
from flows.pep import Question
from flows.presented_token import Found
from tokens.client import Client
from tokens.credentials import PUBLIC, invalid_client
from tokens.endpoint import Answer
from tokens.lookup import introspection
from tokens.metadata import INTROSPECT

DOOR = "introspection"


def introspect(parts: Parts, client: Client, fields: dict[str, str]) -> Answer:
    """Answer one introspection request of a proven client. Raises OAuthRefused for a public one."""
    if client.method == PUBLIC:
        raise invalid_client("introspection needs an authenticated client")
    try:
        asking = Asking(parts, client.service_id, parts.clock.now())
    except NotAuthenticated as ended:
        raise invalid_client() from ended
    url = parts.deployment.public_url + INTROSPECT
    answer = introspection(client, fields, url=url, desk=_Desk(asking))
    asking.log()
    return answer


@dataclass(frozen=True, slots=True)
class _Desk:
    """Looks tokens up, and asks the rules about each of their actions."""

    asking: Asking

    def look_up(self, token: str, _client: Client) -> dict[str, Any] | None:
        """Return what the token says now, or None."""
        found = self.asking.token(token)
        if found is None:
            return None
        row = found.token
        questions = (
            Question(SubjectKind.PERSON.value, row.person_id, action, row.resource, token=token, door=DOOR)
            for action in row.actions
        )
        allowed = [q.action for q in questions if self.asking.decide(q).permitted]
        return self._says(found, allowed) if allowed else None

    def _says(self, found: Found, allowed: list[str]) -> dict[str, Any]:
        row = found.token
        return {
            "iss": self.asking.parts.deployment.public_url,
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
