"""Is this authorization request in order, and where does the answer go?

A request whose client or redirect address is not known is shown to the person
and never redirected. Everything else goes back to the client, with the issuer
in the answer so that it cannot be mixed up with another server's.
Source: RFC 6749, section 4.1; RFC 9207 (`iss`); RFC 9700.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import OAuth2Error

from tokens.client import Client
from tokens.code_grant import CodeGrant
from tokens.endpoint import Answer, Endpoint
from tokens.pkce import StrictPkce
from tokens.refused import OAuthRefused, Untrusted
from tokens.request import Request


class AuthorizationDesk(Protocol):
    """What a flow does for the authorization endpoint."""

    def new_code(self) -> str: ...
    def keep_code(self, code: str, fields: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request in order: *client* asks for *actions* on *resource*."""

    client: Client
    fields: Mapping[str, str]

    @property
    def redirect_uri(self) -> str:
        return self.fields["redirect_uri"]

    @property
    def resource(self) -> str:
        return self.fields["resource"]

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(self.fields["scope"].split(" "))


class RefusedToClient(Exception):
    """The request is refused, and the client is told at *location*."""

    def __init__(self, location: str, code: str) -> None:
        super().__init__(code)
        self.location = location
        self.code = code


class AuthorizationEndpoint(Endpoint):
    """The authorization endpoint for one known client."""

    def __init__(self, client: Client, *, issuer: str, desk: AuthorizationDesk | None = None) -> None:
        super().__init__(client)
        self.issuer = issuer
        self.desk = desk
        self.register_grant(CodeGrant, [StrictPkce(required=True)])

    def check(self, fields: Mapping[str, str]) -> Asked:
        """Return the request, or raise Untrusted (show it) or RefusedToClient (redirect)."""
        client, address = trusted(self.proven, fields)
        request = Request("GET", self.issuer, fields)
        if fields.get("response_type") != "code":
            code = "unsupported_response_type" if "response_type" in fields else "invalid_request"
            raise self.refusal(fields, OAuthRefused(code, "response_type must be code"))
        try:
            self.get_consent_grant(request)
        except OAuth2Error as error:
            refused = OAuthRefused(error.error, error.get_error_description() or error.error)
            raise self.refusal({**fields, "redirect_uri": address}, refused) from error
        return Asked(client, dict(fields))

    def issue(self, asked: Asked) -> str:
        """Make and keep a code for *asked*; return where to send the browser."""
        request = Request("GET", self.issuer, asked.fields)
        grant = self.get_consent_grant(request)
        answer: Answer = self.create_authorization_response(request, grant_user=asked, grant=grant)
        if answer.location is None or "code=" not in answer.location:
            raise AssertionError("a checked request gave no code")
        return f"{answer.location}&{urlencode({'iss': self.issuer})}"

    def refusal(self, fields: Mapping[str, str], refused: OAuthRefused) -> RefusedToClient:
        """Return the refusal that tells the client, at its checked redirect address."""
        told = {"error": refused.code, "error_description": refused.description}
        told |= {"state": fields["state"]} if "state" in fields else {}
        address = fields["redirect_uri"]
        joint = "&" if "?" in address else "?"
        query = urlencode({**told, "iss": self.issuer})
        return RefusedToClient(f"{address}{joint}{query}", refused.code)


def trusted(client: Client | None, fields: Mapping[str, str]) -> tuple[Client, str]:
    """Return the client and its redirect address, or raise Untrusted."""
    if client is None:
        raise Untrusted("this application is not registered here")
    address = fields.get("redirect_uri", "")
    if not client.check_redirect_uri(address):
        raise Untrusted("the application named an address that is not registered for it")
    return client, address
