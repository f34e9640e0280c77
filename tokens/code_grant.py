"""The authorization code grant, as strict as RFC 9700 and RFC 8707 ask.

Differs from Authlib's: a code is taken (used up) before anything about it is
looked at; the redirect address, one resource and at least one action are
required; PKCE holds for every client (``tokens.pkce``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from domain.access import resource_id
from domain.errors import Invalid
from tokens.refused import InvalidTarget


@dataclass(frozen=True, slots=True)
class TakenCode:
    """What is compared of a code that was just used up. *row* is the desk's own."""

    redirect_uri: str
    code_challenge: str
    scope: str
    row: Any

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """One request at the authorization endpoint, or one exchange at the token endpoint."""

    def validate_requested_scope(self) -> None:
        """Require exactly one well-formed resource and well-formed actions."""
        try:
            resource_id(self.request.payload.data.get("resource", ""))
        except Invalid as error:
            raise InvalidTarget("resource must name one resource of this broker") from error
        if self.request.client.get_allowed_scope(self.request.payload.scope) is None:
            raise InvalidScopeError("scope must name one or more actions, each once")

    def generate_authorization_code(self) -> str:
        return str(self.server.desk.new_code())

    def save_authorization_code(self, code: str, request: Any) -> None:
        self.server.desk.keep_code(code, request.fields)

    def query_authorization_code(self, code: str, client: Any) -> TakenCode | None:
        """Use the code up. None: it is unknown, was used, is over, or another client's.

        INVARIANT: this comes before the redirect address and the verifier are
        compared, so that a wrong guess burns the code.
        """
        taken: TakenCode | None = self.server.desk.take_code(code, client)
        return taken

    def authenticate_user(self, authorization_code: TakenCode) -> TakenCode:
        """The person stands behind the code; whether they still may is asked when the token is made."""
        return authorization_code

    def delete_authorization_code(self, authorization_code: TakenCode) -> None:
        """Nothing to do: the code was used up first, and stays as a tombstone."""
