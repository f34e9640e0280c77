"""What Authlib lets through as it comes, and what Doorward refuses.

Each test asserts first that the hole exists in the installed Authlib, then
that Doorward closes it: the first half failing means that a wrapping may have
become unnecessary, the second that Doorward is open. ``docs/tokens.md`` lists
them.
"""

from __future__ import annotations

from typing import Any

import pytest
from authlib.integrations.sqla_oauth2 import OAuth2ClientMixin, OAuth2TokenMixin
from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator, JWTIntrospectionEndpoint
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from crypto.jws import verify
from models.catalog import secrets_of
from tests.tokens.bare import BareCode, BareRequest, BareServer, redemption
from tests.tokens.company import AUDIENCE, VERIFIER, Company, query, said
from tests.world import NOON
from tokens.access_token import Claims
from tokens.pkce import StrictPkce, s256

ISSUER = "https://as.example"


def bare_jwt(key: ECKey, **more: Any) -> str:
    now = 1_700_000_000
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "p", "client_id": "app", "jti": "1", "scope": "read",
        "iat": now, "exp": now + 1_000_000_000, **more,
    }  # fmt: skip
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k"}, claims, key)


class BareValidator(JWTBearerTokenValidator):  # type: ignore[misc]
    def __init__(self, key: ECKey) -> None:
        super().__init__(issuer=ISSUER, resource_server=AUDIENCE)
        self.key = key

    def get_jwks(self) -> KeySet:
        return KeySet([self.key])


def test_two_redemptions_that_overlap_give_two_tokens_there_and_one_here(company: Company) -> None:
    """Authlib looks the code up, makes the token, then deletes the code: between is room for another."""
    server = BareServer()
    server.codes["c"] = BareCode()
    grants = [server.get_token_grant(redemption("c")) for _ in range(2)]
    for grant in grants:
        grant.validate_token_request()
    for grant in grants:
        grant.create_token_response()
    assert len(server.tokens) == 2

    company.open()
    code = company.code()
    answers = [company.redeem(code) for _ in range(2)]

    assert [a.status_code for a in answers] == [200, 400]


def test_a_key_bound_token_passes_as_a_plain_bearer_token_there_and_not_here(company: Company) -> None:
    key = ECKey.generate_key("P-256", {"kid": "k"}, private=True)
    validator = BareValidator(key)
    token = validator.authenticate_token(bare_jwt(key, cnf={"jkt": "thumbprint"}))
    validator.validate_token(token, ["read"], None)
    assert token["cnf"] == {"jkt": "thumbprint"}

    company.open()
    plain = company.token()
    claims = verify(plain, company.world.parts.token_keys[0], typ="at+jwt")
    bound = company.world.parts.token_signer.sign({**claims, "cnf": {"jkt": "thumbprint"}}, typ="at+jwt")

    assert company.introspect(plain)["active"] is True
    assert company.introspect(bound) == {"active": False}


def test_a_confidential_client_needs_no_proof_key_there_and_one_here(company: Company) -> None:
    server = BareServer()
    server.codes["c"] = BareCode()
    status, _ = server.create_token_response(redemption("c"))
    assert status == 200

    company.open()
    told = query(company.authorize(code_challenge=None, code_challenge_method=None))
    code = company.code()
    without = company.redeem(code, code_verifier=None)

    assert told["error"] == "invalid_request"
    assert said(without)["error"] == "invalid_request"


def test_the_plain_proof_key_is_the_default_there_and_unknown_here(company: Company) -> None:
    assert CodeChallenge.DEFAULT_CODE_CHALLENGE_METHOD == "plain"
    server = BareServer()
    server.codes["c"] = BareCode()
    server.codes["c"].code_challenge = VERIFIER
    status, _ = server.create_token_response(redemption("c", code_verifier=VERIFIER))
    assert status == 200

    company.open()
    told = query(company.authorize(code_challenge=VERIFIER, code_challenge_method="plain"))

    assert told["error"] == "invalid_request"
    assert StrictPkce.SUPPORTED_CODE_CHALLENGE_METHOD == ("S256",)
    assert s256(VERIFIER) != VERIFIER


