"""A service proves itself with a key of its own: one assertion, once, and every claim right."""

from __future__ import annotations

from typing import Any

from crypto.jws import Signer
from flows.services import disable_service
from tests.tokens.company import Company, public, said

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def error(response: Any) -> str:
    return str(said(response)["error"])


class KeyedService:
    """A service that proves itself with a key of its own."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.signer = Signer.generate("own")
        self.row = company.add_service(
            "keyed",
            auth_method="private_key_jwt",
            jwk=public(self.signer),
            prefixes=["data:"],
            actions=["read"],
        )

    def assertion(self, typ: str = "JWT", **changes: Any) -> str:
        now = int(self.company.world.clock.now().timestamp())
        claims = {
            "iss": "keyed",
            "sub": "keyed",
            "aud": self.company.world.origin,
            "iat": now,
            "exp": now + 60,
            "jti": "jti-0000-1",
            **changes,
        }
        return self.signer.sign({k: v for k, v in claims.items() if v is not None}, typ=typ)

    def token(self, assertion: str) -> Any:
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
        }
        return self.company.post("/oauth/token", fields)


def test_a_service_gets_a_short_token_of_its_own_by_its_key(company: Company) -> None:
    keyed = KeyedService(company)

    response = keyed.token(keyed.assertion())

    assert response.status_code == 200
    assert said(response)["scope"] == "pdp"
    assert said(response)["expires_in"] == 300
    headers = {"Authorization": "Bearer " + said(response)["access_token"]}
    body = {
        "subject": {"type": "person", "id": company.imani.id},
        "action": {"name": "read"},
        "resource": {"type": "data", "id": "customer-logs"},
    }
    asked = company.http.post("/access/v1/evaluation", json=body, headers=headers)
    assert asked.status_code == 200
    with company.world.parts.db.write() as session:
        events = disable_service(session, keyed.row.id, by="host")
        company.world.parts.commit(session, *events)
    assert company.http.post("/access/v1/evaluation", json=body, headers=headers).status_code == 401


def test_an_assertion_counts_once(company: Company) -> None:
    keyed = KeyedService(company)
    assertion = keyed.assertion()

    first, second = keyed.token(assertion), keyed.token(assertion)
    head, body, signature = assertion.split(".")
    padded = keyed.token(f"{head}.{body}.{signature}==")

    assert first.status_code == 200
    assert (second.status_code, error(second)) == (401, "invalid_client")
    assert padded.status_code == 401


def test_an_assertion_counts_once_among_two_parallel_windows_of_time(company: Company) -> None:
    keyed = KeyedService(company)
    assertion = keyed.assertion(exp=int(company.world.clock.now().timestamp()) + 300)

    first = keyed.token(assertion)
    company.world.clock.advance(seconds=290)

    assert first.status_code == 200
    assert keyed.token(assertion).status_code == 401


WRONG_CLAIMS: list[dict[str, Any]] = [
    {"aud": "https://other.example"},
    {"aud": None},
    {"aud": ["http://localhost:8080", "https://other.example"]},
    {"sub": "portal"},
    {"iss": "portal"},
    {"exp": 1},
    {"exp": None},
    {"exp": "soon"},
    {"exp": True},
    {"exp": 1 << 40},
    {"jti": None},
    {"jti": "short"},
    {"jti": 7},
    {"nbf": 1 << 32},
    {"iat": 1 << 32},
    {"typ": "at+jwt"},
]


def test_an_assertion_with_one_wrong_claim_is_refused(company: Company) -> None:
    keyed = KeyedService(company)

    answers = [(changes, keyed.token(keyed.assertion(**changes))) for changes in WRONG_CLAIMS]

    for changes, response in answers:
        assert (response.status_code, error(response)) == (401, "invalid_client"), changes
    assert keyed.token(keyed.assertion()).status_code == 200


def test_an_assertion_that_lives_too_long_is_refused(company: Company) -> None:
    keyed = KeyedService(company)
    now = int(company.world.clock.now().timestamp())

    assert keyed.token(keyed.assertion(exp=now + 331)).status_code == 401
    assert keyed.token(keyed.assertion(exp=now + 300)).status_code == 200


def test_the_token_endpoints_address_is_an_audience_too(company: Company) -> None:
    keyed = KeyedService(company)

    assert keyed.token(keyed.assertion(aud=company.world.origin + "/oauth/token")).status_code == 200


def test_an_assertion_by_another_key_is_refused(company: Company) -> None:
    keyed = KeyedService(company)
    keyed.signer = Signer.generate("own")

    assert keyed.token(keyed.assertion()).status_code == 401
