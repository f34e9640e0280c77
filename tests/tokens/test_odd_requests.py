"""Whatever is sent, an OAuth endpoint answers in its own format and never fails."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlencode

from tests.tokens.company import Company, basic

ODD = (
    "", " ", "a", "\x00", "\ud7ff", "ü", '"', "\\", "\r\nX: y", "%", "%00", "a" * 20_000, "[]", "{}", "null",
    "-1", "https://localhost:8080", "data:customer-logs", "authorization_code", "client_credentials", "code",
    "read", "portal", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\U0001f6aa", "data:", "//", "S256", "plain",
)  # fmt: skip
NAMES = (
    "response_type", "client_id", "redirect_uri", "scope", "resource", "state", "code_challenge",
    "code_challenge_method", "grant_type", "code", "code_verifier", "client_secret", "client_assertion",
    "client_assertion_type", "token", "token_type_hint", "request", "request_uri", "csrf_token", "x",
)  # fmt: skip


def test_random_parameters_never_make_an_endpoint_fail(company: Company) -> None:
    """Seeded: the same requests each time. Half of them carry good client credentials."""
    company.open()
    company.authorize()
    draw = random.Random(7)
    good = company.ask()
    statuses: dict[tuple[str, int], Any] = {}

    for _ in range(400):
        pairs = [*(good.items() if draw.random() < 0.5 else ())]
        pairs += [(draw.choice(NAMES), draw.choice(ODD)) for _ in range(draw.randrange(5))]
        draw.shuffle(pairs)
        path = draw.choice(["/oauth/authorize", "/oauth/token", "/oauth/introspect", "/oauth/revoke"])
        if path == "/oauth/authorize":
            response = company.http.get(path, query_string=urlencode(pairs))
        else:
            proven = draw.random() < 0.5
            headers = {"Authorization": basic("portal", company.portal_secret)} if proven else {}
            response = company.http.post(
                path, data=urlencode(pairs), headers=headers, content_type="application/x-www-form-urlencoded"
            )
            assert response.is_json, (path, pairs)
            if response.status_code >= 400:
                assert "error" in (response.get_json() or {}), (path, pairs)
        statuses.setdefault((path, response.status_code), pairs)

    failed = {key: pairs for key, pairs in statuses.items() if key[1] >= 500}
    assert failed == {}
    assert {status for path, status in statuses if path == "/oauth/authorize"} >= {303, 400}
