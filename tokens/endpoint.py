"""What Authlib's server asks its surroundings, answered without a framework.

Answers nothing by itself: the endpoints of this room extend it. The client has
been authenticated before (``tokens.credentials`` reads what it presented, a
flow proves it), so that one strict place decides who is there, for every
endpoint alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError

from tokens.client import Client
from tokens.request import Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back. *body* is a JSON object, or empty when *location* redirects."""

    status: int
    body: dict[str, Any]
    location: str | None = None


class Endpoint(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server with one proven client, or none at the authorization endpoint."""

    def __init__(self, client: Client | None = None) -> None:
        super().__init__()
        self.proven = client

    def query_client(self, client_id: str) -> Client | None:
        known = self.proven
        return known if known is not None and known.client_id == client_id else None

    def authenticate_client(
        self,
        request: Request,
        methods: Sequence[str],  # noqa: ARG002
        endpoint: str = "token",  # noqa: ARG002
    ) -> Client:
        """Return the client that was proven before this request was looked at."""
        if self.proven is None:
            raise InvalidClientError("the client is not authenticated")
        request.auth_method = self.proven.method
        return self.proven

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens: what happens is recorded in the flow's own transaction."""

    def save_token(self, token: Mapping[str, Any], request: Request) -> None:
        """Nothing is left to save: a token is stored before it is handed to Authlib."""

    def handle_response(self, status: int, body: Any, headers: Sequence[tuple[str, str]]) -> Answer:
        location = next((value for name, value in headers if name == "Location"), None)
        return Answer(status, body if isinstance(body, dict) else {}, location)
