"""A registered client as Authlib asks for it: made of values, knows no table.

Source: RFC 6749, section 2; RFC 9700, section 2.1 (exact redirect addresses).
"""

from __future__ import annotations

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin

from domain.access import action_name
from domain.errors import Invalid

CODE = "authorization_code"
SERVICE = "client_credentials"


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):  # type: ignore[misc]
    """One client: its public id, the row it stands for, and what it may use.

    *method* is the one registered way in which it authenticates:
    `client_secret`, `private_key_jwt` or `none`. *epoch* is the service's when
    it was proven: nothing is issued to it under another.
    """

    client_id: str
    service_id: str
    method: str
    redirect_uris: tuple[str, ...]
    epoch: int

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """There is no default: the address must be named in every request."""
        return

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return *scope* if it is one or more action names, each once; None refuses."""
        names = (scope or "").split(" ")
        try:
            well_named = [action_name(name) for name in names]
        except Invalid:
            return None
        return scope if len(set(well_named)) == len(well_named) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare exactly, character by character; no port is ignored and no path is a prefix."""
        return redirect_uri in self.redirect_uris

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        """Only the registered method counts, at every endpoint."""
        return method == self.method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and bool(self.redirect_uris)

    def check_grant_type(self, grant_type: str) -> bool:
        """The code grant needs a redirect address, the service's own grant a key pair."""
        if grant_type == CODE:
            return bool(self.redirect_uris)
        return grant_type == SERVICE and self.method == "private_key_jwt"
