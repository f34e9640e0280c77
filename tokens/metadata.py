"""What this authorization server can do: exactly what is served, nothing more.

Source: RFC 8414; RFC 9207, section 3; RFC 8707.
"""

from __future__ import annotations

from typing import Any

from tokens.client import CODE, SERVICE
from tokens.pkce import METHOD

AUTHORIZE, TOKEN = "/oauth/authorize", "/oauth/token"
INTROSPECT, REVOKE = "/oauth/introspect", "/oauth/revoke"
JWKS = "/oauth/jwks.json"
WELL_KNOWN = "/.well-known/oauth-authorization-server"
_PROVEN = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


def metadata(issuer: str) -> dict[str, Any]:
    """Return the metadata document of the server at *issuer*."""
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE,
        "token_endpoint": issuer + TOKEN,
        "jwks_uri": issuer + JWKS,
        "introspection_endpoint": issuer + INTROSPECT,
        "revocation_endpoint": issuer + REVOKE,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [CODE, SERVICE],
        "code_challenge_methods_supported": [METHOD],
        "authorization_response_iss_parameter_supported": True,
    }
    for endpoint, methods in (
        ("token", [*_PROVEN, "none"]),
        ("introspection", _PROVEN),
        ("revocation", [*_PROVEN, "none"]),
    ):
        document[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = ["ES256"]
    return document
