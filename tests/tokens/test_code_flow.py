"""A person opens a resource, a service gets a token for it: over HTTP, end to end."""

from __future__ import annotations

from crypto.jws import unverified_header, verify
from tests.tokens.company import AUDIENCE, RESOURCE, Company, query, said


def test_what_is_open_gives_a_code_and_the_code_a_token(company: Company) -> None:
    opening = company.open()

    told = query(company.authorize())
    response = company.redeem(told["code"])

    assert told["state"] == "st-1"
    assert told["iss"] == company.world.origin
    assert response.status_code == 200
    answer = said(response)
    assert answer["token_type"] == "Bearer"
    assert answer["scope"] == "read"
    assert response.headers["Cache-Control"] == "no-store"
    assert "refresh_token" not in answer
    claims = verify(answer["access_token"], company.world.parts.token_keys[0], typ="at+jwt")
    assert claims["iss"] == company.world.origin
    assert claims["aud"] == AUDIENCE
    assert claims["sub"] == company.imani.id
    assert claims["client_id"] == "portal"
    assert claims["scope"] == "read"
    assert claims["resource"] == RESOURCE
    assert claims["grant_id"] == opening.grant_id
    assert claims["exp"] - claims["iat"] == answer["expires_in"]
    header = unverified_header(answer["access_token"])
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": company.world.parts.token_signer.kid}