def test_tokens_live_ten_days_by_default_there_and_minutes_here(company: Company) -> None:
    server = BareServer()
    server.codes["c"] = BareCode()
    _, body = server.create_token_response(redemption("c"))
    assert body["expires_in"] == BearerTokenGenerator.GRANT_TYPES_EXPIRES_IN["authorization_code"] == 864_000

    company.open()
    response = company.redeem(company.code())

    assert 0 < said(response)["expires_in"] <= 300


def test_a_token_of_no_lifetime_never_expires_there_and_is_never_made_here() -> None:
    class Stored(OAuth2TokenMixin):  # type: ignore[misc]
        expires_in = 0
        issued_at = 0

    assert Stored().is_expired() is False

    claims = Claims(
        issuer=ISSUER, person="p", audience=AUDIENCE, client_id="app", jti="t", resource="data:x",
        actions=("read",), grant="g", issued_at=NOON, expires_at=NOON, authenticated_at=NOON, tier=2,
    )  # fmt: skip
    with pytest.raises(ValueError, match="must end after it begins"):
        claims.sign(signer=None)  # type: ignore[arg-type]


def test_a_revoked_token_introspects_as_active_there_and_not_here(company: Company) -> None:
    """Authlib's endpoint for JWTs reads the token only; there is no place for what happened since."""
    key = ECKey.generate_key("P-256", {"kid": "k"}, private=True)

    class Bare(JWTIntrospectionEndpoint):  # type: ignore[misc]
        def get_jwks(self) -> KeySet:
            return KeySet([key])

        def check_permission(self, token: Any, client: Any, request: Any) -> bool:
            return True

    endpoint = Bare(issuer=ISSUER, server=AuthorizationServer())
    request = BareRequest({"token": bare_jwt(key)})
    found = endpoint.authenticate_token(request, None)
    assert endpoint.create_introspection_payload(found)["active"] is True

    company.open()
    token = company.token()
    company.post("/oauth/revoke", {"token": token}, "portal", company.portal_secret)

    assert company.introspect(token) == {"active": False}


def test_any_way_of_authentication_serves_at_introspection_there_and_the_registered_one_here(
    company: Company,
) -> None:
    bare = OAuth2ClientMixin()
    bare.set_client_metadata({"token_endpoint_auth_method": "private_key_jwt"})
    assert bare.check_endpoint_auth_method("none", "introspection") is True
    assert bare.check_endpoint_auth_method("none", "token") is False

    for path in ("/oauth/introspect", "/oauth/revoke"):
        by_name = company.post(path, {"token": "x", "client_id": "logs"})

        assert by_name.status_code == 401, path


def test_secrets_are_kept_in_clear_there_and_as_digests_here(company: Company) -> None:
    bare = OAuth2ClientMixin()
    bare.client_secret = "in clear"
    assert bare.check_client_secret("in clear") is True

    with company.world.parts.db.read() as session:
        rows = [vars(row) for row in secrets_of(session, company.portal.service_id)]

    assert len(rows) == 1
    assert company.portal_secret not in str(rows)


def test_odd_text_in_a_request_raises_there_and_is_refused_here(company: Company) -> None:
    """Authlib puts presented text into its error descriptions and raises where that is not allowed."""
    request = BareRequest(
        {"client_id": "app", "response_type": 'code"', "redirect_uri": "https://app.example/cb"}
    )
    with pytest.raises(ValueError, match="forbidden characters"):
        BareServer().get_consent_grant(request)

    company.open()
    told = query(company.authorize(response_type='code"'))
    page = company.authorize(redirect_uri='https://app.example/"')

    assert told["error"] == "unsupported_response_type"
    assert page.status_code == 400
