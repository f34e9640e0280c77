"""A service holds an access token: is it ours, for that service, and alive?

Who attacks this: a forged or foreign token (our own keys by `kid`, one
algorithm, one type), a token for another service (the audience must be the
caller's own), a token whose person, key, session, grant or client has ended
since (epochs and states are read now; see ``flows.liveness``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from domain.reasons import ReasonCode
from flows.liveness import Roots, grant_problem, read_roots, session_problem, token_is_live
from flows.parts import Parts
from models.access import Grant, Token
from models.catalog import Service
from tokens.access_token import TokenInvalid, read


@dataclass(frozen=True, slots=True)
class Found:
    """A token of ours for the caller, whether or not it lives."""

    token: Token
    roots: Roots
    grant: Grant | None
    client: Service

    def problem(self, now: datetime) -> ReasonCode | None:
        """Return why the token is not alive at *now*, or None when it is."""
        problem = session_problem(self.roots, now=now) or grant_problem(self.grant, self.roots, now=now)
        if problem is None and not token_is_live(self.token, self.roots, self.client, now=now):
            return ReasonCode.GRANT_ENDED
        return problem


def find_token(
    session: Session, parts: Parts, presented: str, caller: Service, now: datetime
) -> Found | None:
    """Return the token if it is ours and for *caller*; its life is told by ``Found.problem``."""
    issuer = parts.deployment.public_url
    try:
        claims = read(presented, parts.token_keys, issuer=issuer, audience=caller.audience, now=now)
    except TokenInvalid:
        return None
    row = session.get(Token, claims["jti"])
    if row is None or row.audience != caller.audience:
        return None
    roots = read_roots(session, row.session_id)
    client = session.get(Service, row.client_id)
    if roots is None or client is None:
        return None
    grant = session.get(Grant, row.grant_id)
    return Found(row, roots, grant, client)
