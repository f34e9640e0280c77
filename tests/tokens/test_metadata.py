"""The documents about ourselves: true, complete, and nothing that is not served."""

from __future__ import annotations

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from crypto.jws import verify
from tests.tokens.company import Company, said
from tokens.metadata import metadata


def test_the_metadata_is_valid_and_every_address_in_it_is_served(company: Company) -> None:
    document = said(company.http.get("/.well-known/oauth-authorization-server"))

    AuthorizationServerMetadata(document | {"issuer": "https://id.example"}).validate_issuer()
    assert document["issuer"] == company.world.origin
    for name, url in document.items():
        if name.endswith(("_endpoint", "_uri")):
            path = str(url).removeprefix(company.world.origin)
            assert company.http.get(path).status_code != 404, name


def test_the_metadata_of_an_https_deployment_validates_whole() -> None:
    AuthorizationServerMetadata(metadata("https://id.example")).validate()


def test_no_weak_option_is_announced() -> None:
    document = metadata("https://id.example")

    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    assert "registration_endpoint" not in document


def test_the_published_keys_verify_tokens_and_hold_no_private_part(company: Company) -> None:
    company.open()
    token = company.token()

    keys = said(company.http.get("/oauth/jwks.json"))["keys"]

    assert verify(token, keys[0], typ="at+jwt")["sub"] == company.imani.id
    assert all("d" not in key for key in keys)
    assert [key["alg"] for key in keys] == ["ES256"]
