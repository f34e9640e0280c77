"""Authlib as it comes, put together as its documentation shows: what the wrapping is measured against.

The holes asserted with it are facts about the installed version; when one
closes upstream its test says so.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge


class BareRequest(OAuth2Request):  # type: ignore[misc]
    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("POST", "https://as.example/token")
        self.payload = BasicOAuth2Payload(fields)

    @property
    def form(self) -> Any:
        return self.payload.data


class BareClient:
    """A confidential client with a secret in clear, as the mixin keeps it."""

    client_id = "app"

    def get_client_id(self) -> str:
        return self.client_id

    def check_client_secret(self, secret: str) -> bool:
        return secret == "secret"

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return True

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"

    def check_response_type(self, response_type: str) -> bool:
        return True

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == "https://app.example/cb"

    def get_allowed_scope(self, scope: str) -> str:
        return scope or ""


class BareCode:
    """A stored code. No challenge came with the authorization request."""

    code_challenge: str | None = None
    code_challenge_method: str | None = None

    def get_redirect_uri(self) -> str:
        return "https://app.example/cb"

    def get_scope(self) -> str:
        return "read"


class BareGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_post",)

    def query_authorization_code(self, code: str, client: Any) -> Any:
        return self.server.codes.get(code)

    def delete_authorization_code(self, authorization_code: Any) -> None:
        self.server.codes = {k: v for k, v in self.server.codes.items() if v is not authorization_code}

    def authenticate_user(self, authorization_code: Any) -> str:
        return "person"


class BareServer(AuthorizationServer):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, BareCode] = {}
        self.tokens: list[dict[str, Any]] = []
        self.register_grant(BareGrant, [CodeChallenge(required=True)])
        self.register_token_generator("default", BearerTokenGenerator(lambda **_: "opaque"))

    def query_client(self, client_id: str) -> BareClient | None:
        return BareClient() if client_id == "app" else None

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        self.tokens.append(token)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        return

    def create_oauth2_request(self, request: Any) -> Any:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any]:
        return status, body


def redemption(code: str, **more: str) -> BareRequest:
    return BareRequest(
        {
            "grant_type": "authorization_code",
            "client_id": "app",
            "client_secret": "secret",
            "code": code,
            "redirect_uri": "https://app.example/cb",
            **more,
        }
    )
