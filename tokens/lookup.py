"""What does this token say now, and who ends it?

Introspection answers about a token only to the service it is for, and asks the
flow's desk, which looks at the live state: a signature that verifies is not
enough. Revocation is for the client that got the token; for anybody else, and
for a token nobody knows, it does nothing and says so to nobody.
Source: RFC 7662; RFC 7009.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from tokens.client import Client
from tokens.endpoint import Answer, Endpoint
from tokens.request import Request

INACTIVE: Mapping[str, Any] = {"active": False}


class IntrospectionDesk(Protocol):
    """What a flow does for introspection."""

    def look_up(self, token: str, client: Client) -> dict[str, Any] | None: ...


class RevocationDesk(Protocol):
    """What a flow does for revocation."""

    def revoke(self, token: str, client: Client) -> None: ...


class LiveIntrospection(IntrospectionEndpoint):  # type: ignore[misc]
    """Authlib's endpoint, with the desk's live answer in place of the token's own words."""

    def authenticate_token(self, request: Request, client: Client) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.server.desk.look_up(presented_token(request), client)
        return found

    def create_introspection_payload(self, token: dict[str, Any] | None) -> dict[str, Any]:
        return {"active": True, **token} if token else dict(INACTIVE)


class OwnRevocation(RevocationEndpoint):  # type: ignore[misc]
    """Authlib's endpoint; a token that is not the caller's is left alone without a word."""

    def authenticate_token(self, request: Request, client: Client) -> str:  # noqa: ARG002
        return presented_token(request)

    def revoke_token(self, token: str, request: Request) -> None:
        self.server.desk.revoke(token, request.client)


class _Lookup(Endpoint):
    """One endpoint about tokens, for one proven client."""

    def __init__(self, client: Client, *, url: str, desk: IntrospectionDesk | RevocationDesk) -> None:
        super().__init__(client)
        self.url = url
        self.desk = desk

    def answer(self, name: str, fields: Mapping[str, str]) -> Answer:
        answer: Answer = self.create_endpoint_response(name, Request("POST", self.url, fields))
        return answer


def introspection(client: Client, fields: Mapping[str, str], *, url: str, desk: IntrospectionDesk) -> Answer:
    """Answer one introspection request."""
    endpoint = _Lookup(client, url=url, desk=desk)
    endpoint.register_endpoint(LiveIntrospection)
    return endpoint.answer("introspection", fields)


def revocation(client: Client, fields: Mapping[str, str], *, url: str, desk: RevocationDesk) -> Answer:
    """Answer one revocation request."""
    endpoint = _Lookup(client, url=url, desk=desk)
    endpoint.register_endpoint(OwnRevocation)
    return endpoint.answer("revocation", fields)


def presented_token(request: Request) -> str:
    """Return the token asked about. Hints of its type are not needed and not read."""
    token = request.form.get("token")
    if not token:
        raise InvalidRequestError("token is missing")
    return token
