"""Is this token request in order, and what is answered?

Two grants: an authorization code for an access token of a person, and a
service's own key for a short token that names it as a caller of the decision
point. No refresh tokens: a client that wants more asks again under the grant.
Source: RFC 6749, sections 4.1.3, 4.4 and 5; RFC 7636.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from tokens.client import CODE, SERVICE, Client
from tokens.code_grant import CodeGrant, TakenCode
from tokens.endpoint import Answer, Endpoint
from tokens.pkce import StrictPkce
from tokens.refused import OAuthRefused, authlib_error
from tokens.request import Request


class TokenDesk(Protocol):
    """What a flow does for the token endpoint. Refuses by raising OAuthRefused."""

    def take_code(self, code: str, client: Client) -> TakenCode | None: ...
    def token_for_code(self, taken: TakenCode) -> dict[str, Any]: ...
    def token_for_service(self, client: Client) -> dict[str, Any]: ...


class TokenEndpoint(Endpoint):
    """The token endpoint for one proven client."""

    def __init__(self, client: Client, *, url: str, desk: TokenDesk) -> None:
        super().__init__(client)
        self.url = url
        self.desk = desk
        self.register_grant(CodeGrant, [StrictPkce(required=True)])
        self.register_grant(ClientCredentialsGrant)

    def answer(self, fields: Mapping[str, str]) -> Answer:
        """Answer one token request. A refusal is an answer, in OAuth's format."""
        if fields.get("grant_type") not in {CODE, SERVICE}:
            code = "unsupported_grant_type" if "grant_type" in fields else "invalid_request"
            return refusal(OAuthRefused(code, "grant_type must be authorization_code or client_credentials"))
        answer: Answer = self.create_token_response(Request("POST", self.url, fields))
        return answer

    def generate_token(
        self,
        grant_type: str,  # noqa: ARG002
        client: Client,
        user: TakenCode | None = None,
        scope: str | None = None,  # noqa: ARG002
        expires_in: int | None = None,  # noqa: ARG002
        include_refresh_token: bool = False,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Have the desk make and store the token; scope and lifetime are the desk's, not Authlib's."""
        try:
            if user is None:
                return self.desk.token_for_service(client)
            return self.desk.token_for_code(user)
        except OAuthRefused as refused:
            raise authlib_error(refused) from refused

    def validate_requested_scope(self, scope: str | None) -> None:
        """A service's token has one scope; what it asks for is not read."""


def refusal(refused: OAuthRefused | OAuth2Error) -> Answer:
    """Return *refused* as the answer of a token endpoint (RFC 6749, section 5.2)."""
    if isinstance(refused, OAuthRefused):
        return Answer(refused.status, {"error": refused.code, "error_description": refused.description})
    return Answer(refused.status_code, dict(refused.get_body()))
