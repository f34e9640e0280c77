"""Introspection and revocation: the live state answers, and only to whom it concerns."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from crypto.jws import Signer
from crypto.secrets import base64url
from flows.end_access import end_everything, end_grant, end_session
from flows.people import end_engagement
from flows.services import disable_service
from models.people import engagements
from tests.tokens.company import REMOTE, RESOURCE, Company, basic, said, segments

INACTIVE = {"active": False}


def claims_of(token: str) -> dict[str, Any]:
    payload = segments(token)[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def test_a_live_token_is_active_for_the_service_it_is_for(company: Company) -> None:
    company.open("read", "export")
    token = company.token(scope="read export")

    answer = company.introspect(token)

    assert answer["active"] is True
    assert answer["sub"] == company.imani.id
    assert answer["scope"] == "read export"
    assert answer["resource"] == RESOURCE
    assert answer["exp"] == claims_of(token)["exp"]
    assert [row.effect for row in company.log("introspection")] == ["permit", "permit"]


def test_a_token_is_inactive_for_everybody_else(company: Company) -> None:
    company.open()
    token = company.token()

    answer = company.post("/oauth/introspect", {"token": token}, "portal", company.portal_secret)

    assert said(answer) == INACTIVE


def test_a_public_client_cannot_introspect(company: Company) -> None:
    company.add_service("cli")

    answer = company.post("/oauth/introspect", {"token": "x", "client_id": "cli"})

    assert (answer.status_code, said(answer)["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "how", ["everything", "session", "grant", "person", "engagement", "client", "posture", "time", "revoked"]
)
def test_a_token_is_inactive_at_once_when_what_it_hangs_on_ends(company: Company, how: str) -> None:
    opening = company.open()
    token = company.token()
    parts, viewer = company.world.parts, company.viewer
    assert company.introspect(token)["active"] is True

    if how == "everything":
        end_everything(parts, viewer)
    elif how == "session":
        end_session(parts, viewer, viewer.session_id, cause="test")
    elif how == "grant":
        end_grant(parts, viewer, str(opening.grant_id))
    elif how == "person":
        company.suspend()
    elif how == "posture":
        company.laptop.report(viewer, REMOTE)
    elif how == "time":
        company.world.clock.advance(minutes=3)
    elif how == "revoked":
        company.post("/oauth/revoke", {"token": token}, "portal", company.portal_secret)
    else:
        with parts.db.write() as session:
            if how == "client":
                events = disable_service(session, company.portal.service_id, by="host")
            else:
                engagement = engagements(session, company.imani.id)[0]
                events = end_engagement(session, parts, engagement.id, by="host")
            parts.commit(session, *events)

    assert company.introspect(token) == INACTIVE


def test_an_action_that_the_rules_deny_now_leaves_the_scope(company: Company) -> None:
    company.world.clock.advance(minutes=9)
    company.laptop.report(company.viewer)
    company.open("read", "export")
    token = company.token(scope="read export")
    company.world.clock.advance(seconds=61)

    answer = company.introspect(token)

    assert answer["scope"] == "read"


def test_forged_and_confused_tokens_are_inactive(company: Company) -> None:
    """Every variant differs from a live token in one thing."""
    company.open()
    live = company.token()
    header, payload, signature = segments(live)
    parts = company.world.parts
    own, other = parts.token_signer, Signer.generate(parts.token_signer.kid)
    claims = claims_of(live)

    def with_header(**changes: Any) -> str:
        fields = {"alg": "ES256", "kid": own.kid, "typ": "at+jwt", **changes}
        return base64url(json.dumps({k: v for k, v in fields.items() if v is not None}).encode())

    hs256 = with_header(alg="HS256")
    key = json.dumps(own.public_jwk()).encode()
    mac = base64url(hmac.new(key, f"{hs256}.{payload}".encode(), hashlib.sha256).digest())
    raw = base64.urlsafe_b64decode(signature + "==")
    variants = {
        "alg none": f"{with_header(alg='none')}.{payload}.",
        "alg NONE": f"{with_header(alg='NonE')}.{payload}.{signature}",
        "hmac with the public key": f"{hs256}.{payload}.{mac}",
        "another key of the same id": other.sign(claims, typ="at+jwt"),
        "another key, carried along": f"{with_header(jwk=other.public_jwk())}.{payload}.{signature}",
        "no kid": f"{with_header(kid=None)}.{payload}.{signature}",
        "critical header": f"{with_header(crit=['x'], x=1)}.{payload}.{signature}",
        "of another type": own.sign(claims, typ="JWT"),
        "another issuer": own.sign({**claims, "iss": "https://evil.example"}, typ="at+jwt"),
        "another audience": own.sign({**claims, "aud": "https://portal.example.org"}, typ="at+jwt"),
        "two audiences": own.sign({**claims, "aud": [claims["aud"]]}, typ="at+jwt"),
        "unknown jti": own.sign({**claims, "jti": "tok_0"}, typ="at+jwt"),
        "jti of another type": own.sign({**claims, "jti": 7}, typ="at+jwt"),
        "no end": own.sign({k: v for k, v in claims.items() if k != "exp"}, typ="at+jwt"),
        "an end as text": own.sign({**claims, "exp": "9999999999"}, typ="at+jwt"),
        "not begun": own.sign({**claims, "iat": claims["exp"]}, typ="at+jwt"),
        "bound to a key": own.sign({**claims, "cnf": {"jkt": "x"}}, typ="at+jwt"),
        "padded signature": f"{live}==",
        "padded payload": f"{header}.{payload}=.{signature}",
        "standard alphabet": f"{header}.{payload}.{base64.b64encode(raw).decode()}",
        "changed trailing bits": live[:-1] + ("B" if live[-1] != "B" else "C"),
        "line break": f"{header}.{payload}.\n{signature}",
        "blank": f" {live}",
        "no signature": f"{header}.{payload}.",
        "two segments": f"{header}.{payload}",
        "five segments": f"{live}.x.y",
        "an opaque word": "dwp_x",
        "deep nesting": f"{base64url(b'[' * 6000)}.{payload}.{signature}",
        "too long": live + "A" * 9000,
    }

    answers = {name: company.post_introspection(token) for name, token in variants.items()}

    assert company.introspect(live)["active"] is True
    # A line break is refused before the token is read: parameters are printable ASCII.
    assert answers.pop("line break")[0] == 400
    assert {name: answer for name, answer in answers.items() if answer != (200, INACTIVE)} == {}
    assert company.log("introspection")[0].effect == "permit"
    assert len(company.log("introspection")) == 1


def test_only_the_registered_way_of_authentication_counts_at_every_endpoint(company: Company) -> None:
    signer = Signer.generate("x")
    jwk = {k: signer.public_jwk()[k] for k in ("kty", "crv", "x", "y")}
    company.add_service("keyed", auth_method="private_key_jwt", jwk=jwk)

    for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
        by_secret = company.post(path, {"token": "x"}, "keyed", company.logs_secret)
        by_name = company.post(path, {"token": "x", "client_id": "keyed"})
        secret_by_name = company.post(path, {"token": "x", "client_id": "logs"})
        assert [r.status_code for r in (by_secret, by_name, secret_by_name)] == [401, 401, 401], path


def test_a_request_without_a_token_is_invalid(company: Company) -> None:
    for path in ("/oauth/introspect", "/oauth/revoke"):
        answer = company.post(path, {}, "logs", company.logs_secret)

        assert (answer.status_code, said(answer)["error"]) == (400, "invalid_request")


def test_a_client_ends_its_own_token_and_it_is_recorded_once(company: Company) -> None:
    company.open()
    token = company.token()

    answers = [
        company.post(
            "/oauth/revoke", {"token": token, "token_type_hint": "x"}, "portal", company.portal_secret
        )
        for _ in range(2)
    ]

    assert [a.status_code for a in answers] == [200, 200]
    assert company.introspect(token) == INACTIVE
    assert company.kinds().count("token.revoked") == 1


def test_nobody_else_can_end_a_token_and_nobody_learns_whether_it_exists(company: Company) -> None:
    company.open()
    token = company.token()

    by_other = company.post("/oauth/revoke", {"token": token}, "logs", company.logs_secret)
    unknown = company.post("/oauth/revoke", {"token": "a.b.c"}, "logs", company.logs_secret)

    assert (by_other.status_code, by_other.data) == (unknown.status_code, unknown.data)
    assert by_other.status_code == 200
    assert company.introspect(token)["active"] is True


def test_a_token_that_is_over_can_still_be_ended(company: Company) -> None:
    company.open()
    token = company.token()
    company.world.clock.advance(minutes=4)

    answer = company.post("/oauth/revoke", {"token": token}, "portal", company.portal_secret)

    assert answer.status_code == 200
    assert company.kinds()[-1] == "token.revoked"


def test_the_header_of_an_endpoint_is_never_cached(company: Company) -> None:
    headers = {"Authorization": basic("logs", company.logs_secret)}

    answer = company.http.post("/oauth/introspect", data={"token": "x"}, headers=headers)

    assert answer.headers["Cache-Control"] == "no-store"
